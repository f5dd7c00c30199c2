package decode

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/netconf-exporter/netconf_exporter/internal/glob"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// place is where in a reply an element can be, as far as the paths tell: which nodes lead there together, and what that means.
// Devices repeat the same tags in the same order, list entry after list entry and read after read. So what a tag leads to is
// worked out once, namespaces and all, and recognised by its octets from then on.
type place struct {
	nodes      []*Node
	envelope   int // of the start 0, of what is rpc-reply or data how many of those it lies in, itself included; of others -1
	rows       []RowStart
	texts      []Column // cells that the element's text is
	attributes []Capture
	failure    bool

	ways  []way // to the elements inside, in the order in which they first came
	byTag map[string]int
	next  int // the way that is expected

	// Of a leaf, what came after it the last time: white space and the start tag of another one.
	leaf  bool // nothing but text of it is wanted
	name  string
	order int // its way's index
	lead  []byte
	then  *place
}

// way is a start tag and what it leads to.
type way struct {
	tag string
	to  *place // nil: no path leads there
}

// Bounds of what a table remembers, in octets.
const (
	maxLearned = 1 << 20 // in all
	placeSize  = 512     // of a place, about
	waySize    = 128     // of a way without its tag
	maxLead    = 256
)

func newPlace(nodes []*Node, envelope int) *place {
	p := &place{nodes: nodes, envelope: envelope}
	for _, n := range nodes {
		p.rows = append(p.rows, n.Rows...)
		p.failure = p.failure || n.Error
		for _, c := range n.Captures {
			if c.Attribute == "" {
				p.texts = append(p.texts, c.Column)
			} else {
				p.attributes = append(p.attributes, c)
			}
		}
	}
	p.leaf = len(p.texts) > 0 && len(p.rows) == 0 && len(p.attributes) == 0 && !p.failure
	return p
}

// follow goes from a place into the element whose Start was just read; nil if no path leads there.
func (t *Table) follow(from *place) *place {
	tag := t.tag()
	if i := from.next; i < len(from.ways) && from.ways[i].tag == string(tag) {
		from.next++
		return from.ways[i].to
	}
	if i, ok := from.byTag[string(tag)]; ok {
		from.next = i + 1
		return from.ways[i].to
	}
	to := t.resolve(from)
	if t.learned >= maxLearned {
		return to
	}
	known := way{string(tag), to}
	t.learned += waySize + len(tag)
	if to != nil {
		t.learned += placeSize
		to.order = len(from.ways)
	}
	if from.byTag == nil {
		from.byTag = map[string]int{}
	}
	from.byTag[known.tag] = len(from.ways)
	from.ways = append(from.ways, known)
	from.next = len(from.ways)
	return to
}

// leaves takes a leaf whose Start was just read, and those behind it for as long as they come as they did the last time; false if
// it is not that simple. Most of a reply is read here.
func (t *Table) leaves(parent, p *place) bool {
	t.expect(p)
	if !t.scanner.Leaf() {
		return false
	}
	t.leaf(p)
	for p.then != nil && t.scanner.LeafAfter(p.lead, p.then.name) {
		p = p.then
		t.leaf(p)
	}
	parent.next = p.order + 1
	t.last, t.lastEnd = p, t.scanner.Offset()
	return true
}

func (t *Table) leaf(p *place) {
	from := len(t.text)
	if !t.take(from) {
		return
	}
	for _, c := range p.texts {
		t.set(c, from, len(t.text))
	}
}

// expect remembers that a leaf came right after the last one.
func (t *Table) expect(p *place) {
	if t.last == nil || t.learned >= maxLearned || t.otherAttributes() {
		return
	}
	lead := t.scanner.Since(t.lastEnd)
	space := len(lead) - len("<>") - len(t.scanner.Tag())
	if space < 0 || len(lead) > maxLead || len(bytes.TrimLeft(lead[:space], " \t\r\n")) > 0 {
		return
	}
	if p.name == "" {
		p.name = string(t.scanner.Name())
	}
	t.last.lead, t.last.then = append(t.last.lead[:0], lead...), p
}

// otherAttributes reports whether the tag has attributes that are not declarations of namespaces.
func (t *Table) otherAttributes() bool {
	return slices.ContainsFunc(t.scanner.Attrs(), func(a xmlscan.Attr) bool {
		_, declares := a.Declares()
		return !declares
	})
}

// tag is the start tag as far as it decides where it leads: without attributes, but for declarations of namespaces.
func (t *Table) tag() []byte {
	if !t.otherAttributes() {
		return t.scanner.Tag()
	}
	t.made = append(append(t.made[:0], t.scanner.Name()...), '>') // which no tag has there
	for _, a := range t.scanner.Attrs() {
		if _, declares := a.Declares(); declares {
			t.made = strconv.AppendQuote(strconv.AppendQuote(t.made, string(a.Name)), string(a.Value))
		}
	}
	return t.made
}

// resolve works out where an element leads: the paths' next steps, or further into the device's envelope, which is rpc-reply and
// then data. Either may be missing.
func (t *Table) resolve(from *place) *place {
	uri, local := t.scanner.Resolve(t.scanner.Name())
	if from.envelope == 0 && string(local) == "rpc-reply" || (from.envelope == 0 || from.envelope == 1) && string(local) == "data" {
		return newPlace(from.nodes, from.envelope+1)
	}
	var nodes []*Node
	for _, n := range from.nodes {
		for _, e := range n.Children[string(local)] {
			if glob.Match(e.Namespace, uri) {
				nodes = append(nodes, e.To)
			}
		}
	}
	if len(nodes) == 0 {
		return nil
	}
	return newPlace(nodes, -1)
}
