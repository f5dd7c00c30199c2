package decode

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/netconf-exporter/netconf_exporter/internal/glob"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// state is where in a reply an element can be, as far as the paths tell: which nodes lead there together, and what that means.
// Devices repeat the same tags in the same order, list entry after list entry and read after read. So what a tag leads to is
// worked out once, namespaces and all, and recognised by its octets from then on.
type state struct {
	nodes      []*Node
	envelope   int // of the start 0, of what is rpc-reply or data how many of those it lies in, itself included; of others -1
	rows       []RowStart
	texts      []Column // cells that the element's text is
	attributes []Capture
	error      bool

	transitions []transition // to the elements inside, in the order in which they first came
	byTag       map[string]int
	expected    int // the way that is expected

	// Of a leaf, what came after it the last time: white space and the start tag of another one.
	leaf    bool // nothing but text of it is wanted
	name    string
	index   int // its way's index
	nextTag []byte
	next    *state
}

// transition is a start tag and what it leads to.
type transition struct {
	tag string
	to  *state // nil: no path leads there
}

// Bounds of what a table remembers, in octets.
const (
	maxCacheSize   = 1 << 20 // in all
	stateSize      = 512     // of a place, about
	transitionSize = 128     // of a way without its tag
	maxNextTag     = 256
)

func newState(nodes []*Node, envelope int) *state {
	p := &state{nodes: nodes, envelope: envelope}
	for _, n := range nodes {
		p.rows = append(p.rows, n.Rows...)
		p.error = p.error || n.Error
		for _, c := range n.Captures {
			if c.Attribute == "" {
				p.texts = append(p.texts, c.Column)
			} else {
				p.attributes = append(p.attributes, c)
			}
		}
	}
	p.leaf = len(p.texts) > 0 && len(p.rows) == 0 && len(p.attributes) == 0 && !p.error
	return p
}

// follow goes from a place into the element whose Start was just read; nil if no path leads there.
func (t *Table) follow(from *state) *state {
	tag := t.tagKey()
	if i := from.expected; i < len(from.transitions) && from.transitions[i].tag == string(tag) {
		from.expected++
		return from.transitions[i].to
	}
	if i, ok := from.byTag[string(tag)]; ok {
		from.expected = i + 1
		return from.transitions[i].to
	}
	to := t.resolve(from)
	if t.cacheSize >= maxCacheSize {
		return to
	}
	known := transition{string(tag), to}
	t.cacheSize += transitionSize + len(tag)
	if to != nil {
		t.cacheSize += stateSize
		to.index = len(from.transitions)
	}
	if from.byTag == nil {
		from.byTag = map[string]int{}
	}
	from.byTag[known.tag] = len(from.transitions)
	from.transitions = append(from.transitions, known)
	from.expected = len(from.transitions)
	return to
}

// decodeLeaves takes a leaf whose Start was just read, and those behind it for as long as they come as they did the last time; false if
// it is not that simple. Most of a reply is read here.
func (t *Table) decodeLeaves(parent, p *state) bool {
	t.rememberNext(p)
	if !t.scanner.Leaf() {
		return false
	}
	t.storeLeaf(p)
	for p.next != nil && t.scanner.LeafAfter(p.nextTag, p.next.name) {
		p = p.next
		t.storeLeaf(p)
	}
	parent.expected = p.index + 1
	t.lastLeaf, t.lastLeafEnd = p, t.scanner.Offset()
	return true
}

func (t *Table) storeLeaf(p *state) {
	from := len(t.text)
	if !t.appendText(from) {
		return
	}
	for _, c := range p.texts {
		t.setCell(c, from, len(t.text))
	}
}

// rememberNext remembers that a leaf came right after the last one.
func (t *Table) rememberNext(p *state) {
	if t.lastLeaf == nil || t.cacheSize >= maxCacheSize || t.otherAttributes() {
		return
	}
	lead := t.scanner.Since(t.lastLeafEnd)
	space := len(lead) - len("<>") - len(t.scanner.Tag())
	if space < 0 || len(lead) > maxNextTag || len(bytes.TrimLeft(lead[:space], " \t\r\n")) > 0 {
		return
	}
	if p.name == "" {
		p.name = string(t.scanner.Name())
	}
	t.lastLeaf.nextTag, t.lastLeaf.next = append(t.lastLeaf.nextTag[:0], lead...), p
}

// otherAttributes reports whether the tag has attributes that are not declarations of namespaces.
func (t *Table) otherAttributes() bool {
	return slices.ContainsFunc(t.scanner.Attrs(), func(a xmlscan.Attr) bool {
		_, declares := a.Declares()
		return !declares
	})
}

// tagKey is the start tag as far as it decides where it leads: without attributes, but for declarations of namespaces.
func (t *Table) tagKey() []byte {
	if !t.otherAttributes() {
		return t.scanner.Tag()
	}
	t.tagBuffer = append(append(t.tagBuffer[:0], t.scanner.Name()...), '>') // which no tag has there
	for _, a := range t.scanner.Attrs() {
		if _, declares := a.Declares(); declares {
			t.tagBuffer = strconv.AppendQuote(strconv.AppendQuote(t.tagBuffer, string(a.Name)), string(a.Value))
		}
	}
	return t.tagBuffer
}

// resolve works out where an element leads: the paths' next steps, or further into the device's envelope, which is rpc-reply and
// expected data. Either may be missing.
func (t *Table) resolve(from *state) *state {
	uri, local := t.scanner.Resolve(t.scanner.Name())
	if from.envelope == 0 && string(local) == "rpc-reply" || (from.envelope == 0 || from.envelope == 1) && string(local) == "data" {
		return newState(from.nodes, from.envelope+1)
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
	return newState(nodes, -1)
}
