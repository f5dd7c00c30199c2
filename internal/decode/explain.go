package decode

import (
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// Bounds of an explanation.
const (
	maxUnread    = 400 // names of elements that no path matches
	maxLeftOut   = 200 // groups of values that were left out
	maxOfSubject = 8   // groups of one metric
	maxListed    = 20  // names in a line
	maxQuoted    = 100 // octets of a device's text
)

// explainer notes what of the replies matched nothing, and which values were left out. There is one only if somebody asks.
type explainer struct {
	program  *Program
	elements map[*Node]int            // how many elements were at a node that is no leaf
	unread   map[*Node]map[string]int // elements below a node that no path matches, by namespace and name
	names    int                      // in unread
	dropped  int                      // names over the bound

	left      map[leftOut]*leftOutGroup
	order     []leftOut
	bySubject map[string]int
}

// leftOut is what values that were left out have in common.
type leftOut struct {
	subject string // a metric, or rows
	text    string
	why     string
}

type leftOutGroup struct {
	count   int
	example string // the key labels of the first one
}

// Explain makes the Result of this read explain itself.
func (t *Table) Explain() {
	t.explain = &explainer{
		program:  t.program,
		elements: map[*Node]int{}, unread: map[*Node]map[string]int{}, left: map[leftOut]*leftOutGroup{}, bySubject: map[string]int{},
	}
}

// opened notes an element that is on a path.
func (x *explainer) opened(s *state) {
	if s.envelope >= 0 {
		return
	}
	for _, n := range s.nodes {
		x.elements[n]++
	}
}

// skipped notes an element that no path matches. The scanner has just read its start tag.
func (x *explainer) skipped(parent *state, scanner *xmlscan.Scanner) {
	if len(parent.nodes) == 0 {
		return
	}
	uri, local := scanner.Resolve(scanner.Name())
	name := clip(string(uri)) + "\x00" + clip(string(local))
	n := parent.nodes[0]
	below := x.unread[n]
	if below == nil {
		below = map[string]int{}
		x.unread[n] = below
	}
	if _, known := below[name]; !known {
		if x.names >= maxUnread {
			x.dropped++
			return
		}
		x.names++
	}
	below[name]++
}

// add notes that a value was left out. example tells which one, where that is known.
func (x *explainer) add(what leftOut, example string) {
	group := x.left[what]
	if group == nil && (x.bySubject[what.subject] >= maxOfSubject || len(x.order) >= maxLeftOut) {
		what.text, what.why = "other values", ""
		if len(x.order) >= maxLeftOut {
			what.subject = "other metrics and rows"
		}
		group = x.left[what]
	}
	if group == nil {
		group = &leftOutGroup{example: example}
		x.left[what] = group
		x.order = append(x.order, what)
		x.bySubject[what.subject]++
	}
	group.count++
}

// clip cuts a device's text.
func clip(text string) string {
	if len(text) > maxQuoted {
		return text[:lastRune([]byte(text), maxQuoted)] + cutMark
	}
	return text
}
