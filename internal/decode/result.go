package decode

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Reasons why a value is left out: the values of the label of netconf_module_skipped_values.
const (
	SkippedInvalid     = "invalid"     // the text is not of the value's type
	SkippedImplausible = "implausible" // outside the range that the catalogue gives
	SkippedDuplicate   = "duplicate"   // its row or its series came before
	SkippedLimit       = "limit"       // over max_samples or the limit of a row, a text of more than 64 KiB, a key label of more than 1 KiB
	SkippedCut         = "cut"         // a value label of more than 1 KiB: what fits is there
)

// SkippedReasons lists them.
func SkippedReasons() []string {
	return []string{SkippedCut, SkippedDuplicate, SkippedImplausible, SkippedInvalid, SkippedLimit}
}

// Result holds the samples of one read of a module.
type Result struct {
	Families []Family
	Samples  int
	Skipped  map[string]int // by reason
	Filtered int            // rows that filters left out
	TooLong  []TooLong      // labels that were too long
	// Explanation says, line by line, what of the replies became samples and what did not; nil unless it was asked for by Table.Explain.
	Explanation []string
}

// TooLong says that values of a label had more than 1 KiB.
type TooLong struct {
	Path  string // of the row, as in the module
	Label string
	Cut   bool // a value label, which was cut; else the rows were left out
	Rows  int
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
	Start  *timestamppb.Timestamp // when the counter began; nil if it is not known. It is shared, and never changed
}

// Result makes samples of all replies that were decoded. incomplete says that one of the module's replies is missing: value labels
// that are empty then keep their last value.
func (t *Table) Result(cache *Cache, now time.Time, incomplete bool) Result {
	if !t.growGroups() {
		return Result{}
	}
	t.join(t.program.rows, t.program.seed)
	t.fillLookups()
	cache.beginRead()
	cache.verdicts.reset(t.filters)
	b := builder{
		table: t, cache: cache, now: now, families: make([]Family, len(t.program.Metrics)), positions: make([]int, len(t.program.rows)),
	}
	b.held = t.size() - cache.Size()
	if b.held += cache.samplesSize(); !t.hold(b.held + cache.Size()) {
		return Result{}
	}
	for i, m := range t.program.Metrics {
		b.families[i] = Family{m, cache.newSamples(i)}
	}
	for n := range t.groups {
		if t.groups[n].dropped || t.program.rows[t.groups[n].spec].Implicit {
			continue
		}
		if b.row(int32(n)); !t.hold(b.held + int64(b.samples)*2*sampleSize + cache.Size()) {
			cache.forget()
			return Result{}
		}
	}
	cache.keepSizes(b.families)
	cache.labelInfo(b.families, incomplete)
	cache.dropGone(incomplete)
	result := Result{
		Families: slices.DeleteFunc(b.families, func(f Family) bool { return len(f.Samples) == 0 }),
		Samples:  b.samples,
		Filtered: b.filtered,
		Skipped: map[string]int{
			SkippedInvalid: b.skipped[invalid], SkippedImplausible: b.skipped[implausible],
			SkippedDuplicate: t.duplicates + b.duplicates, SkippedLimit: t.overLimit + b.overLimit, SkippedCut: b.cut,
		},
		TooLong: b.tooLong,
	}
	if t.explain != nil {
		result.Explanation = t.explanation(&result)
	}
	return result
}

// builder makes samples from rows.
type builder struct {
	table *Table
	cache *Cache
	now   time.Time

	families   []Family // by metric
	positions  []int    // by kind of row, how many there were
	samples    int
	skipped    [implausible + 1]int
	duplicates int
	overLimit  int
	cut        int
	filtered   int
	tooLong    []TooLong
	held       int64 // octets of all but the cache and the samples

	text     []byte   // of the labels of the current row
	labels   [][]byte // ranges of text
	keys     [][]byte
	entities []*entity // by keyset
}

// row makes the samples of a merged row.
func (b *builder) row(n int32) {
	s := &b.table.program.rows[b.table.groups[n].spec]
	r := b.table.joiner.row(n)
	b.positions[s.index]++
	r.position = b.positions[s.index]
	if s.Limit > 0 && r.position > s.Limit {
		b.overLimit++
		if x := b.table.explain; x != nil {
			x.add(leftOut{subject: "rows " + s.Path, text: fmt.Sprintf("over the limit of %d rows", s.Limit)}, "")
		}
		return
	}
	if !b.evaluateLabels(s, r) {
		b.overLimit++
		return
	}
	if len(b.table.filters) > 0 && b.leavesOut(s) {
		b.filtered++
		return
	}
	b.entities = b.entities[:0]
	for range s.KeySets {
		b.entities = append(b.entities, nil)
	}
	var start quantity // zero if it is not known
	if s.Start != nil {
		if q, st := s.Start.number(r, b.now); st == valid {
			start = q
		}
	}
	for i := range s.Metrics {
		m := &s.Metrics[i]
		q, st := m.Value.number(r, b.now)
		if st != valid {
			b.skipped[st]++
			if b.table.explain != nil && st != missing {
				b.leftOutValue(m, s, r)
			}
			continue
		}
		e := b.entities[m.KeySet]
		if e == nil {
			if e = b.entity(s, m.KeySet); e == nil {
				continue
			}
			b.entities[m.KeySet] = e
		}
		if !e.setGiven(m.Metric) {
			if m.Sum {
				e.addToSum(b.families, m.Metric, q.value)
				continue
			}
			if len(m.Info) > 0 || !s.Repeats {
				b.mergeRepeated(m, e)
			}
			if x := b.table.explain; x != nil && len(m.Info) == 0 && !s.Repeats {
				x.add(leftOut{subject: b.families[m.Metric].Metric.Name, text: "duplicate series " + b.describe(s, m.KeySet)}, "")
			}
			continue
		}
		if b.samples >= b.table.limits.Samples {
			b.overLimit++
			if x := b.table.explain; x != nil {
				x.add(leftOut{subject: b.families[m.Metric].Metric.Name, text: "over max_samples"}, "")
			}
			continue
		}
		sample := Sample{Labels: e.keys, Value: b.cache.debounce(e, m.Metric, q)}
		if m.Counter {
			sample.Start = b.cache.startTime(e, ^s.index, start)
		}
		if m.Sum {
			b.cache.beginSum(e, m.Metric, len(b.families[m.Metric].Samples))
		}
		b.add(m, e, sample)
	}
}

// evaluateLabels evaluates all labels of a row. It returns false if one that is part of a key is too long.
func (b *builder) evaluateLabels(s *RowSpec, r row) bool {
	b.text, b.labels = b.text[:0], b.labels[:0]
	for i := range s.Labels {
		from := len(b.text)
		if d := s.Labels[i].Derive; d != nil {
			b.text = d.label(b.text, b.labels[d.From])
		} else {
			b.text, _ = s.Labels[i].Value.label(b.text, r)
		}
		if len(b.text)-from > maxLabel {
			switch s.labelUses[i] {
			case inKey:
				b.countTooLong(s, i)
				return false
			case inInfo:
				b.countTooLong(s, i)
				b.cut++
			}
			b.text = append(b.text[:lastRune(b.text, from+maxLabel-len(cutMark))], cutMark...)
		}
		b.labels = append(b.labels, b.text[from:len(b.text):len(b.text)])
	}
	return true
}

// lastRune is where the rune begins of which the octet at an index is a part.
func lastRune(text []byte, at int) int {
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// countTooLong counts a label that is too long.
func (b *builder) countTooLong(s *RowSpec, label int) {
	name := s.Labels[label].Name
	for i := range b.tooLong {
		if known := &b.tooLong[i]; known.Path == s.Path && known.Label == name {
			known.Rows++
			return
		}
	}
	b.tooLong = append(b.tooLong, TooLong{Path: s.Path, Label: name, Cut: s.labelUses[label] == inInfo, Rows: 1})
}

// entity returns what the metrics of a key set are about; nil if all its labels are empty.
func (b *builder) entity(s *RowSpec, keyset int) *entity {
	k := &s.KeySets[keyset]
	b.keys = b.keys[:0]
	named := len(k.Labels) == 0
	for _, i := range k.Labels {
		b.keys = append(b.keys, b.labels[i])
		named = named || len(b.labels[i]) > 0
	}
	if !named {
		return nil
	}
	return b.cache.find(k.Names, b.keys)
}

// add adds a sample to its family.
func (b *builder) add(m *RowMetric, e *entity, sample Sample) {
	family := &b.families[m.Metric]
	b.samples++
	family.Samples = append(family.Samples, sample)
	if len(m.Info) > 0 {
		b.cache.beginInfo(e, family.Metric, m.Metric, len(family.Samples)-1)
		b.mergeRepeated(m, e)
	}
}
