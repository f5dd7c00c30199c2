// Package module is the engine that turns replies into samples. A module (config.Module) is compiled once into a matcher of
// all its paths; replies stream through it into a table of rows; when a module's last reply is in, the rows become samples
// of the catalogue's metrics. No vendor and no model is named here: they are data.
package module

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Module is a compiled config.Module. It is immutable and safe for concurrent use.
type Module struct {
	Name       string
	Provides   string
	Preference int
	Untested   bool
	MaxAge     *time.Duration // nil: the target's
	Reads      []Read
	Metrics    []*Metric // the catalogue's metrics that the module can give

	requires   []requirement
	namespaces []string // distinct URIs and patterns
	root       *node
	specs      []spec // parents before what is nested in them
	seed       maphash.Seed
	spare      atomic.Pointer[Table] // one that stays; the others go with the garbage
	tables     sync.Pool
}

// Metric is a catalogue entry made ready.
type Metric struct {
	Name string
	Help string
	Type dto.MetricType
	Keys []string // key labels, sorted
	Info []string // value labels, sorted

	entry *config.Metric
}

// Labels are the names of all the metric's labels, sorted.
func (m *Metric) Labels() []string {
	all := slices.Concat(m.Keys, m.Info)
	slices.Sort(all)
	return all
}

// spec describes one kind of row.
type spec struct {
	parent   int  // the row it is nested in, or -1
	implicit bool // made for a leaf of an enclosing entry that is no row of its own
	orders   int  // in how many paths it is listed
	repeats  bool // rows and series that come again are no duplicates
	columns  int
	blank    []cell // the cells of a row before any is filled
	isKey    []bool // by column
	key      []ref
	when     []condition
	labels   []label // its own and inherited ones
	start    *value  // nil: none
	metrics  []rowMetric
	keysets  []keyset
	within   []bool // by spec: rows that a row of this kind may lie in
	index    int
}

func (s *spec) keyed() bool { return s.implicit || len(s.key) > 0 }

// owns reports whether the leaf is the row's own.
func (s *spec) owns(leaf ref) bool { return len(leaf) > 0 && leaf[0].spec == s.index }

// label is a row's label and where its text comes from.
type label struct {
	name  string
	value value
}

// rowMetric is a metric of a row.
type rowMetric struct {
	metric  int // index into Module.Metrics
	counter bool
	keyset  int
	info    []int // row label of each of the metric's value labels, -1 where the row has none
	value   value
}

// keyset is a set of key labels that metrics of a row share: it names the thing that they are about.
type keyset struct {
	names  []*string
	labels []int // row labels, in the order of names
}

// node is a place in a reply that the module looks at.
type node struct {
	children map[string][]edge // by local name
	rows     []opening
	cells    []capture
	failure  bool // an error inside a reply that is good otherwise
}

type edge struct {
	ns int // index into Module.namespaces
	to *node
}

// opening says that a row begins at a node.
type opening struct {
	spec  int
	order int
}

// capture says that a node's text (or attribute) is a cell of an open row.
type capture struct {
	column
	attribute string
}

// Table returns a table for one read of the module; Release gives it back.
func (m *Module) Table(limits Limits) *Table {
	t := m.spare.Swap(nil)
	if t == nil {
		t, _ = m.tables.Get().(*Table)
	}
	if t == nil {
		t = &Table{module: m}
	}
	t.begin(limits)
	return t
}
