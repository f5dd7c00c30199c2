package web

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/collectors/version"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// Metrics are the exporter's metrics about itself: go_*, process_*, its build, the result of the last reload, the number of
// refused scrapes, the state of its logins, and the memory for all devices.
type Metrics struct {
	prometheus.Gatherer
	successful, timestamp prometheus.Gauge
	refused               prometheus.Counter
	logins                atomic.Pointer[func() account.Stats]
	memory                atomic.Pointer[func() collector.MemoryStats]
	calls                 *calls
	files, inventories    failures
}

// NewMetrics returns the metrics of an exporter that has loaded no configuration yet.
func NewMetrics() *Metrics {
	registry := prometheus.NewRegistry()
	m := &Metrics{
		Gatherer: registry,
		calls:    newCalls(),
		files: failures{description: prometheus.NewDesc("netconf_exporter_config_file_failed",
			"Whether one of target_files is bad: 1, and it has the targets that it had before; or 0.", []string{"file"}, nil)},
		inventories: failures{description: prometheus.NewDesc("netconf_exporter_http_sd_failed",
			"Whether an inventory of http_sd_configs gave no list the last time: 1, and its targets stay as they were; or 0.", []string{"url"}, nil)},
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
	login := func(name, state, help string, value func(account.Stats) int) prometheus.Collector {
		labels := prometheus.Labels{}
		if state != "" {
			labels["state"] = state
		}
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			if stats := m.logins.Load(); stats != nil {
				return float64(value((*stats)()))
			}
			return 0
		})
	}
	const loginsHelp = "Logins to devices: under_way until the device has answered, waiting for those of the same account."
	memory := func(value func(collector.MemoryStats) float64) func() float64 {
		return func() float64 {
			if stats := m.memory.Load(); stats != nil {
				return value((*stats)())
			}
			return 0
		}
	}
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "netconf_exporter_memory_limit_bytes",
			Help: "Memory that all devices together may take; 0: no limit.",
		}, memory(func(s collector.MemoryStats) float64 { return float64(s.Limit) })),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "netconf_exporter_memory_used_bytes",
			Help: "Memory that all devices together take: replies that are read, samples, and what is known of the devices.",
		}, memory(func(s collector.MemoryStats) float64 { return float64(s.Used) })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "netconf_exporter_memory_exceeded_total",
			Help: "How often the device that took most had to give up its read or its results, because the memory for all devices was used up.",
		}, memory(func(s collector.MemoryStats) float64 { return float64(s.Ended) })),
		login("netconf_exporter_logins", "under_way", loginsHelp, func(s account.Stats) int { return s.UnderWay }),
		login("netconf_exporter_logins", "waiting", loginsHelp, func(s account.Stats) int { return s.Waiting }),
		login("netconf_exporter_accounts_held", "", "User names that have had their two refused or unanswered logins of ten minutes, so that "+
			"only devices that know them are logged in to.", func(s account.Stats) int { return s.Held }),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		version.NewCollector("netconf_exporter"),
		m.successful, m.timestamp, m.refused, &m.files, &m.inventories, m.calls,
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

// Logins sets where the numbers of logins come from; without it they are 0.
func (m *Metrics) Logins(stats func() account.Stats) { m.logins.Store(&stats) }

// Memory sets where the sizes of memory come from; without it they are 0.
func (m *Metrics) Memory(stats func() collector.MemoryStats) { m.memory.Store(&stats) }

// Calls sets where the numbers of devices' calls come from; without it they are 0.
func (m *Metrics) Calls(stats func() session.CallStats) { m.calls.source.Store(&stats) }

// Files sets where the files of target_files come from, with what is wrong with each.
func (m *Metrics) Files(files func() map[string]error) { m.files.source.Store(&files) }

// Inventories sets where the inventories of http_sd_configs come from, by URL, with what is wrong with each.
func (m *Metrics) Inventories(inventories func() map[string]error) {
	m.inventories.source.Store(&inventories)
}

// Refused counts a scrape that was refused.
func (m *Metrics) Refused() { m.refused.Inc() }
