package generate

import (
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// path is the path of a node from another one that it lies in, or from the top for nil, with a prefix where the namespace
// changes (RFC 7951, section 4).
func (b *builder) path(from, e *yang.Entry) string {
	var steps []string
	for up := e; up != from && up != nil; up = parent(up) {
		step := up.Name
		if above := parent(up); above == nil || namespace(above) != namespace(up) {
			step = b.prefix(namespace(up)) + ":" + step
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		return "."
	}
	slices.Reverse(steps)
	path := strings.Join(steps, "/")
	if from == nil {
		path = "/" + path
	}
	return path
}

// prefix is what a namespace is called in the module's paths: the prefix that its own module gives itself, or that module's
// name where another module took it.
func (b *builder) prefix(namespace string) string {
	if prefix, ok := b.prefixes[namespace]; ok {
		return prefix
	}
	prefix := "ns"
	if m := b.schema.module(namespace); m != nil {
		prefix = m.GetPrefix()
		for _, taken := range b.prefixes {
			if taken == prefix {
				prefix = m.Name
				break
			}
		}
	}
	b.prefixes[namespace] = prefix
	return prefix
}

// hasState tells whether there is state to export in or below a node.
func hasState(e *yang.Entry) bool {
	if !e.IsDir() || len(e.Dir) == 0 {
		return e.ReadOnly()
	}
	return slices.ContainsFunc(children(e), hasState)
}

func hasDescription(e *yang.Entry) bool {
	return e.Name == "description" && e.IsLeaf() || slices.ContainsFunc(children(e), hasDescription)
}

func status(e *yang.Entry) string {
	for _, v := range e.Extra["status"] {
		if value, ok := v.(*yang.Value); ok && value != nil {
			return value.Name
		}
	}
	return ""
}

// conditions are under which a device has a node, as the model says of it and of what it lies in up to its row.
func conditions(e, row *yang.Entry) string {
	var all []string
	for ; e != nil && e != row; e = e.Parent {
		for _, keyword := range []string{"if-feature", "when"} {
			for _, v := range e.Extra[keyword] {
				value, ok := v.(*yang.Value)
				if !ok || value == nil {
					continue
				}
				text := keyword + " " + strings.Join(strings.Fields(value.Name), " ")
				if !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
	}
	return strings.Join(all, ", ")
}
