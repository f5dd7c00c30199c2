package collector

import (
	"iter"
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// families gathers samples of many targets by metric. Metrics are built directly, of one family at a time: a constructor per
// sample costs ten times as much.
type families struct {
	byName   map[string]*family
	labelled bool // every sample carries its target
}

// family is the samples of one name: those of modules, as each target gave them, and metrics about targets.
type family struct {
	dto.MetricFamily
	metric *module.Metric
	parts  []part
	own    []*dto.Metric
}

type part struct {
	target  int
	samples []module.Sample
}

// gather makes families of views, sorted by name. With reuse they are built in the same memory, each in its turn.
func gather(views []view, labelled, reuse bool) iter.Seq[*dto.MetricFamily] {
	f := &families{byName: map[string]*family{}, labelled: labelled}
	for i := range views {
		views[i].own(f)
		for _, r := range views[i].results {
			for _, samples := range r.Families {
				f.add(i, samples)
			}
		}
	}
	return func(yield func(*dto.MetricFamily) bool) {
		memory := &room{}
		for _, name := range slices.Sorted(maps.Keys(f.byName)) {
			if !reuse {
				memory = &room{}
			}
			if all := f.byName[name].build(memory, labelled); len(all.Metric) > 0 && !yield(all) {
				return
			}
		}
	}
}

func (f *families) family(name, help string, kind dto.MetricType) *family {
	all := f.byName[name]
	if all == nil {
		all = &family{MetricFamily: dto.MetricFamily{Name: &name, Help: &help, Type: &kind}}
		f.byName[name] = all
	}
	return all
}

// add takes samples that a module of a target gave.
func (f *families) add(target int, of module.Family) {
	all := f.family(of.Metric.Name, of.Metric.Help, of.Metric.Type)
	all.metric = of.Metric
	all.parts = append(all.parts, part{target, of.Samples})
}

// room is memory for the metrics of one family.
type room struct {
	metrics  []dto.Metric
	counters []dto.Counter
	gauges   []dto.Gauge
	list     []*dto.Metric
}

// build makes metrics of the family's samples, a few allocations for all of them.
func (f *family) build(room *room, labelled bool) *dto.MetricFamily {
	size := 0
	for _, p := range f.parts {
		size += len(p.samples)
	}
	counters := f.GetType() == dto.MetricType_COUNTER
	room.metrics, room.list = sized(room.metrics, size), room.list[:0]
	if counters {
		room.counters = sized(room.counters, size)
	} else {
		room.gauges = sized(room.gauges, size)
	}
	n, from := 0, 0 // from: where the target's samples begin
	for i, p := range f.parts {
		again := i > 0 && f.parts[i-1].target == p.target
		if !again {
			from = len(room.list)
		}
		for j := range p.samples {
			s, m := &p.samples[j], &room.metrics[n]
			m.Label = s.Labels.Pairs
			if labelled {
				m.Label = s.Labels.Extra
			}
			if counters {
				m.Counter, m.Gauge = &room.counters[n], nil
				m.Counter.Value, m.Counter.CreatedTimestamp = &s.Value, s.Start
			} else {
				m.Counter, m.Gauge = nil, &room.gauges[n]
				m.Gauge.Value = &s.Value
			}
			room.list = append(room.list, m)
			n++
		}
		if again {
			room.list = mergeEqual(room.list, from, f.metric)
		}
	}
	f.Metric = append(room.list, f.own...)
	return &f.MetricFamily
}

// sized returns a slice of that length, old elements in it.
func sized[T any](s []T, size int) []T { return slices.Grow(s[:0], size)[:size] }

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
