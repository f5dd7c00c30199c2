// Package decode turns replies into samples. Replies stream through the matcher of a Program into a Table of rows; when the
// last reply of a module is in, rows with equal keys are merged and become samples. The package knows no module and no YANG:
// internal/module compiles them into a Program.
package decode

import (
	"hash/maphash"
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"
)

// Program is what a module's replies are decoded by. It is immutable and safe for concurrent use.
type Program struct {
	Metrics []*Metric // the metrics that the module can give

	root    *Node
	rows    []RowSpec // parents before what is nested in them
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
	Parent   int  // the row it is nested in, or -1
	Implicit bool // made for a leaf of an enclosing entry that is no row of its own
	Orders   int  // in how many paths it is listed
	Repeats  bool // rows and series that come again are no duplicates
	Limit    int  // rows beyond so many are left out; 0 is no limit
	Columns  int
	Key      []Leaf
	When     []Condition
	Labels   []Label // its own and inherited ones
	Start    *Value  // when counters began; nil: none
	Metrics  []RowMetric
	KeySets  []KeySet

	index  int
	blank  []cell // the cells of a row before any is filled
	isKey  []bool // by column
	within []bool // by spec: rows that a row of this kind may lie in
}

func (s *RowSpec) keyed() bool { return s.Implicit || len(s.Key) > 0 }

// owns reports whether the leaf is the row's own.
func (s *RowSpec) owns(leaf Leaf) bool { return len(leaf) > 0 && leaf[0].Row == s.index }

// Leaf names the columns where a leaf's text is kept: of the row itself or of a row above it. There are several where several
// paths lead to the row; the first that the row has is taken.
type Leaf []Column

// Column is a column of one kind of row.
type Column struct{ Row, Index int }

// Label is a row's label and where its text comes from.
type Label struct {
	Name  string
	Value Value
}

// RowMetric is a metric of a row.
type RowMetric struct {
	Metric  int // index into Program.Metrics
	Counter bool
	Sum     bool  // numbers of rows with the same key labels are added up
	KeySet  int   // index into RowSpec.KeySets
	Info    []int // row label of each of the metric's value labels, -1 where the row has none
	Value   Value
}

// KeySet is a set of key labels that metrics of a row share: it names the entity that they are about.
type KeySet struct {
	Names  []*string
	Labels []int // row labels, in the order of Names
}

// Node is a node of the matcher: where one or several paths of the module lead.
type Node struct {
	Children map[string][]Edge // by local name
	Rows     []RowStart
	Captures []Capture
	Error    bool // the element reports an error inside a reply that is good otherwise
}

// Edge leads to a node in one namespace, which may be a pattern.
type Edge struct {
	Namespace string
	To        *Node
}

// RowStart says that a row begins at a node.
type RowStart struct {
	Row   int
	Order int // which of the row's paths leads here
}

// Capture says that a node's text (or attribute) is a cell of an open row.
type Capture struct {
	Column
	Attribute string
}

// NewProgram returns a program of a matcher and its rows. All indexes in them have to be valid.
func NewProgram(root *Node, rows []RowSpec, lookups []Lookup, metrics []*Metric) *Program {
	for i := range rows {
		rows[i].prepare(i, rows)
	}
	return &Program{Metrics: metrics, root: root, rows: rows, lookups: lookups, seed: maphash.MakeSeed()}
}

// prepare works out what follows from the rest: among others in which rows a row may lie, which are those it is nested in and
// all implicit ones.
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
	for i := range s.Metrics {
		s.Metrics[i].Value.prepare()
	}
	if s.Start != nil {
		s.Start.prepare()
	}
}

// Table returns a table for one read of the module; Release gives it back.
func (p *Program) Table(limits Limits) *Table {
	t, ok := p.tables.Get().(*Table)
	if !ok {
		t = &Table{program: p}
	}
	t.begin(limits)
	return t
}
