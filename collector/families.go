package collector

import (
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// families gathers samples of many targets by metric. They are built directly: a constructor per sample costs ten times as
// much.
type families struct {
	byName   map[string]*dto.MetricFamily
	labelled bool // every sample carries its target
}

// gather makes families of views, sorted by name.
func gather(views []view, labelled bool) []*dto.MetricFamily {
	f := &families{byName: map[string]*dto.MetricFamily{}, labelled: labelled}
	f.reserve(views)
	for i := range views {
		views[i].own(f)
		f.results(views[i].results)
	}
	var all []*dto.MetricFamily
	for _, name := range slices.Sorted(maps.Keys(f.byName)) {
		if family := f.byName[name]; len(family.Metric) > 0 {
			all = append(all, family)
		}
	}
	return all
}

func (f *families) family(name, help string, kind dto.MetricType) *dto.MetricFamily {
	family := f.byName[name]
	if family == nil {
		family = &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
		f.byName[name] = family
	}
	return family
}

// reserve makes room for all samples of the targets' modules at once.
func (f *families) reserve(views []view) {
	sizes := map[*module.Metric]int{}
	for _, v := range views {
		for _, r := range v.results {
			for _, family := range r.Families {
				sizes[family.Metric] += len(family.Samples)
			}
		}
	}
	for m, size := range sizes {
		family := f.family(m.Name, m.Help, m.Type)
		family.Metric = slices.Grow(family.Metric, size)
	}
}

// results adds what the modules of one target gave.
func (f *families) results(results []*result) {
	began := map[string]int{} // by metric: where the target's samples begin
	for _, r := range results {
		for i := range r.Families {
			family := &r.Families[i]
			to := f.family(family.Metric.Name, family.Metric.Help, family.Metric.Type)
			from, more := began[family.Metric.Name]
			if !more {
				began[family.Metric.Name] = len(to.Metric)
			}
			f.add(to, family)
			if more {
				to.Metric = mergeEqual(to.Metric, from, family.Metric)
			}
		}
	}
}

// add makes metrics of samples, a few allocations for all of them.
func (f *families) add(to *dto.MetricFamily, family *module.Family) {
	metrics := make([]dto.Metric, len(family.Samples))
	counter := family.Metric.Type == dto.MetricType_COUNTER
	var counters []dto.Counter
	var gauges []dto.Gauge
	if counter {
		counters = make([]dto.Counter, len(metrics))
	} else {
		gauges = make([]dto.Gauge, len(metrics))
	}
	for i := range family.Samples {
		s, m := &family.Samples[i], &metrics[i]
		m.Label = s.Labels.Pairs
		if f.labelled {
			m.Label = s.Labels.Extra
		}
		if counter {
			m.Counter = &counters[i]
			m.Counter.Value = &s.Value
			m.Counter.CreatedTimestamp = s.Start
		} else {
			m.Gauge = &gauges[i]
			m.Gauge.Value = &s.Value
		}
		to.Metric = append(to.Metric, m)
	}
}

// mergeEqual makes one series of those that two modules of a target give for the same thing, from index from on: of each
// value label the first text that is not empty, else what came first.
func mergeEqual(metrics []*dto.Metric, from int, metric *module.Metric) []*dto.Metric {
	first := map[string]*dto.Metric{}
	return append(metrics[:from], slices.DeleteFunc(metrics[from:], func(m *dto.Metric) bool {
		key := keyOf(m, metric.Info)
		old, seen := first[key]
		if !seen {
			first[key] = m
			return false
		}
		labels := slices.Clone(old.Label)
		for i, p := range labels {
			if p.GetValue() == "" {
				labels[i] = m.Label[i] // both have the catalogue's labels, in order
			}
		}
		old.Label = labels
		return true
	})...)
}

func keyOf(m *dto.Metric, info []string) string {
	var b strings.Builder
	for _, p := range m.Label {
		if !slices.Contains(info, p.GetName()) {
			b.WriteString(p.GetValue())
			b.WriteByte(0)
		}
	}
	return b.String()
}
