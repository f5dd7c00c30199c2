package module

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// step is one node of a YANG data path: a name in a namespace of the module.
type step struct {
	ns   int // index into Module.namespaces
	name string
}

// namespaces maps prefixes to indexes of distinct namespace URIs or patterns.
type namespaces struct {
	uris     []string
	prefixes map[string]int
	shown    map[string]string // by URI, its prefix in messages: of several the first in order
}

func newNamespaces(byPrefix map[string]string) *namespaces {
	n := &namespaces{prefixes: map[string]int{}, shown: map[string]string{}}
	index := map[string]int{}
	for _, prefix := range slices.Sorted(maps.Keys(byPrefix)) {
		uri := byPrefix[prefix]
		i, ok := index[uri]
		if !ok {
			i = len(n.uris)
			index[uri] = i
			n.uris = append(n.uris, uri)
			n.shown[uri] = prefix
		}
		n.prefixes[prefix] = i
	}
	return n
}

// noInherit is the value of inherit if the first step of a path has to have a prefix.
const noInherit = -1

// steps parses a path in the form of RFC 7951, section 4: a prefix where the namespace changes; steps without one inherit that of the
// step before, and the first one inherits inherit. A "/" at the beginning is ignored.
func (n *namespaces) steps(path string, inherit int) ([]step, error) {
	if err := checkSlashes(path); err != nil {
		return nil, err
	}
	var steps []step
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		s, err := n.step(path, part, inherit)
		if err != nil {
			return nil, err
		}
		inherit = s.ns
		steps = append(steps, s)
	}
	return steps, nil
}

// checkSlashes refuses empty steps, which XPath has a meaning for.
func checkSlashes(path string) error {
	switch {
	case strings.Contains(path, "//"):
		return fmt.Errorf("path %q: // is not possible; name each node from the top, with one / between them", path)
	case len(path) > 1 && strings.HasSuffix(path, "/"):
		return fmt.Errorf("path %q ends in /; take that off", path)
	}
	return nil
}

func (n *namespaces) step(path, part string, inherit int) (step, error) {
	prefix, name, prefixed := strings.Cut(part, ":")
	if !prefixed {
		name = prefix
		if inherit == noInherit {
			return step{}, fmt.Errorf("path %q: %q needs a namespace prefix, as the first node of an absolute path does", path, part)
		}
	} else {
		i, ok := n.prefixes[prefix]
		if !ok {
			return step{}, fmt.Errorf("path %q: prefix %q is not under namespaces%s", path, prefix, nearest.Hint(prefix, slices.Sorted(maps.Keys(n.prefixes)), "; add it there"))
		}
		inherit = i
	}
	if !isName(name) {
		return step{}, fmt.Errorf("path %q: %q is not the name of a node", path, name)
	}
	return step{inherit, name}, nil
}

// text writes an absolute path.
func (n *namespaces) text(path []step) string {
	var b strings.Builder
	inherited := noInherit
	for _, s := range path {
		b.WriteByte('/')
		if s.ns != inherited {
			b.WriteString(n.shown[n.uris[s.ns]] + ":")
		}
		b.WriteString(s.name)
		inherited = s.ns
	}
	return b.String()
}

// isName reports whether s can be an XML name without a prefix.
func isName(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c > 0x7f
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// commonPrefix returns how many leading steps two paths have in common.
func commonPrefix(a, b []step) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
