// Package decode converts replies to samples. Replies stream through the matcher of a Program into a Table of rows. When the last
// reply of a module is decoded, rows with equal keys are merged and become samples. The package does not know the language of
// modules: internal/module compiles it to a Program.
package decode

import (
	"hash/maphash"
	"regexp"
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"
)

// Program says how the replies of a module are decoded. It is immutable and safe for concurrent use.
type Program struct {
	Metrics []*Metric // the metrics that the module can give
	// Prefixes maps namespaces, or patterns of them, to the prefixes that paths for people have.
	Prefixes map[string]string

	root    *Node
	rows    []RowSpec // a row comes before those nested in it
	lookups []Lookup
	seed    maphash.Seed
	tables  sync.Pool
}

// Metric is a metric of the catalogue.
type Metric struct {
	Name string
	Help string
	Type dto.MetricType
	Keys []string // key labels, sorted
	Info []string // value labels, sorted
}

// Labels are the names of all the metric's labels, sorted.
func (m *Metric) Labels() []string {
	all := slices.Concat(m.Keys, m.Info)
	slices.Sort(all)
	return all
}

// RowSpec describes one kind of row.
type RowSpec struct {
	Path     string // the first of its paths, for people
	Parent   int    // the row it is nested in, or -1
	Implicit bool   // an enclosing entry that is not a row of the module; it holds a leaf for other rows
	Orders   int    // how many paths the row has
	Repeats  bool   // rows and series that come again are not duplicates
	Begins   Leaf   // of a list without elements around its entries: the leaf that each entry begins with; nil: none
	Limit    int    // rows beyond so many are left out; 0 is no limit
	Columns  int
	Leaves   []string // by column, for people
	Key      []Leaf
	When     []Condition
	Labels   []Label // its own and inherited ones
	Start    *Value  // when counters began; nil: none
	Metrics  []RowMetric
	KeySets  []KeySet

	index  int
	blank  []cell // the cells of a row before any is filled
	isKey  []bool // by column
	within []bool // by row: whether it may enclose a row of this kind

	labelUses []labelUse // by label
}

// labelUse says what the metrics of a row have a label for.
type labelUse uint8

const (
	unused labelUse = iota // it is there for nested rows
	inInfo                 // it is a value label
	inKey                  // it is part of a key
)

func (s *RowSpec) keyed() bool { return s.Implicit || len(s.Key) > 0 }

// beginsWith reports whether an entry of a list without elements around its entries begins with the column.
func (s *RowSpec) beginsWith(c Column) bool { return s.Begins != nil && s.Begins[0] == c }

// owns reports whether the leaf is the row's own.
func (s *RowSpec) owns(leaf Leaf) bool { return len(leaf) > 0 && leaf[0].Row == s.index }

// Leaf names the columns that hold a leaf's text, in the row itself or in a row that encloses it. There are several if the row has
// several paths; the first one that has a text counts.
type Leaf []Column

// Column is a column of one kind of row.
type Column struct{ Row, Index int }

// Label is a label of a row.
type Label struct {
	Name   string
	Value  Value
	Derive *Derivation // in place of Value; nil: none
}

// Derivation makes a label of another one of the row, which comes before it.
type Derivation struct {
	From    int            // its index
	Pattern *regexp.Regexp // found anywhere in it
	Group   int            // which group of that is the label; empty if nothing is found
}

// RowMetric is a metric of a row.
type RowMetric struct {
	Metric  int // index into Program.Metrics
	Counter bool
	Sum     bool  // numbers of rows with the same key labels are added up
	KeySet  int   // index into RowSpec.KeySets
	Info    []int // index into RowSpec.Labels of each of the metric's value labels, -1 if the row does not have it
	Value   Value
}

// KeySet is a set of key labels that metrics of a row have in common. Their values identify an entity.
type KeySet struct {
	Names  []*string
	Labels []int // indexes into RowSpec.Labels, in the order of Names
}

// Node is a node of the matcher, which is a tree of all paths of the module.
type Node struct {
	Path     string            // for people; "" is outside of all paths
	Children map[string][]Edge // by local name
	Rows     []RowStart
	Captures []Capture
	Error    bool // the element is an error in an otherwise good reply
}

// Edge leads to a child node. Namespace may be a pattern.
type Edge struct {
	Namespace string
	To        *Node
}

// RowStart says that a row begins at a node.
type RowStart struct {
	Row   int
	Order int // which of the row's paths this is
}

// Capture says that the text or an attribute of the element goes into a column.
type Capture struct {
	Column
	Attribute string
}

// NewProgram returns a program. All indexes in its parts have to be valid.
func NewProgram(root *Node, rows []RowSpec, lookups []Lookup, metrics []*Metric) *Program {
	for i := range rows {
		rows[i].prepare(i, rows)
	}
	return &Program{Metrics: metrics, root: root, rows: rows, lookups: lookups, seed: maphash.MakeSeed()}
}

// prepare sets the fields that follow from others. A row may lie in those that it is nested in, and in all implicit ones.
func (s *RowSpec) prepare(index int, rows []RowSpec) {
	s.index = index
	s.blank = slices.Repeat([]cell{{0, absent}}, s.Columns)
	s.isKey = make([]bool, s.Columns)
	for _, column := range slices.Concat(s.Key...) {
		if column.Row == index {
			s.isKey[column.Index] = true
		}
	}
	s.within = make([]bool, len(rows))
	for i := range rows {
		s.within[i] = s.Implicit || rows[i].Implicit
	}
	for p := s.Parent; p >= 0; p = rows[p].Parent {
		s.within[p] = true
	}
	s.labelUses = make([]labelUse, len(s.Labels))
	for _, m := range s.Metrics {
		for _, label := range m.Info {
			if label >= 0 {
				s.labelUses[label] = inInfo
			}
		}
	}
	for _, set := range s.KeySets {
		for _, label := range set.Labels {
			s.labelUses[label] = inKey
		}
	}
	for i := range s.Metrics {
		s.Metrics[i].Value.prepare()
	}
	if s.Start != nil {
		s.Start.prepare()
	}
}

// Table returns a table for one read of the module. Release returns it for another read.
func (p *Program) Table(limits Limits) *Table {
	t, ok := p.tables.Get().(*Table)
	if !ok {
		t = &Table{program: p}
	}
	t.begin(limits)
	return t
}
