//go:build linux

package e2e

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// samples are the metrics of one scrape.
type samples struct {
	t        testing.TB
	families map[string]*dto.MetricFamily
}

func parse(t testing.TB, text io.Reader) samples {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		t.Fatalf("the answer is not in the text format: %v", err)
	}
	return samples{t, families}
}

// values returns the values of a metric's series that have all of the labels, given as "name=value".
func (s samples) values(metric string, labels ...string) []float64 {
	var values []float64
	for _, m := range s.families[metric].GetMetric() {
		if hasLabels(m, labels) {
			values = append(values, value(m))
		}
	}
	return values
}

// value returns the value of the one series that has all of the labels.
func (s samples) value(metric string, labels ...string) float64 {
	s.t.Helper()
	values := s.values(metric, labels...)
	if len(values) != 1 {
		s.t.Fatalf("%s%v has %d series, want 1; the metrics are %v", metric, labels, len(values), slices.Sorted(maps.Keys(s.families)))
	}
	return values[0]
}

// want fails the test if the one series of the metric with these labels has another value.
func (s samples) want(value float64, metric string, labels ...string) {
	s.t.Helper()
	if got := s.value(metric, labels...); got != value {
		s.t.Errorf("%s%v is %v, want %v", metric, labels, got, value)
	}
}

// failures returns the reasons for which a scrape had no data.
func (s samples) failures(labels ...string) []string {
	var reasons []string
	for _, m := range s.families["netconf_scrape_failure"].GetMetric() {
		if hasLabels(m, labels) && value(m) != 0 {
			reasons = append(reasons, label(m, "reason"))
		}
	}
	return reasons
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for _, l := range labels {
		if name, value, _ := strings.Cut(l, "="); label(m, name) != value {
			return false
		}
	}
	return true
}

func label(m *dto.Metric, name string) string {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

func value(m *dto.Metric) float64 {
	if m.Counter != nil {
		return m.GetCounter().GetValue()
	}
	return m.GetGauge().GetValue()
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
