package web

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/collectors/version"
)

// Metrics are the exporter's metrics about itself: go_*, process_*, its build, the result of the last reload, and the number of
// refused scrapes.
type Metrics struct {
	prometheus.Gatherer
	successful, timestamp prometheus.Gauge
	refused               prometheus.Counter
}

// NewMetrics returns the metrics of an exporter that has loaded no configuration yet.
func NewMetrics() *Metrics {
	registry := prometheus.NewRegistry()
	m := &Metrics{
		Gatherer: registry,
		successful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "netconf_exporter_config_last_reload_successful",
			Help: "Whether the last attempt to load the configuration succeeded, at start or later.",
		}),
		timestamp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "netconf_exporter_config_last_reload_success_timestamp_seconds",
			Help: "Unix time of the last successful load of the configuration.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "netconf_exporter_scrapes_refused_total",
			Help: "Scrapes that were refused with status 503, because as many as --web.max-requests allows were in flight.",
		}),
	}
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		version.NewCollector("netconf_exporter"),
		m.successful, m.timestamp, m.refused,
	)
	return m
}

// Reloaded records an attempt to load the configuration, the one at start included.
func (m *Metrics) Reloaded(ok bool, at time.Time) {
	if !ok {
		m.successful.Set(0)
		return
	}
	m.successful.Set(1)
	m.timestamp.Set(float64(at.UnixMilli()) / 1000)
}

// Refused counts a scrape that was refused.
func (m *Metrics) Refused() { m.refused.Inc() }
