package collector

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Collector makes an Exporter a prometheus.Collector, for registries and for programs that embed it. It describes nothing
// beforehand (an unchecked collector): which series there are, devices and the configuration decide.
type Collector struct {
	exporter *Exporter
	budget   time.Duration
}

var _ prometheus.Collector = (*Collector)(nil)

// NewCollector returns a collector of all targets that waits for devices no longer than budget.
func NewCollector(e *Exporter, budget time.Duration) *Collector { return &Collector{e, budget} }

// Describe implements prometheus.Collector.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), c.budget)
	defer cancel()
	for _, family := range c.exporter.Gather(ctx) {
		for _, m := range family.Metric {
			metrics <- metric{family, m}
		}
	}
}

// metric is a metric that has been made already.
type metric struct {
	family *dto.MetricFamily
	*dto.Metric
}

// Desc implements prometheus.Metric.
func (m metric) Desc() *prometheus.Desc {
	names := make([]string, len(m.Label))
	for i, p := range m.Label {
		names[i] = p.GetName()
	}
	return prometheus.NewDesc(m.family.GetName(), m.family.GetHelp(), names, nil)
}

// Write implements prometheus.Metric.
func (m metric) Write(out *dto.Metric) error {
	out.Label, out.Gauge, out.Counter = m.Label, m.Gauge, m.Counter
	return nil
}
