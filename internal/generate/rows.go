package generate

import (
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// row is a list, or a container outside of lists, and what is exported of it.
type row struct {
	entry   *yang.Entry
	path    string
	keys    []keyLabel // its own, without those of the enclosing rows
	labels  []infoLabel
	metrics []*metric
	start   string // path of the leaf with the time when the counters began
	rows    []*row
	parent  *row
	omitted []omittedNode
}

// keyLabel is a key label.
type keyLabel struct {
	leaf, name string
	identity   bool
}

// infoLabel is a label of the row's info metric.
type infoLabel struct {
	leaf, name, kind, note string
}

// metric is a metric of a row, with its catalogue entry.
type metric struct {
	entry   *yang.Entry // its leaf; the row's for an info metric
	name    string
	help    string
	leaf    string
	meaning meaning
	base    string // base unit
	scale   float64
	offset  float64
	info    bool
	note    string // the YANG's conditions
	row     *row
}

// omittedNode is a node that is not exported.
type omittedNode struct{ path, why string }

const (
	whyConfig   = "configuration, not state"
	whyList     = "a leaf-list: several values, where a sample or a label takes one"
	whyNoKey    = "a list without a key: nothing tells its entries apart"
	whyAny      = "anydata or anyxml: its content is not described"
	whyObsolete = "obsolete"
	whyKey      = "the same as the key"
)

// allKeyLabels returns the key labels of the row, those of the enclosing rows first.
func (r *row) allKeyLabels() (names []string) {
	for ; r != nil; r = r.parent {
		var own []string
		for _, k := range r.keys {
			own = append(own, k.name)
		}
		names = append(own, names...)
	}
	return names
}

// keyLeaves returns the keys of the row's list, in their order.
func (r *row) keyLeaves() (leaves []*yang.Entry) {
	for _, name := range strings.Fields(r.entry.Key) {
		if leaf := r.entry.Dir[name[strings.IndexByte(name, ':')+1:]]; leaf != nil {
			leaves = append(leaves, leaf)
		}
	}
	return leaves
}

// builder makes rows of the selected nodes of a schema.
type builder struct {
	schema       *schema
	selected     []*yang.Entry
	kinds        map[string]string // of labels: a label has the same kind in all metrics of the catalogue
	rows         []*row
	wanted       map[*yang.Entry]bool // leaves that are exported
	prefixes     map[string]string    // by namespace, of those in use
	descriptions bool                 // descriptions in the configuration are labels
}

// build makes the rows of all nodes at and below the paths.
func (b *builder) build(paths []string) error {
	for _, path := range paths {
		e, err := b.schema.find(path)
		if err != nil {
			return err
		}
		b.selected = append(b.selected, e)
	}
	var tops []*yang.Entry
	for _, e := range b.selected {
		for parent(e) != nil {
			e = parent(e)
		}
		if !slices.Contains(tops, e) {
			tops = append(tops, e)
		}
	}
	for _, top := range tops {
		if top.IsList() {
			b.list(top, nil)
			continue
		}
		r := &row{entry: top, path: b.path(nil, top)}
		at := len(b.rows)
		b.node(top, r)
		if len(r.metrics)+len(r.labels) > 0 {
			b.infoMetric(r)
			b.rows = slices.Insert(b.rows, at, r)
		} else if len(r.omitted) > 0 && at < len(b.rows) { // list them at the next row
			b.rows[at].omitted = append(r.omitted, b.rows[at].omitted...)
		} else if len(r.omitted) > 0 {
			b.rows = append(b.rows, r)
		}
	}
	return nil
}

// isSelected tells whether a node is selected, or one that encloses it; leadsToSelected whether one below it is.
func (b *builder) isSelected(e *yang.Entry) bool {
	return slices.ContainsFunc(b.selected, func(s *yang.Entry) bool { return inside(e, s) })
}

func (b *builder) leadsToSelected(e *yang.Entry) bool {
	return slices.ContainsFunc(b.selected, func(s *yang.Entry) bool { return inside(s, e) })
}

// node adds a node to its row.
func (b *builder) node(e *yang.Entry, r *row) {
	switch {
	case !b.isSelected(e) && !b.leadsToSelected(e):
	case status(e) == "obsolete":
		b.omit(r, e, whyObsolete)
	case e.Kind == yang.AnyDataEntry || e.Kind == yang.AnyXMLEntry:
		b.omit(r, e, whyAny)
	case e.IsLeafList():
		if e.ReadOnly() {
			b.omit(r, e, whyList)
		} else {
			b.omit(r, e, whyConfig)
		}
	case e.IsLeaf():
		b.leaf(e, r)
	case e != r.entry && !hasState(e) && !(b.descriptions && hasDescription(e)):
		b.omit(r, e, whyConfig)
	case e != r.entry && e.IsList():
		b.list(e, r)
	default:
		for _, child := range children(e) {
			b.node(child, r)
		}
	}
}

// list makes a row of a list. If the list is in another list, the row is nested in that one's.
func (b *builder) list(e *yang.Entry, in *row) {
	var around *row
	if in != nil && in.entry.IsList() {
		around = in
	}
	if e.Key == "" {
		if in == nil {
			in = &row{entry: e, path: b.path(nil, e)}
			b.rows = append(b.rows, in)
		}
		b.omit(in, e, whyNoKey)
		return
	}
	r := &row{entry: e, parent: around}
	if around != nil {
		r.path = b.path(around.entry, e)
	} else {
		r.path = b.path(nil, e)
	}
	keys := r.keyLeaves()
	for _, leaf := range keys {
		b.wanted[leaf] = true
		r.keys = append(r.keys, keyLabel{b.path(e, leaf), b.keyName(r, leaf), classify(leaf).kind == "identity"})
	}
	for _, child := range children(e) {
		if !slices.Contains(keys, child) {
			b.node(child, r)
		}
	}
	b.infoMetric(r)
	if around != nil {
		around.rows = append(around.rows, r)
	} else {
		b.rows = append(b.rows, r)
	}
}

// leaf adds a leaf to its row, as a metric or a label.
func (b *builder) leaf(e *yang.Entry, r *row) {
	path := b.path(r.entry, e)
	if !e.ReadOnly() {
		if b.descriptions && e.Name == "description" && r.entry.IsList() {
			b.wanted[e] = true
			r.labels = append(r.labels, infoLabel{path, b.labelName(r, e, "text"), "text", "configuration"})
			return
		}
		b.omit(r, e, whyConfig)
		return
	}
	if b.mirrorsKey(e, r) {
		b.omit(r, e, whyKey)
		return
	}
	m := classify(e)
	if m.class == omitted {
		b.omit(r, e, m.why)
		return
	}
	b.wanted[e] = true
	if m.class == label {
		r.labels = append(r.labels, infoLabel{path, b.labelName(r, e, m.kind), m.kind, conditions(e, r.entry)})
		return
	}
	made := &metric{entry: e, leaf: path, meaning: m, scale: 1, note: conditions(e, r.entry), row: r}
	made.findUnit()
	if m.class == timestamp && strings.Contains(e.Name, "discontinuity") {
		r.start = path
	}
	r.metrics = append(r.metrics, made)
}

// infoMetric adds the metric that has the row's labels. A list without metrics gets one too, to show its entries.
func (b *builder) infoMetric(r *row) {
	if len(r.labels) == 0 && (len(r.metrics)+len(r.rows) > 0 || !r.entry.IsList()) {
		return
	}
	leaf := "."
	if len(r.keys) > 0 {
		leaf = r.keys[0].leaf
	}
	r.metrics = slices.Insert(r.metrics, 0, &metric{entry: r.entry, leaf: leaf, info: true, scale: 1, row: r})
}

// mirrorsKey tells whether a leaf has the same value as a key of its list: the key refers to it, as in OpenConfig, or it refers to the
// key. A reference to the key of another entry does not count.
func (b *builder) mirrorsKey(e *yang.Entry, r *row) bool {
	depth := 0
	for up := e; up != nil && up != r.entry; up = parent(up) {
		depth++
	}
	return slices.ContainsFunc(r.keyLeaves(), func(key *yang.Entry) bool {
		if target(key) == e {
			return true
		}
		return e.Type != nil && e.Type.Kind == yang.Yleafref && strings.HasPrefix(e.Type.Path, "..") &&
			strings.Count(e.Type.Path, "..") <= depth && target(e) == target(key)
	})
}

func (b *builder) omit(r *row, e *yang.Entry, why string) {
	path := b.path(r.entry, e)
	if e == r.entry {
		path = e.Name
	}
	r.omitted = append(r.omitted, omittedNode{path, why})
}
