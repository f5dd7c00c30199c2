package simulator

import "iter"

// element is a node of a device's data. A leaf without text is one that the device does not have.
type element struct {
	space, name string
	declare     string // namespace declarations that the text needs, as they stand in the start tag
	text        []byte
	children    []*element
	keys        int                // how many of the first children are a list entry's keys
	entries     iter.Seq[*element] // in place of children: entries of a list, each good until the next
}

func leaf(space, name, text string) *element {
	return &element{space: space, name: name, text: []byte(text)}
}

func container(space, name string, children ...*element) *element {
	return &element{space: space, name: name, children: children}
}

// entry is a list entry with its one key.
func entry(space, name string, children ...*element) *element {
	return &element{space: space, name: name, children: children, keys: 1}
}

func (e *element) isLeaf() bool { return e.children == nil && e.entries == nil }

// append appends the element inside one of namespace outer, as far as the filters select it; all of them match its name
// (see matching). None is everything. A container of which nothing is selected leaves no trace.
func (e *element) append(b []byte, outer string, filters []*request) []byte {
	if e.isLeaf() {
		if len(e.text) == 0 {
			return b
		}
		b = appendEscaped(e.appendStart(b, outer), e.text)
		return e.appendEnd(b)
	}
	inner, whole := e.narrow(filters)
	if !whole && len(inner) == 0 {
		return b
	}
	start, found := len(b), false
	b = e.appendStart(b, outer)
	for i, child := range e.children {
		before := len(b)
		if b = child.appendSelected(b, e.space, inner, whole); len(b) > before {
			found = true
		} else if i < e.keys { // keys come along, but do not count
			b = child.append(b, e.space, nil)
		}
	}
	if e.entries != nil {
		before := len(b)
		b = e.appendEntries(b, inner, whole)
		found = found || len(b) > before
	}
	if !found {
		return b[:start]
	}
	return e.appendEnd(b)
}

// appendEntries stands by itself because a loop over a function moves b to the heap, which append cannot afford.
func (e *element) appendEntries(b []byte, filters []*request, whole bool) []byte {
	for entry := range e.entries {
		b = entry.appendSelected(b, e.space, filters, whole)
	}
	return b
}

// appendSelected appends the element if it is wanted whole, or as far as those of the filters that name it select it.
func (e *element) appendSelected(b []byte, outer string, filters []*request, whole bool) []byte {
	if whole {
		return e.append(b, outer, nil)
	}
	if matching := e.matching(filters); len(matching) > 0 {
		return e.append(b, outer, matching)
	}
	return b
}

func (e *element) appendStart(b []byte, outer string) []byte {
	b = append(append(b, '<'), e.name...)
	if e.space != outer {
		b = append(append(append(b, ` xmlns="`...), e.space...), '"')
	}
	return append(append(b, e.declare...), '>')
}

func (e *element) appendEnd(b []byte) []byte {
	return append(append(append(b, "</"...), e.name...), '>')
}

// appendEscaped appends text so that it may stand between tags or in double quotes.
func appendEscaped(b, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '"':
			b = append(b, "&quot;"...)
		default:
			b = append(b, c)
		}
	}
	return b
}
