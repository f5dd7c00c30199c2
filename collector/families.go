package collector

import (
	"iter"
	"maps"
	"math"
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

// gather makes families of outcomes, as sorted gives them.
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
	return f.sorted(reuse)
}

// sorted gives the families by name. With reuse they come in pieces, which are built in the same memory, each in its turn: an answer
// takes little memory, however large it is and however slowly it is taken.
func (f *families) sorted(reuse bool) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		memory := &buffers{}
		if reuse {
			memory = bufferPool.Get().(*buffers)
			defer bufferPool.Put(memory)
		}
		for _, name := range slices.Sorted(maps.Keys(f.byName)) {
			all, size := f.byName[name], pieceSize
			if !reuse {
				memory, size = &buffers{}, math.MaxInt
			}
			for p := range all.pieces(size) {
				if built := all.build(memory, p, f.labelled); len(built.Metric) > 0 && !yield(built) {
					return
				}
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

// pieceSize is how many samples of a family come at a time.
const pieceSize = 2048

// piece is some of a family's samples.
type piece struct {
	parts []part
	own   []ownSample
}

// pieces gives a family's samples, about as many at a time. What several modules gave for one target is in one piece: it is merged.
func (f *family) pieces(size int) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		var now []part
		samples := 0
		for i, p := range f.parts {
			follows := i > 0 && f.parts[i-1].target == p.target
			if alone := !follows && (i+1 == len(f.parts) || f.parts[i+1].target != p.target); alone {
				for ; len(p.samples) > size; p.samples = p.samples[size:] {
					if !yield(piece{parts: []part{{p.target, p.samples[:size]}}}) {
						return
					}
				}
			}
			if samples+len(p.samples) > size && !follows && samples > 0 {
				if !yield(piece{parts: now}) {
					return
				}
				now, samples = nil, 0
			}
			now = append(now, p)
			samples += len(p.samples)
		}
		own := f.own
		for ; len(own) > size; own = own[size:] {
			if !yield(piece{parts: now, own: own[:size]}) {
				return
			}
			now = nil
		}
		yield(piece{parts: now, own: own})
	}
}

// buffers are memory for the metrics of one family.
type buffers struct {
	metrics  []dto.Metric
	counters []dto.Counter
	gauges   []dto.Gauge
	list     []*dto.Metric
	used     int
}

var bufferPool = sync.Pool{New: func() any { return &buffers{} }}

// build makes metrics of some of the family's samples, a few allocations for all of them.
func (f *family) build(b *buffers, of piece, labelled bool) *dto.MetricFamily {
	size := len(of.own)
	for _, p := range of.parts {
		size += len(p.samples)
	}
	counters := f.GetType() == dto.MetricType_COUNTER
	b.metrics, b.list, b.used = sized(b.metrics, size), slices.Grow(b.list[:0], size), 0
	if counters {
		b.counters = sized(b.counters, size)
	} else {
		b.gauges = sized(b.gauges, size)
	}
	from := 0 // where the target's samples begin
	for i, p := range of.parts {
		again := i > 0 && of.parts[i-1].target == p.target
		if !again {
			from = len(b.list)
		}
		for j := range p.samples {
			s := &p.samples[j]
			labels := s.Labels.Pairs
			if labelled {
				labels = s.Labels.Extra
			}
			b.add(counters, labels, &s.Value, s.Start)
		}
		if again {
			b.list = mergeEqual(b.list, from, f.metric)
		}
	}
	for i := range of.own {
		b.add(counters, of.own[i].labels, &of.own[i].value, nil)
	}
	f.Metric = b.list
	return &f.MetricFamily
}

// add makes one metric.
func (b *buffers) add(counter bool, labels []*dto.LabelPair, value *float64, start *timestamppb.Timestamp) {
	m := &b.metrics[b.used]
	m.Label, m.Counter, m.Gauge = labels, nil, nil
	if counter {
		m.Counter = &b.counters[b.used]
		m.Counter.Value, m.Counter.CreatedTimestamp = value, start
	} else {
		m.Gauge = &b.gauges[b.used]
		m.Gauge.Value = value
	}
	b.list = append(b.list, m)
	b.used++
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
