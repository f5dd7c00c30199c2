package web

import (
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// failures is a metric with a series for each source of targets: 1 if it has an error, else 0.
type failures struct {
	description *prometheus.Desc
	source      atomic.Pointer[func() map[string]error] // nil until it is known
}

// Describe implements prometheus.Collector.
func (c *failures) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- c.description }

// Collect implements prometheus.Collector.
func (c *failures) Collect(metrics chan<- prometheus.Metric) {
	source := c.source.Load()
	if source == nil {
		return
	}
	for name, err := range (*source)() {
		failed := 0.0
		if err != nil {
			failed = 1
		}
		if m, err := prometheus.NewConstMetric(c.description, prometheus.GaugeValue, failed, strings.ToValidUTF8(name, "\ufffd")); err == nil {
			metrics <- m
		}
	}
}
