package xmlscan

import "bytes"

const (
	// Bounds of the declarations in force.
	maxBindings    = 4096
	maxBindingText = 4 << 20 // octets of their prefixes and URIs; a tag may have 1 MiB

	// mostSearched is how many declarations are searched for a prefix, which is faster than an index of so few.
	mostSearched = 16
)

// binding is a declaration of a namespace. Its prefix and then its URI are in namespaces.text.
type binding struct {
	prefix, uri int // where they begin
	depth       int
	hides       int // which binding of the same prefix is not in force while this one is, -1 for none; set once there is an index
}

// namespaces holds the bindings in force, the innermost last.
type namespaces struct {
	text     []byte
	bindings []binding
	index    map[string]int // which binding of a prefix is in force; nil as long as there were few
}

func (n *namespaces) reset() {
	n.bindings, n.text, n.index = n.bindings[:0], n.text[:0], nil
	if cap(n.text) > 64<<10 { // what one document needed is not kept
		n.text = nil
	}
}

// declare adds the declarations of a tag. It returns false if more are in force than any device needs.
func (n *namespaces) declare(attrs []Attr, depth int) bool {
	for _, a := range attrs {
		prefix, ok := a.Declares()
		if !ok {
			continue
		}
		b := binding{prefix: len(n.text), uri: len(n.text) + len(prefix), depth: depth}
		n.text = append(n.text, prefix...)
		if bytes.IndexByte(a.Value, '&') >= 0 {
			n.text = appendDecoded(n.text, a.Value, false, true)
		} else {
			n.text = append(n.text, a.Value...)
		}
		n.bindings = append(n.bindings, b)
		switch {
		case n.index != nil:
			n.addToIndex(len(n.bindings) - 1)
		case len(n.bindings) > mostSearched:
			n.index = map[string]int{}
			for i := range n.bindings {
				n.addToIndex(i)
			}
		}
		if len(n.bindings) > maxBindings || len(n.text) > maxBindingText {
			return false
		}
	}
	return true
}

// endElement removes the declarations of the elements at depth and deeper.
func (n *namespaces) endElement(depth int) {
	i := len(n.bindings)
	for i > 0 && n.bindings[i-1].depth >= depth {
		i--
		if n.index != nil {
			n.removeFromIndex(i)
		}
		n.text = n.text[:n.bindings[i].prefix]
	}
	n.bindings = n.bindings[:i]
}

func (n *namespaces) addToIndex(i int) {
	b := &n.bindings[i]
	prefix := string(n.text[b.prefix:b.uri])
	b.hides = -1
	if hidden, ok := n.index[prefix]; ok {
		b.hides = hidden
	}
	n.index[prefix] = i
}

func (n *namespaces) removeFromIndex(i int) {
	b := n.bindings[i]
	prefix := n.text[b.prefix:b.uri]
	if b.hides >= 0 {
		n.index[string(prefix)] = b.hides
	} else {
		delete(n.index, string(prefix))
	}
}

// lookup returns the URI that a prefix is bound to; it is empty if there is none.
func (n *namespaces) lookup(prefix []byte) []byte {
	if n.index != nil {
		i, ok := n.index[string(prefix)]
		if !ok {
			return nil
		}
		end := len(n.text)
		if i+1 < len(n.bindings) {
			end = n.bindings[i+1].prefix
		}
		return n.text[n.bindings[i].uri:end]
	}
	end := len(n.text)
	for i := len(n.bindings) - 1; i >= 0; i-- {
		b := n.bindings[i]
		if bytes.Equal(n.text[b.prefix:b.uri], prefix) {
			return n.text[b.uri:end]
		}
		end = b.prefix
	}
	return nil
}

var xmlns = []byte("xmlns")

// Declares returns the prefix that the attribute binds to a namespace, empty for the default namespace; false if it binds none.
func (a Attr) Declares() (prefix []byte, ok bool) {
	rest, ok := bytes.CutPrefix(a.Name, xmlns)
	if !ok || len(rest) == 0 {
		return nil, ok
	}
	return rest[1:], rest[0] == ':'
}

// Resolve splits a qualified element name, as returned by Name after a Start, into the URI of its namespace and the local name.
// The URI is empty for names without a namespace, and for those whose prefix is not bound.
func (s *Scanner) Resolve(name []byte) (uri string, local []byte) {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return string(s.ns.lookup(name[:i])), name[i+1:]
	}
	return string(s.ns.lookup(nil)), name
}

// Local returns a qualified name without its prefix.
func Local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }
