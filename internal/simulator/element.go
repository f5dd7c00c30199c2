package simulator

import "iter"

// element is a node of a device's data. A leaf without text does not exist on the device.
type element struct {
	space, name string
	declare     string // namespace declarations that the text needs, as attributes of the start tag
	text        []byte
	children    []*element
	keys        int                // how many of the first children are a list entry's keys
	entries     iter.Seq[*element] // instead of children: entries of a list, each valid until the next one
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

// append appends the parts of the element that the filters select, or all of it without filters. All filters match its name (see
// matching); outer is the namespace of its parent. It appends nothing for a container of which nothing is selected.
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
		} else if i < e.keys { // keys are part of each entry, but select nothing
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

// appendEntries is not part of append, because a loop over an iterator moves b to the heap, which would make append slow.
func (e *element) appendEntries(b []byte, filters []*request, whole bool) []byte {
	for entry := range e.entries {
		b = entry.appendSelected(b, e.space, filters, whole)
	}
	return b
}

// appendSelected appends the whole element, or the parts that the filters of its name select.
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

// appendEscaped appends text, escaped for content and for attributes in double quotes.
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
