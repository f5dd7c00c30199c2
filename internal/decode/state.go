package decode

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/netconf-exporter/netconf_exporter/internal/glob"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// state is a state of the matcher: the nodes that match the open elements of a reply, and what to do there. Devices repeat the same
// tags in the same order, for each list entry and in each read. So names and namespaces are matched only once for each start tag;
// after that its octets find the next state.
type state struct {
	nodes      []*Node
	envelope   int // how many of rpc-reply and data are open; -1 inside of them
	rows       []RowStart
	texts      []Column // the columns that take the element's text
	attributes []Capture
	error      bool // the element is an error

	transitions []transition   // by child element, in the order in which they came first
	byTag       map[string]int // index into transitions
	expected    int            // the transition that comes next if the order is as before

	// Of a leaf.
	leaf    bool // only its text is wanted
	name    string
	index   int    // of the transition to it
	nextTag []byte // what followed it the last time: white space and the start tag of another leaf
	next    *state // of that leaf
}

// transition leads from one state to another by a start tag.
type transition struct {
	tag string
	to  *state // nil: no path matches
}

// Bounds of the states and transitions that a table keeps, in octets.
const (
	maxCacheSize   = 1 << 20 // of all together
	stateSize      = 512     // of one state, about
	transitionSize = 128     // of one transition, without its tag
	maxNextTag     = 256
)

// newState returns the state of these nodes together.
func newState(nodes []*Node, envelope int) *state {
	s := &state{nodes: nodes, envelope: envelope}
	for _, n := range nodes {
		s.rows = append(s.rows, n.Rows...)
		s.error = s.error || n.Error
		for _, c := range n.Captures {
			if c.Attribute == "" {
				s.texts = append(s.texts, c.Column)
			} else {
				s.attributes = append(s.attributes, c)
			}
		}
	}
	s.leaf = len(s.texts) > 0 && len(s.rows) == 0 && len(s.attributes) == 0 && !s.error
	return s
}

// follow returns the state of the element whose Start was just read; nil if no path matches.
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

// decodeLeaves decodes a leaf whose Start was just read, and the leaves after it while they come in the same order as the last time.
// It returns false if the leaf is not plain text that is at hand. Most of a reply is decoded here.
func (t *Table) decodeLeaves(parent, leaf *state) bool {
	t.rememberNext(leaf)
	if !t.scanner.Leaf() {
		return false
	}
	t.storeLeaf(leaf)
	for leaf.next != nil && t.scanner.LeafAfter(leaf.nextTag, leaf.next.name) {
		leaf = leaf.next
		t.storeLeaf(leaf)
	}
	parent.expected = leaf.index + 1
	t.lastLeaf, t.lastLeafEnd = leaf, t.scanner.Offset()
	return true
}

// storeLeaf stores the text of a leaf.
func (t *Table) storeLeaf(leaf *state) {
	from := len(t.text)
	if !t.appendText(from) {
		return
	}
	for _, c := range leaf.texts {
		t.setCell(c, from, len(t.text))
	}
}

// rememberNext notes that a leaf follows the last one, if only white space is between them.
func (t *Table) rememberNext(leaf *state) {
	if t.lastLeaf == nil || t.cacheSize >= maxCacheSize || t.otherAttributes() {
		return
	}
	tag := t.scanner.Since(t.lastLeafEnd)
	space := len(tag) - len("<>") - len(t.scanner.Tag())
	if space < 0 || len(tag) > maxNextTag || len(bytes.TrimLeft(tag[:space], " \t\r\n")) > 0 {
		return
	}
	if leaf.name == "" {
		leaf.name = string(t.scanner.Name())
	}
	t.lastLeaf.nextTag, t.lastLeaf.next = append(t.lastLeaf.nextTag[:0], tag...), leaf
}

// otherAttributes reports whether the tag has attributes that are not declarations of namespaces.
func (t *Table) otherAttributes() bool {
	return slices.ContainsFunc(t.scanner.Attrs(), func(a xmlscan.Attr) bool {
		_, declares := a.Declares()
		return !declares
	})
}

// tagKey returns what identifies a transition: the start tag without its attributes, but with its declarations of namespaces.
func (t *Table) tagKey() []byte {
	if !t.otherAttributes() {
		return t.scanner.Tag()
	}
	t.tagBuffer = append(append(t.tagBuffer[:0], t.scanner.Name()...), '>') // no tag has a > there
	for _, a := range t.scanner.Attrs() {
		if _, declares := a.Declares(); declares {
			t.tagBuffer = strconv.AppendQuote(strconv.AppendQuote(t.tagBuffer, string(a.Name)), string(a.Value))
		}
	}
	return t.tagBuffer
}

// resolve matches the name and the namespace of an element. Outside of all paths stand rpc-reply and then data; either of them may
// be missing.
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
