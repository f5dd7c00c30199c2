package module

import (
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Reasons why a value was left out: the label of netconf_module_skipped_values.
const (
	SkippedInvalid     = "invalid"     // not a value of its type
	SkippedImplausible = "implausible" // outside what the catalogue says is possible
	SkippedDuplicate   = "duplicate"   // its row, or its series, was there already
	SkippedLimit       = "limit"       // over max_samples, or a text of more than 64 KiB
)

// SkippedReasons lists them.
func SkippedReasons() []string {
	return []string{SkippedDuplicate, SkippedImplausible, SkippedInvalid, SkippedLimit}
}

// Result is what one read of a module gave.
type Result struct {
	Families []Family
	Samples  int
	Skipped  map[string]int // by reason
}

// Family is the samples of one metric.
type Family struct {
	Metric  *Metric
	Samples []Sample
}

// Sample is one number.
type Sample struct {
	Labels *LabelSet
	Value  float64
	Start  float64 // when the counter began, in Unix seconds; 0 where the device does not say
}

// Result makes samples of all replies that were read. With incomplete, a reply that others are joined with is missing:
// value labels that are empty then keep the last value known.
func (t *Table) Result(memory *Memory, now time.Time, incomplete bool) Result {
	t.join(t.module.specs, t.module.seed)
	memory.begin()
	b := builder{table: t, memory: memory, now: now, incomplete: incomplete, families: make([]Family, len(t.module.Metrics))}
	for i, m := range t.module.Metrics {
		b.families[i].Metric = m
	}
	for n := range t.groups {
		if !t.groups[n].drop && !t.module.specs[t.groups[n].spec].implicit {
			b.row(int32(n))
		}
	}
	if !incomplete {
		memory.forget()
	}
	return Result{
		Families: slices.DeleteFunc(b.families, func(f Family) bool { return len(f.Samples) == 0 }),
		Samples:  b.samples,
		Skipped: map[string]int{
			SkippedInvalid: b.skipped[invalid], SkippedImplausible: b.skipped[implausible],
			SkippedDuplicate: t.duplicates + b.duplicates, SkippedLimit: t.limited + b.limited,
		},
	}
}

// builder makes samples of rows.
type builder struct {
	table      *Table
	memory     *Memory
	now        time.Time
	incomplete bool

	families   []Family // by metric
	samples    int
	skipped    [implausible + 1]int
	duplicates int
	limited    int

	text   []byte   // of the labels of the row at hand
	labels [][]byte // ranges of text
	keys   [][]byte
	things []*entity // by keyset
}

func (b *builder) row(n int32) {
	s := &b.table.module.specs[b.table.groups[n].spec]
	r := row{&b.table.joiner, n}
	b.readLabels(s, r)
	b.things = b.things[:0]
	for range s.keysets {
		b.things = append(b.things, nil)
	}
	start := 0.0
	if s.start != nil {
		if f, st := s.start.number(r, b.now); st == given {
			start = f
		}
	}
	for i := range s.metrics {
		m := &s.metrics[i]
		f, st := m.value.number(r, b.now)
		if st != given {
			b.skipped[st]++
			continue
		}
		thing := b.things[m.keyset]
		if thing == nil {
			if thing = b.thing(s, m.keyset); thing == nil {
				continue
			}
			b.things[m.keyset] = thing
		}
		b.sample(m, thing, f, start)
	}
}

// readLabels evaluates all labels of a row.
func (b *builder) readLabels(s *spec, r row) {
	b.text, b.labels = b.text[:0], b.labels[:0]
	for i := range s.labels {
		from := len(b.text)
		b.text, _ = s.labels[i].value.label(b.text, r)
		b.labels = append(b.labels, b.text[from:len(b.text):len(b.text)])
	}
}

// thing finds what the metrics of a keyset are about; nil if nothing names it.
func (b *builder) thing(s *spec, keyset int) *entity {
	k := &s.keysets[keyset]
	b.keys = b.keys[:0]
	named := len(k.labels) == 0
	for _, i := range k.labels {
		b.keys = append(b.keys, b.labels[i])
		named = named || len(b.labels[i]) > 0
	}
	if !named {
		return nil
	}
	return b.memory.find(k.names, b.keys)
}

func (b *builder) sample(m *rowMetric, thing *entity, f, start float64) {
	family := &b.families[m.metric]
	if !thing.mark(m.metric) {
		if len(family.Metric.Info) > 0 {
			b.describe(m, thing, false)
		} else {
			b.duplicates++
		}
		return
	}
	if b.samples >= b.table.limits.Samples {
		b.limited++
		return
	}
	b.samples++
	if m.value.age {
		f = thing.steady(m.metric, f)
	}
	sample := Sample{Labels: thing.keys, Value: f}
	if family.Metric.Type == dto.MetricType_COUNTER {
		sample.Start = start
	}
	family.Samples = append(family.Samples, sample)
	if len(family.Metric.Info) > 0 {
		b.describe(m, thing, true)
	}
}

// steady keeps a timestamp made from an age while it moves less than two seconds: it is the age that was rounded.
func (e *entity) steady(metric int, f float64) float64 {
	if old, ok := e.ages[metric]; ok && math.Abs(f-old) < 2 {
		return old
	}
	if e.ages == nil {
		e.ages = map[int]float64{}
	}
	e.ages[metric] = f
	return f
}

// describe gives a sample its value labels. Over several rows the first text that is not empty is taken. The labels of the
// last read are used again where they are the same.
func (b *builder) describe(m *rowMetric, thing *entity, first bool) {
	family := &b.families[m.metric]
	known := thing.infos[m.metric]
	if known == nil {
		known = &info{values: make([]string, len(m.info))}
		if thing.infos == nil {
			thing.infos = map[int]*info{}
		}
		thing.infos[m.metric] = known
	}
	changed := known.set == nil
	if first {
		known.sample = len(family.Samples) - 1
	}
	for i, label := range m.info {
		var text []byte
		if label >= 0 {
			text = b.labels[label]
		}
		switch old := known.values[i]; {
		case string(text) == old:
		case len(text) == 0 && (b.incomplete || !first):
		case !first && old != "":
		default:
			known.values[i] = string(text)
			changed = true
		}
	}
	if changed {
		known.set = b.memory.describe(thing.keys, family.Metric.Info, known.values)
	}
	family.Samples[known.sample].Labels = known.set
}

// describe adds value labels to key labels.
func (m *Memory) describe(keys *LabelSet, names, values []string) *LabelSet {
	pairs := make([]*dto.LabelPair, 0, len(keys.Pairs)+len(names)+1)
	pairs = append(pairs, keys.Pairs...)
	for i := range names {
		pairs = append(pairs, &dto.LabelPair{Name: &names[i], Value: new(values[i])})
	}
	slices.SortFunc(pairs, byName)
	return m.withExtra(pairs)
}
