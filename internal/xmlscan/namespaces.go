package xmlscan

import "bytes"

// maxInterned and maxInternedSize (octets) bound what a Scanner remembers of the prefixes and URIs that devices send.
const (
	maxInterned     = 4096
	maxInternedSize = 1 << 20
)

// maxBindings bounds the declarations in force, all of which a name may have to be compared with.
const maxBindings = 4096

type binding struct {
	prefix, uri string
	depth       int
}

// namespaces keeps the prefix bindings in force.
type namespaces struct {
	interned map[string]string // so that a binding costs no allocation
	size     int               // octets of them
	bindings []binding
}

func (n *namespaces) reset() {
	n.bindings = n.bindings[:0]
	if n.interned == nil || len(n.interned) > maxInterned || n.size > maxInternedSize {
		n.interned, n.size = map[string]string{}, 0
	}
}

// declare takes a tag's declarations; false when they are more than any device needs, in the document or in force.
func (n *namespaces) declare(attrs []Attr, depth int) bool {
	for _, a := range attrs {
		prefix, ok := a.Declares()
		if !ok {
			continue
		}
		uri := a.Value
		if bytes.IndexByte(uri, '&') >= 0 {
			uri = appendDecoded(nil, uri, false, true)
		}
		n.bindings = append(n.bindings, binding{n.intern(prefix), n.intern(uri), depth})
		if len(n.interned) > 2*maxInterned || len(n.bindings) > maxBindings {
			return false
		}
	}
	return true
}

var xmlns = []byte("xmlns")

// Declares tells which prefix the attribute binds to a namespace, if it does: an empty one for the default.
func (a Attr) Declares() (prefix []byte, ok bool) {
	rest, ok := bytes.CutPrefix(a.Name, xmlns)
	if !ok || len(rest) == 0 {
		return nil, ok
	}
	return rest[1:], rest[0] == ':'
}

func (n *namespaces) intern(text []byte) string {
	known, ok := n.interned[string(text)]
	if !ok {
		known = string(text)
		if n.size += len(text); n.size <= maxInternedSize {
			n.interned[known] = known
		}
	}
	return known
}

func (n *namespaces) endElement(depth int) {
	i := len(n.bindings)
	for i > 0 && n.bindings[i-1].depth >= depth {
		i--
	}
	n.bindings = n.bindings[:i]
}

func (n *namespaces) lookup(prefix []byte) string {
	for i := len(n.bindings) - 1; i >= 0; i-- {
		if n.bindings[i].prefix == string(prefix) {
			return n.bindings[i].uri
		}
	}
	return ""
}

// Resolve splits a qualified element name, as returned by Name after a Start, into the URI of its namespace and the local name.
// The URI is empty for names without a namespace, and for those whose prefix is bound to nothing.
func (s *Scanner) Resolve(name []byte) (uri string, local []byte) {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return s.ns.lookup(name[:i]), name[i+1:]
	}
	return s.ns.lookup(nil), name
}

// Local is a qualified name without its prefix.
func Local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }
