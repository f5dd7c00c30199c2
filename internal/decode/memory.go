package decode

import (
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Memory is what a target keeps of a module from one read to the next: the label pairs of each e, so that they are made
// only when they change; value labels to fall back on; timestamps made from ages. One read at a time may use it.
type Memory struct {
	extra        *dto.LabelPair
	entities     map[string]*entity
	key          []byte
	infos        []*info  // that this read gave
	unusedTexts  []string // for next of more of them
	sizes        []int    // of the last read's families
	seenEntities int
	readNumber   uint32
	lastStart    start // the last that was new
}

// NewMemory returns an empty Memory, for one compiled Module. extra is a label pair that every series has in one of the two forms of LabelSet.
func NewMemory(extra *dto.LabelPair) *Memory {
	return &Memory{extra: extra, entities: map[string]*entity{}}
}

// LabelSet is a series' labels in order of their names. It is never changed, so it may be shared.
type LabelSet struct {
	Pairs []*dto.LabelPair
	Extra []*dto.LabelPair // Pairs with the Memory's extra pair among them
}

// entity is one e that metrics are about: a set of key labels and their values.
type entity struct {
	lastRead uint32
	given    []uint64 // bits: which of the module's metrics this read has given it
	keys     *LabelSet
	infos    []*info         // of the info metrics that it has
	ages     map[int]float64 // by metric, and by ^row for start times: the timestamp last made from an age
	start    start           // last given to its counters
	sums     map[int]sum     // by metric that adds up rows
}

// lastStart is a start time in both forms.
type start struct {
	unix float64 // seconds
	time *timestamppb.Timestamp
}

// info is the value labels of a sample of an info metric, in the order of Metric.Info.
type info struct {
	values   []string // of the last read; set points into it, so it is not changed
	next     []string // of this read, as far as it has come; nil between reads
	set      *LabelSet
	lastRead uint32

	keys           *LabelSet
	metric, sample int // where the sample is in this read's families
}

// find returns the entity for names and values, which it remembers.
func (m *Memory) find(names []*string, values [][]byte) *entity {
	m.key = m.key[:0]
	for i, name := range names {
		m.key = append(append(append(append(m.key, *name...), 0), values[i]...), 0)
	}
	e, ok := m.entities[string(m.key)]
	if !ok {
		e = &entity{keys: m.labelSet(names, values)}
		m.entities[string(m.key)] = e
	}
	if e.lastRead != m.readNumber {
		e.lastRead = m.readNumber
		m.seenEntities++
		clear(e.given)
	}
	return e
}

// setGiven notes that a metric was given; false if it had been in this read.
func (e *entity) setGiven(metric int) bool {
	for metric/64 >= len(e.given) {
		e.given = append(e.given, 0)
	}
	bit := uint64(1) << (metric % 64)
	first := e.given[metric/64]&bit == 0
	e.given[metric/64] |= bit
	return first
}

// debounce gives a time made from an age as it was while it moves less than two seconds: it is the age that was rounded.
func (e *entity) debounce(of int, q quantity) float64 {
	if !q.age {
		return q.value
	}
	if old, ok := e.ages[of]; ok && math.Abs(q.value-old) < 2 {
		return old
	}
	if e.ages == nil {
		e.ages = map[int]float64{}
	}
	e.ages[of] = q.value
	return q.value
}

// startTime gives a start time as counters carry it, the same one while it does not change; nil for none.
func (m *Memory) startTime(e *entity, of int, q quantity) *timestamppb.Timestamp {
	unix := e.debounce(of, q)
	if unix == 0 {
		return nil
	}
	if e.start.time == nil || unix != e.start.unix {
		if m.lastStart.time == nil || unix != m.lastStart.unix { // mostly when the device booted
			m.lastStart = start{unix, timestamppb.New(time.UnixMicro(int64(unix * 1e6)))}
		}
		e.start = m.lastStart
	}
	return e.start.time
}

// beginRead starts a read.
func (m *Memory) beginRead() {
	m.readNumber++
	m.seenEntities = 0
	clear(m.infos) // what was large once is not kept for ever
	m.infos = m.infos[:0]
}

// maxMissedReads is how many incomplete reads in a row a e may be missing from: it may be in what could not be read.
const maxMissedReads = 100

// dropGone drops what is gone from the device.
func (m *Memory) dropGone(incomplete bool) {
	if m.seenEntities == len(m.entities) {
		return
	}
	for key, e := range m.entities {
		if gone := m.readNumber - e.lastRead; gone > 0 && (!incomplete || gone > maxMissedReads) {
			delete(m.entities, key)
		}
	}
}

// newSamples makes room for as many samples of a metric as the last read gave.
func (m *Memory) newSamples(metric int) []Sample {
	if metric >= len(m.sizes) {
		return nil
	}
	return make([]Sample, 0, m.sizes[metric])
}

// info finds the value labels of a metric; nil if there are none yet.
func (e *entity) info(metric int) *info {
	for _, known := range e.infos {
		if known.metric == metric {
			return known
		}
	}
	return nil
}

// beginInfo begins to gather the value labels of a sample.
func (m *Memory) beginInfo(e *entity, metric *Metric, index, sample int) {
	known := e.info(index)
	if known == nil {
		known = &info{keys: e.keys, metric: index}
		e.infos = append(e.infos, known)
	}
	known.next = m.emptyTexts(len(metric.Info))
	known.sample, known.lastRead = sample, m.readNumber
	m.infos = append(m.infos, known)
}

// labelInfo gives the samples of info metrics their labels: those of the last read where they are the same. Of an incomplete
// read, labels without a value keep the last one.
func (m *Memory) labelInfo(families []Family, incomplete bool) {
	m.sizes = m.sizes[:0]
	for _, f := range families {
		m.sizes = append(m.sizes, len(f.Samples))
	}
	for _, known := range m.infos {
		for i, value := range known.values {
			if known.next[i] == "" && incomplete {
				known.next[i] = value
			}
		}
		if known.set == nil || !slices.Equal(known.next, known.values) {
			known.values = slices.Clone(known.next)
			known.set = m.withValues(known.keys, families[known.metric].Metric.Info, known.values)
		}
		families[known.metric].Samples[known.sample].Labels = known.set
		known.next = nil
	}
	m.unusedTexts = nil
}

// emptyTexts returns empty texts that last until settle.
func (m *Memory) emptyTexts(n int) []string {
	if len(m.unusedTexts) < n {
		m.unusedTexts = make([]string, max(n, 256))
	}
	texts := m.unusedTexts[:n:n]
	m.unusedTexts = m.unusedTexts[n:]
	return texts
}

// withValues adds value labels to key labels.
func (m *Memory) withValues(keys *LabelSet, names, values []string) *LabelSet {
	pairs := make([]*dto.LabelPair, 0, len(keys.Pairs)+len(names)+1)
	pairs = append(pairs, keys.Pairs...)
	more := make([]dto.LabelPair, len(names))
	for i := range more {
		more[i].Name, more[i].Value = &names[i], &values[i]
		pairs = append(pairs, &more[i])
	}
	slices.SortFunc(pairs, byName)
	return m.withExtra(pairs)
}

func (m *Memory) labelSet(names []*string, values [][]byte) *LabelSet {
	pairs := make([]*dto.LabelPair, len(names), len(names)+1)
	for i, name := range names {
		value := string(values[i])
		pairs[i] = &dto.LabelPair{Name: name, Value: &value}
	}
	slices.SortFunc(pairs, byName)
	return m.withExtra(pairs)
}

func (m *Memory) withExtra(pairs []*dto.LabelPair) *LabelSet {
	set := &LabelSet{Pairs: pairs, Extra: pairs}
	if m.extra != nil {
		at, _ := slices.BinarySearchFunc(pairs, m.extra, byName)
		set.Extra = slices.Insert(slices.Clone(pairs), at, m.extra)
	}
	return set
}

func byName(a, b *dto.LabelPair) int {
	switch {
	case a.GetName() < b.GetName():
		return -1
	case a.GetName() > b.GetName():
		return 1
	}
	return 0
}
