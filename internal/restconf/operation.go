package restconf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

const monitoringNamespace = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"

// operation is a parsed NETCONF operation.
type operation struct {
	kind      kind
	datastore string  // of getData, without its prefix
	whole     bool    // there is no filter
	filter    []*node // top-level nodes

	rpc   node   // of an operation of the device's own; its namespace and name
	input string // the XML inside it
	scope string // namespace declarations of its start tag that input may need

	schema, revision string // of getSchema
}

type kind int

const (
	get kind = iota
	getConfig
	getData
	getSchema
	ownRPC
)

// node is a node of a subtree filter (RFC 6241, section 6).
type node struct {
	namespace, name string
	value           string // of a content match node; "" for others
	children        []*node
}

// selects reports whether the node selects all that it names: it has no children, and is no content match.
func (n *node) selects() bool { return len(n.children) == 0 && n.value == "" }

// hasConditions reports whether there is a content match node below n.
func (n *node) hasConditions() bool {
	return slices.ContainsFunc(n.children, func(c *node) bool { return c.value != "" || c.hasConditions() })
}

// onlyConditions reports whether all children of n are content match nodes. Then n selects all of an element that meets them.
func (n *node) onlyConditions() bool {
	return len(n.children) > 0 && !slices.ContainsFunc(n.children, func(c *node) bool { return c.value == "" })
}

// unmapped is the error of an operation that RESTCONF cannot express.
type unmapped struct{ why string }

func (u *unmapped) Error() string { return u.why }

func unmappable(format string, args ...any) error { return &unmapped{fmt.Sprintf(format, args...)} }

// CannotRead says why RESTCONF cannot express a NETCONF operation; "" if it can. The device may still not support it.
func CannotRead(text string) string {
	var cannot *unmapped
	if _, err := parseOperation(text); errors.As(err, &cannot) {
		return cannot.why
	}
	return ""
}

// element is an element of an operation.
type element struct {
	node
	attrs    map[string]string
	scope    string // its own declarations of prefixes
	text     string
	children []*element
	from     int // where its content begins
}

// child returns the first child of a name, nil if there is none.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// parseOperation reads the XML of one operation.
func parseOperation(text string) (*operation, error) {
	root, err := parseElement(text)
	if err != nil {
		return nil, fmt.Errorf("the operation: %w", err)
	}
	base := root.namespace == "" || root.namespace == netconf.NetconfNamespace
	switch {
	case base && root.name == "get":
		return root.read(get, "filter", "with-defaults")
	case base && root.name == "get-config":
		source := root.child("source")
		if source == nil || len(source.children) != 1 || source.children[0].name != "running" {
			return nil, unmappable("RESTCONF has no get-config of another datastore than running")
		}
		return root.read(getConfig, "filter", "source", "with-defaults")
	case root.namespace == yang.NMDANamespace && root.name == "get-data":
		o, err := root.read(getData, "subtree-filter", "datastore", "with-defaults")
		if store := root.child("datastore"); err == nil && store != nil {
			o.datastore = store.text[strings.LastIndexByte(store.text, ':')+1:]
		}
		return o, err
	case root.namespace == monitoringNamespace && root.name == "get-schema":
		o := &operation{kind: getSchema}
		if name := root.child("identifier"); name != nil {
			o.schema = name.text
		}
		if version := root.child("version"); version != nil {
			o.revision = version.text
		}
		return o, nil
	case base:
		return nil, unmappable("the operation <%s> has no namespace, and RESTCONF needs the YANG module that defines it", root.name)
	}
	o := &operation{kind: ownRPC, rpc: root.node, scope: root.scope}
	if end := strings.LastIndex(text, "</"); end >= root.from {
		o.input = strings.TrimSpace(text[root.from:end])
	}
	return o, nil
}

// read makes an operation of an element that may have a filter and the other children that are named.
func (e *element) read(k kind, filter string, others ...string) (*operation, error) {
	for _, c := range e.children {
		switch {
		case c.name == "xpath-filter" || c.name == "filter" && c.attrs["type"] != "" && c.attrs["type"] != "subtree":
			return nil, unmappable("RESTCONF has no XPath filters; write the filter as a subtree, or as a path")
		case c.name != filter && !slices.Contains(others, c.name):
			return nil, unmappable("RESTCONF has no <%s> in <%s>", c.name, e.name)
		}
	}
	o := &operation{kind: k}
	f := e.child(filter)
	if f == nil {
		o.whole = true
		return o, nil
	}
	var err error
	o.filter, err = nodes(f.children)
	return o, err
}

// nodes makes filter nodes of elements.
func nodes(elements []*element) (all []*node, err error) {
	for _, e := range elements {
		if len(e.attrs) > 0 {
			return nil, unmappable("RESTCONF has no filter by attributes, as in <%s>", e.name)
		}
		n := e.node
		if len(e.children) == 0 {
			n.value = e.text
		}
		if n.children, err = nodes(e.children); err != nil {
			return nil, err
		}
		all = append(all, &n)
	}
	return all, nil
}

// parseElement reads one element. What it reads is ours or the user's.
func parseElement(text string) (*element, error) {
	var s xmlscan.Scanner
	s.ResetBytes([]byte(text))
	top := &element{}
	open := []*element{top}
	for {
		kind, err := s.Next()
		if err == io.EOF {
			return top.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		at := open[len(open)-1]
		switch kind {
		case xmlscan.Start:
			namespace, name := s.Resolve(s.Name())
			e := &element{node: node{namespace: namespace, name: string(name)}, from: int(s.Offset())}
			for _, a := range s.Attrs() {
				prefix, declares := a.Declares()
				switch {
				case !declares:
					if e.attrs == nil {
						e.attrs = map[string]string{}
					}
					e.attrs[string(xmlscan.Local(a.Name))] = string(s.AppendValue(nil, a))
				case len(prefix) > 0:
					e.scope += " " + string(a.Name) + `="` + string(a.Value) + `"`
				}
			}
			at.children = append(at.children, e)
			open = append(open, e)
		case xmlscan.Text:
			at.text += string(s.AppendText(nil))
		case xmlscan.End:
			at.text = strings.TrimSpace(at.text)
			open = open[:len(open)-1]
		}
		if len(open) > 100 {
			return nil, errors.New("elements nested more than 100 deep")
		}
	}
}
