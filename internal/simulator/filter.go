package simulator

// Subtree filters, RFC 6241 section 6. A filter consists of elements of the request. An element without content selects, an element
// with text must equal the leaf of its name, and an element with children contains both kinds.

// matching returns the filters that name the element. A filter without a namespace matches every one, as on real servers.
func (e *element) matching(filters []*request) []*request {
	var found []*request
	for i, f := range filters {
		if f.name.Local != e.name || f.name.Space != e.space && f.name.Space != "" {
			continue
		}
		if e.isLeaf() {
			return filters[i : i+1] // one is as good as several
		}
		found = append(found, f)
	}
	return found
}

// narrow returns the filters for the children of a container or list entry, or true if it is selected as a whole.
func (e *element) narrow(filters []*request) (inner []*request, whole bool) {
	if filters == nil {
		return nil, true
	}
	for _, f := range filters {
		if f.isSelection() {
			return nil, true
		}
		if !e.satisfies(f) {
			continue
		}
		whole := true // if there are only conditions, they select the whole entry
		for _, c := range f.children {
			whole = whole && c.isCondition()
		}
		if whole {
			return nil, true
		}
		if inner == nil {
			inner = f.children
		} else {
			inner = append(inner[:len(inner):len(inner)], f.children...)
		}
	}
	return inner, false
}

// satisfies reports whether the element has the leaves of a filter's content match nodes.
func (e *element) satisfies(f *request) bool {
	if len(f.children) == 0 { // a content match node, but the element is no leaf
		return false
	}
	for _, condition := range f.children {
		if !condition.isCondition() {
			continue
		}
		found := false
		for _, child := range e.children {
			if child.isLeaf() && string(child.text) == condition.text && len(child.matching([]*request{condition})) > 0 {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func (r *request) isSelection() bool { return len(r.children) == 0 && r.text == "" }
func (r *request) isCondition() bool { return len(r.children) == 0 && r.text != "" }
