package module

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// Operations that a request can be. All of them only read.
const (
	opGet       = "get"
	opGetData   = "get-data"
	opGetConfig = "get-config"
	opRPC       = "rpc"
)

// filterNode is a node of a subtree filter (RFC 6241, section 6). One without children selects all below it.
type filterNode struct {
	step
	children []*filterNode
}

// add adds a path below n; it may end in alternatives in braces. A node that is selected as a whole needs no children.
func (n *filterNode) add(ns *namespaces, path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("path %q: the path of a read begins with \"/\"", path)
	}
	if err := checkSlashes(path); err != nil {
		return err
	}
	return n.addParts(ns, path, path[1:], noInherit)
}

func (n *filterNode) addParts(ns *namespaces, path, rest string, inherit int) error {
	if alternatives, ok := strings.CutPrefix(rest, "{"); ok {
		if !strings.HasSuffix(alternatives, "}") {
			return fmt.Errorf("path %q: braces end a path, and one is not closed", path)
		}
		for _, part := range splitOutside(alternatives[:len(alternatives)-1], ',') {
			if err := n.addParts(ns, path, strings.TrimSpace(part), inherit); err != nil {
				return err
			}
		}
		return nil
	}
	first, rest, more := strings.Cut(rest, "/")
	s, err := ns.step(path, first, inherit)
	if err != nil {
		return err
	}
	child, found := n.child(s)
	if !more {
		if found {
			child.children = nil
		} else {
			n.children = append(n.children, &filterNode{step: s})
		}
		return nil
	}
	if found && len(child.children) == 0 {
		return nil // it is selected as a whole
	}
	if !found {
		child = &filterNode{step: s}
		n.children = append(n.children, child)
	}
	return child.addParts(ns, path, rest, s.ns)
}

// splitOutside splits at each sep that is not inside braces.
func splitOutside(s string, sep byte) (parts []string) {
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
		case sep:
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}

func (n *filterNode) child(s step) (*filterNode, bool) {
	for _, c := range n.children {
		if c.step == s {
			return c, true
		}
	}
	return nil, false
}

// find returns the node at a path if the filter has nodes below it; false if not.
func (n *filterNode) find(path []step) (*filterNode, bool) {
	for _, s := range path {
		child, ok := n.child(s)
		if !ok || len(child.children) == 0 {
			return nil, false
		}
		n = child
	}
	return n, true
}

// selects reports whether the filter selects the node at path.
func (n *filterNode) selects(path []step) bool {
	for _, s := range path {
		child, ok := n.child(s)
		if !ok || len(child.children) == 0 {
			return ok
		}
		n = child
	}
	return true
}

// insert adds the leaf at path below n unless it is selected already.
func (n *filterNode) insert(path []step) {
	for i, s := range path {
		child, found := n.child(s)
		if found && (len(child.children) == 0 || i == len(path)-1) {
			child.children = nil
			return
		}
		if !found {
			child = &filterNode{step: s}
			n.children = append(n.children, child)
		}
		n = child
	}
}

// xml writes the filter's content for a device. It leaves out nodes of YANG modules that the device is known not to have: some
// servers refuse the whole filter because of them.
func (n *filterNode) xml(b *strings.Builder, inherit int, uris []string, d *yang.Device) {
	for _, c := range n.children {
		var below strings.Builder
		c.xml(&below, c.ns, uris, d)
		if len(c.children) > 0 && below.Len() == 0 || inherit != noInherit && c.ns != inherit && d.Lacks(uris[c.ns]) {
			continue
		}
		b.WriteString("<" + c.name)
		if c.ns != inherit {
			b.WriteString(` xmlns="`)
			xml.EscapeText(b, []byte(d.Resolve(uris[c.ns]))) //nolint:errcheck // a strings.Builder cannot fail
			b.WriteByte('"')
		}
		if len(c.children) == 0 {
			b.WriteString("/>")
			continue
		}
		b.WriteString(">" + below.String() + "</" + c.name + ">")
	}
}

// Request is an operation that a module sends: one of config.Module.Reads.
type Request struct {
	Operation string // get, get-data, get-config or rpc
	Optional  bool   // an rpc-error in answer to it says that the device does not have what is asked for
	what      string // for people
	filter    *filterNode
	rpc       string
	next      *continuation
	uris      []string
}

// IsGetData reports whether the request asks for the operational datastore.
func (r *Request) IsGetData() bool { return r.Operation == opGetData }

// What names for people what is asked for: paths, or the name of an operation.
func (r *Request) What() string { return r.what }

// XML returns the operation that goes inside <rpc>. A namespace that is a pattern is replaced by that of the device. A get-data request
// (RFC 8526, section 3.1) reads the operational datastore. With asGet it becomes a get, for servers that announce NMDA but refuse
// get-data. It is "" if the device is known to have nothing of what the request asks for: an empty filter would select all in some
// servers.
func (r *Request) XML(d *yang.Device, asGet bool) string {
	if r.Operation == opRPC {
		return r.rpc
	}
	var b strings.Builder
	r.filter.xml(&b, noInherit, r.uris, d)
	switch {
	case b.Len() == 0:
		return ""
	case r.Operation == opGetConfig:
		return "<get-config><source><running/></source>" + `<filter type="subtree">` + b.String() + "</filter></get-config>"
	case r.Operation == opGetData && !asGet:
		return `<get-data xmlns="` + yang.NMDANamespace + `" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores">` +
			"<datastore>ds:operational</datastore><subtree-filter>" + b.String() + "</subtree-filter></get-data>"
	}
	return `<get><filter type="subtree">` + b.String() + "</filter></get>"
}
