package collector

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// families gathers samples of many targets by metric. Metrics are built directly, of one family at a time: a constructor per
// sample costs ten times as much.
type families struct {
	byName   map[string]*family
	labelled bool // every sample carries its target
	pairs    map[[2]string]*dto.LabelPair
}

// family is the samples of one name: those of modules, as each target gave them, and metrics about targets.
type family struct {
	dto.MetricFamily
	metric *decode.Metric
	parts  []part
	own    []ownSample
}

// ownSample is one of a metric about a target.
type ownSample struct {
	labels []*dto.LabelPair
	value  float64
}

type part struct {
	target  int
	samples []decode.Sample
}

// gather makes families of outcomes, sorted by name. With reuse they are built in the same memory, each in its turn.
func gather(outcomes []outcome, labelled, reuse bool) iter.Seq[*dto.MetricFamily] {
	f := &families{byName: map[string]*family{}, labelled: labelled, pairs: map[[2]string]*dto.LabelPair{}}
	for i := range outcomes {
		outcomes[i].own(f)
		for _, r := range outcomes[i].results {
			for _, samples := range r.Families {
				f.add(i, samples)
			}
		}
	}
	return func(yield func(*dto.MetricFamily) bool) {
		memory := &room{}
		if reuse {
			memory = rooms.Get().(*room)
			defer rooms.Put(memory)
		}
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
func (f *families) add(target int, of decode.Family) {
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
	used     int
}

var rooms = sync.Pool{New: func() any { return &room{} }}

// build makes metrics of the family's samples, a few allocations for all of them.
func (f *family) build(room *room, labelled bool) *dto.MetricFamily {
	size := len(f.own)
	for _, p := range f.parts {
		size += len(p.samples)
	}
	counters := f.GetType() == dto.MetricType_COUNTER
	room.metrics, room.list, room.used = sized(room.metrics, size), slices.Grow(room.list[:0], size), 0
	if counters {
		room.counters = sized(room.counters, size)
	} else {
		room.gauges = sized(room.gauges, size)
	}
	from := 0 // where the target's samples begin
	for i, p := range f.parts {
		again := i > 0 && f.parts[i-1].target == p.target
		if !again {
			from = len(room.list)
		}
		for j := range p.samples {
			s := &p.samples[j]
			labels := s.Labels.Pairs
			if labelled {
				labels = s.Labels.Extra
			}
			room.add(counters, labels, &s.Value, s.Start)
		}
		if again {
			room.list = mergeEqual(room.list, from, f.metric)
		}
	}
	for i := range f.own {
		room.add(counters, f.own[i].labels, &f.own[i].value, nil)
	}
	f.Metric = room.list
	return &f.MetricFamily
}

// add makes one metric.
func (r *room) add(counter bool, labels []*dto.LabelPair, value *float64, start *timestamppb.Timestamp) {
	m := &r.metrics[r.used]
	m.Label, m.Counter, m.Gauge = labels, nil, nil
	if counter {
		m.Counter = &r.counters[r.used]
		m.Counter.Value, m.Counter.CreatedTimestamp = value, start
	} else {
		m.Gauge = &r.gauges[r.used]
		m.Gauge.Value = value
	}
	r.list = append(r.list, m)
	r.used++
}

// sized returns a slice of that length, old elements in it.
func sized[T any](s []T, size int) []T { return slices.Grow(s[:0], size)[:size] }

// mergeEqual makes one series of those that two modules of a target give for the same thing, from index from on: of each
// value label the first text that is not empty, else what came first.
func mergeEqual(metrics []*dto.Metric, from int, metric *decode.Metric) []*dto.Metric {
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
