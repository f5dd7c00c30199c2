package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// find returns the node at a path of the form /MODULE:NODE/NODE (RFC 7951): with a prefix where the namespace changes. A prefix is the
// name of a YANG module, or the prefix that the module defines.
func (s *schema) find(path string) (*yang.Entry, error) {
	module, err := moduleOf(path)
	if err != nil {
		return nil, err
	}
	here := yang.ToEntry(s.modules.Modules[module])
	name := "YANG module " + module
	for i, part := range strings.Split(strings.TrimSuffix(path, "/")[1:], "/") {
		if strings.ContainsAny(part, "[]") {
			return nil, fmt.Errorf("path %s: a path without [ ] is needed; it means all entries of a list", path)
		}
		prefix, local, prefixed := strings.Cut(part, ":")
		if !prefixed {
			prefix, local = "", part
		}
		if i == 0 && !prefixed {
			local = "" // a module without a node; the error lists its nodes
		}
		below := children(here)
		at := slices.IndexFunc(below, func(e *yang.Entry) bool { return e.Name == local && s.named(e, prefix) })
		if same := slices.IndexFunc(below, func(e *yang.Entry) bool { return e.Name == local && namespace(e) == namespace(here) }); prefix == "" && same >= 0 {
			at = same // the node of the same namespace, where another module adds one of that name
		}
		if at < 0 {
			if i == 0 && len(below) == 0 {
				return nil, fmt.Errorf("path %s: %s", path, s.augmentsOnly(module))
			}
			return nil, fmt.Errorf("path %s: %s", path, noSuchNode(name, local, module, below))
		}
		here, name = below[at], below[at].Name
	}
	return here, nil
}

// named tells whether a prefix of a path stands for the YANG module of a node. An empty one always does.
func (s *schema) named(e *yang.Entry, prefix string) bool {
	if prefix == "" {
		return true
	}
	m := s.module(namespace(e))
	return m != nil && (m.Name == prefix || m.GetPrefix() == prefix)
}

// augmentsOnly says what to read in place of a module without data nodes of its own.
func (s *schema) augmentsOnly(module string) string {
	text := "YANG module " + module + " has no data nodes of its own"
	var tops []string
	for _, a := range s.modules.Modules[module].Augment {
		first, _, _ := strings.Cut(strings.TrimPrefix(a.Name, "/"), "/")
		prefix, node, _ := strings.Cut(first, ":")
		if m := yang.FindModuleByPrefix(a, prefix); m != nil && node != "" {
			if top := "/" + m.Name + ":" + node; !slices.Contains(tops, top) {
				tops = append(tops, top)
			}
		}
	}
	if len(tops) == 0 {
		return text
	}
	return text + "; it adds to " + strings.Join(tops, " and ") + ": read that"
}

func noSuchNode(name, local, module string, below []*yang.Entry) string {
	var names []string
	for _, e := range below {
		names = append(names, e.Name)
	}
	has := "nothing is below it"
	if len(names) > 0 {
		has = "it has " + strings.Join(names, ", ")
	}
	if local == "" {
		return fmt.Sprintf("say which node of %s is meant, as in /%s:NODE; %s", name, module, has)
	}
	return fmt.Sprintf("%s has no node %s; %s", name, local, has)
}

// children returns the data nodes below a node, in the order of the YANG. Choices and cases are not data nodes (RFC 7950, section 7.9).
// Nodes whose names have the same words, such as a-b and A-B, are in the order of their names: the first one gets the plain metric name,
// which must not change with the order of the YANG.
func children(e *yang.Entry) (below []*yang.Entry) {
	for _, child := range e.Dir {
		switch {
		case child.IsChoice(), child.IsCase():
			below = append(below, children(child)...)
		case child.RPC == nil && (child.Kind == yang.LeafEntry || child.Kind == yang.DirectoryEntry ||
			child.Kind == yang.AnyDataEntry || child.Kind == yang.AnyXMLEntry):
			below = append(below, child)
		}
	}
	slices.SortFunc(below, func(a, b *yang.Entry) int {
		fileA, lineA := location(a)
		fileB, lineB := location(b)
		return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(a.Name, b.Name))
	})
	for i := range below {
		for j := range i {
			a, b := below[j], below[i]
			if (a.Name > b.Name || a.Name == b.Name && namespace(a) > namespace(b)) && slices.Equal(split(a.Name), split(b.Name)) {
				below[i], below[j] = a, b
			}
		}
	}
	return below
}

// location returns where a node is defined.
func location(e *yang.Entry) (file string, line int) {
	if e.Node == nil || e.Node.Statement() == nil {
		return "", 0
	}
	return splitLocation(e.Node.Statement())
}

// splitLocation splits the location of a statement.
func splitLocation(s *yang.Statement) (file string, line int) {
	parts := strings.Split(s.Location(), ":")
	if len(parts) < 3 {
		return "", 0
	}
	line, _ = strconv.Atoi(parts[len(parts)-2])
	return strings.Join(parts[:len(parts)-2], ":"), line
}

// parent returns the data node that encloses a node; nil if there is none.
func parent(e *yang.Entry) *yang.Entry {
	for e = e.Parent; e != nil && (e.IsChoice() || e.IsCase()); {
		e = e.Parent
	}
	if e == nil || e.Parent == nil { // a module
		return nil
	}
	return e
}

// namespace returns the URI of a node's namespace.
func namespace(e *yang.Entry) string {
	if v := e.Namespace(); v != nil {
		return v.Name
	}
	return ""
}

// inside tells whether a node is another one or lies below it.
func inside(e, other *yang.Entry) bool {
	for ; e != nil; e = parent(e) {
		if e == other {
			return true
		}
	}
	return false
}

// target returns the leaf that a leafref refers to, directly or by other leafrefs; nil if there is none.
func target(e *yang.Entry) *yang.Entry {
	for range 16 { // leafrefs may form a cycle
		if e == nil || e.Type == nil || e.Type.Kind != yang.Yleafref {
			return e
		}
		e = follow(e, e.Type.Path)
	}
	return nil
}

// follow returns the node at a leafref's path (RFC 7950, section 9.9.2). It ignores predicates.
func follow(from *yang.Entry, path string) *yang.Entry {
	for strings.Contains(path, "[") {
		before, rest, _ := strings.Cut(path, "[")
		_, after, closed := strings.Cut(rest, "]")
		if !closed {
			return nil
		}
		path = before + after
	}
	path = strings.ReplaceAll(strings.ReplaceAll(path, " ", ""), "\n", "")
	here, top := from, false
	if strings.HasPrefix(path, "/") {
		first, _, _ := strings.Cut(path[1:], "/")
		prefix, _, _ := strings.Cut(first, ":")
		m := yang.FindModuleByPrefix(from.Node, prefix)
		if m == nil {
			return nil
		}
		if m.BelongsTo != nil {
			m = m.Modules.Modules[m.BelongsTo.Name]
		}
		here, top, path = yang.ToEntry(m), true, path[1:]
	}
	for _, part := range strings.Split(path, "/") {
		switch {
		case here == nil:
			return nil
		case part == "..":
			here = parent(here)
			continue
		case part == ".", part == "current()":
			continue
		}
		_, local, prefixed := strings.Cut(part, ":")
		if !prefixed {
			local = part
		}
		below := children(here)
		at := slices.IndexFunc(below, func(e *yang.Entry) bool { return e.Name == local })
		if at < 0 {
			return nil
		}
		here = below[at]
	}
	if top && here.Parent == nil {
		return nil
	}
	return here
}
