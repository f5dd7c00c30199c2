package generate

import (
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// path returns the path of a node relative to one that encloses it, or the absolute path for nil. It has a prefix where the namespace
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

// prefix returns the prefix of a namespace in the paths: the one that its YANG module defines, or the name of that module if the prefix
// is taken.
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

// hasState tells whether a node or one below it is state.
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

// conditions returns the if-feature and when statements of a node and of those that enclose it, up to its row.
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
