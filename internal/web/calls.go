package web

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// calls are the metrics of devices that call home.
type calls struct {
	results, halfOpen *prometheus.Desc
	source            atomic.Pointer[func() session.CallStats] // nil: they are 0
}

func newCalls() *calls {
	return &calls{
		results: prometheus.NewDesc("netconf_exporter_call_home_calls_total",
			"Connections that devices opened (Call Home), by what became of them: taken; unknown, the key is that of no target; failed, no key in time, or no "+
				"SSH; limited, too many at a time; duplicate, the session is alive; not_taken, the target may not log in now, or not there; retry, the next "+
				"call is prepared for the right user name.", []string{"result"}, nil),
		halfOpen: prometheus.NewDesc("netconf_exporter_call_home_half_open",
			"Connections that devices opened (Call Home), and of which it is not known yet which device it is.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *calls) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- c.results
	descriptions <- c.halfOpen
}

// Collect implements prometheus.Collector.
func (c *calls) Collect(metrics chan<- prometheus.Metric) {
	var stats session.CallStats
	if source := c.source.Load(); source != nil {
		stats = (*source)()
	}
	for _, result := range session.CallResults() {
		metrics <- prometheus.MustNewConstMetric(c.results, prometheus.CounterValue, float64(stats.Results[result]), string(result))
	}
	metrics <- prometheus.MustNewConstMetric(c.halfOpen, prometheus.GaugeValue, float64(stats.Half))
}
