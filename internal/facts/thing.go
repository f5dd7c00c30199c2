// Package facts makes records for people of the metric families of a target: its interfaces, neighbours, hardware and BGP
// sessions, and what it is. Which values a record has is the catalogue's affair: what a device does not tell is absent.
package facts

import (
	"math"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// thing is what a target's samples say of one thing, such as one interface.
type thing struct {
	labels map[string]string  // of all samples together
	values map[string]float64 // by the rest of the metric's name
}

// text is a label of the thing.
func (t *thing) text(label string) string { return t.labels[label] }

// number is a value of the thing; nil where there is none.
func (t *thing) number(metric string) *float64 {
	if value, ok := t.values[metric]; ok {
		return &value
	}
	return nil
}

// time is a value in Unix seconds as a time; nil where there is none.
func (t *thing) time(metric string) *time.Time {
	value, ok := t.values[metric]
	if !ok || math.Abs(value) > 1e11 {
		return nil
	}
	at := time.UnixMilli(int64(value * 1000)).UTC()
	return &at
}

// counters are the values of counters, under the metric's name without its _total.
func (t *thing) counters() map[string]float64 {
	found := map[string]float64{}
	for metric, value := range t.values {
		if name, ok := strings.CutSuffix(metric, "_total"); ok {
			found[name] = value
		}
	}
	return found
}

// things groups the samples of the metrics that begin with prefix by the values of the labels keys, in the order in which they
// come. Metrics without one of the keys are left out.
func things(families []*dto.MetricFamily, prefix string, keys ...string) []*thing {
	var found []*thing
	byKey := map[string]*thing{}
	for _, family := range families {
		name, ok := strings.CutPrefix(family.GetName(), prefix)
		if !ok {
			continue
		}
		for _, metric := range family.Metric {
			key, ok := keyOf(metric, keys)
			if !ok {
				continue
			}
			one := byKey[key]
			if one == nil {
				one = &thing{labels: map[string]string{}, values: map[string]float64{}}
				byKey[key] = one
				found = append(found, one)
			}
			for _, pair := range metric.Label {
				one.labels[pair.GetName()] = pair.GetValue()
			}
			if value := valueOf(metric); !math.IsNaN(value) && !math.IsInf(value, 0) { // JSON has neither
				one.values[name] = value
			}
		}
	}
	return found
}

func keyOf(metric *dto.Metric, keys []string) (string, bool) {
	var key strings.Builder
	for _, wanted := range keys {
		i := slices.IndexFunc(metric.Label, func(pair *dto.LabelPair) bool { return pair.GetName() == wanted })
		if i < 0 {
			return "", false
		}
		key.WriteString(metric.Label[i].GetValue())
		key.WriteByte(0)
	}
	return key.String(), true
}

func valueOf(metric *dto.Metric) float64 {
	switch {
	case metric.Gauge != nil:
		return metric.Gauge.GetValue()
	case metric.Counter != nil:
		return metric.Counter.GetValue()
	case metric.Untyped != nil:
		return metric.Untyped.GetValue()
	}
	return math.NaN()
}

// Words are the names of enumerated values, as the catalogue has them.
type Words map[string]map[float64]string // by metric

// NewWords takes the names from the catalogue.
func NewWords(definitions *config.Definitions) Words {
	words := Words{}
	for metric, entry := range definitions.Catalog {
		for name, value := range entry.Values {
			if words[metric] == nil {
				words[metric] = map[float64]string{}
			}
			if other, ok := words[metric][value]; !ok || name < other {
				words[metric][value] = name
			}
		}
	}
	return words
}

// word is the name of an enumerated value of a thing, "" where there is none.
func (w Words) word(t *thing, prefix, metric string) string {
	value, ok := t.values[metric]
	if !ok {
		return ""
	}
	return w[prefix+metric][value]
}
