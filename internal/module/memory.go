package module

import (
	"slices"

	dto "github.com/prometheus/client_model/go"
)

// Memory is what a target keeps of a module from one read to the next: the label pairs of each thing, so that they are made
// only when they change; value labels to fall back on; timestamps made from ages. One read at a time may use it.
type Memory struct {
	extra    *dto.LabelPair
	entities map[string]*entity
	key      []byte
	live     int
	read     uint32
}

// NewMemory returns an empty Memory. extra is a label pair that every series has in one of the two forms of LabelSet.
func NewMemory(extra *dto.LabelPair) *Memory {
	return &Memory{extra: extra, entities: map[string]*entity{}}
}

// LabelSet is a series' labels in order of their names. It is never changed, so it may be shared.
type LabelSet struct {
	Pairs []*dto.LabelPair
	Extra []*dto.LabelPair // Pairs with the Memory's extra pair among them
}

// entity is one thing that metrics are about: a set of key labels and their values.
type entity struct {
	read  uint32
	seen  []uint64 // bits: which of the module's metrics this read has given it
	keys  *LabelSet
	infos map[int]*info   // by metric: its value labels
	ages  map[int]float64 // by metric: the timestamp last made from an age
}

// info is the value labels of an info metric, in the order of Metric.Info.
type info struct {
	values []string
	set    *LabelSet
	sample int // index into this read's samples of the metric
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
	if e.read != m.read {
		e.read = m.read
		m.live++
		clear(e.seen)
	}
	return e
}

// mark notes that a metric was given; false if it had been in this read.
func (e *entity) mark(metric int) bool {
	for metric/64 >= len(e.seen) {
		e.seen = append(e.seen, 0)
	}
	bit := uint64(1) << (metric % 64)
	first := e.seen[metric/64]&bit == 0
	e.seen[metric/64] |= bit
	return first
}

// begin starts a read.
func (m *Memory) begin() {
	m.read++
	m.live = 0
}

// forget drops what this read did not give.
func (m *Memory) forget() {
	if m.live == len(m.entities) {
		return
	}
	for key, e := range m.entities {
		if e.read != m.read {
			delete(m.entities, key)
		}
	}
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
