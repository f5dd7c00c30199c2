package xmlscan

import "bytes"

// NS identifies a namespace URI within one Scanner; None is the absence of one. Identifiers stay valid over documents, until
// Namespaces falls.
type NS int32

// None is the namespace of names without one, and of names whose prefix is bound to nothing.
const None NS = 0

// maxURIs bounds what a Scanner remembers of the URIs that devices send.
const maxURIs = 4096

// maxBindings bounds the declarations in force, all of which a name may have to be compared with.
const maxBindings = 4096

type binding struct {
	prefix string
	ns     NS
	depth  int
}

// namespaces keeps the prefix bindings in force.
type namespaces struct {
	uris     []string
	ids      map[string]NS
	prefixes map[string]string // interned, so that a binding costs no allocation
	bindings []binding
}

func (n *namespaces) reset() {
	n.bindings = n.bindings[:0]
	if n.ids == nil || len(n.uris) > maxURIs || len(n.prefixes) > maxURIs {
		n.uris = []string{""}
		n.ids = map[string]NS{"": None}
		n.prefixes = map[string]string{}
	}
}

// declare takes a tag's declarations; false when they are more than any device needs, in the document or in force.
func (n *namespaces) declare(attrs []Attr, depth int) bool {
	for _, a := range attrs {
		if !bytes.HasPrefix(a.Name, xmlns) {
			continue
		}
		prefix := a.Name[len(xmlns):]
		if len(prefix) > 0 {
			if prefix[0] != ':' {
				continue
			}
			prefix = prefix[1:]
		}
		p, ok := n.prefixes[string(prefix)]
		if !ok {
			p = string(prefix)
			n.prefixes[p] = p
		}
		n.bindings = append(n.bindings, binding{p, n.id(a.Value), depth})
		if len(n.uris) > 2*maxURIs || len(n.prefixes) > 2*maxURIs || len(n.bindings) > maxBindings {
			return false
		}
	}
	return true
}

var xmlns = []byte("xmlns")

func (n *namespaces) id(value []byte) NS {
	if bytes.IndexByte(value, '&') >= 0 {
		value = appendDecoded(nil, value, false, true)
	}
	id, ok := n.ids[string(value)]
	if !ok {
		id = NS(len(n.uris))
		uri := string(value)
		n.uris = append(n.uris, uri)
		n.ids[uri] = id
	}
	return id
}

func (n *namespaces) leave(depth int) {
	i := len(n.bindings)
	for i > 0 && n.bindings[i-1].depth >= depth {
		i--
	}
	n.bindings = n.bindings[:i]
}

func (n *namespaces) lookup(prefix []byte) NS {
	for i := len(n.bindings) - 1; i >= 0; i-- {
		if n.bindings[i].prefix == string(prefix) {
			return n.bindings[i].ns
		}
	}
	return None
}

// Namespaces is how many namespaces the Scanner knows. It grows, and falls back to one where Reset forgets them, so that no
// device can fill memory with them.
func (s *Scanner) Namespaces() int { return len(s.ns.uris) }

// URI is the text of a namespace.
func (s *Scanner) URI(ns NS) string { return s.ns.uris[ns] }

// Resolve splits a qualified element name, as returned by Name after a Start, into namespace and local name.
func (s *Scanner) Resolve(name []byte) (NS, []byte) {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return s.ns.lookup(name[:i]), name[i+1:]
	}
	return s.ns.lookup(nil), name
}

// Local is a qualified name without its prefix.
func Local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }
