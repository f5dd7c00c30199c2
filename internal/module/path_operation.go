package module

import (
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// PathOperation returns a <get> for a data path in the form of RFC 7951, section 6.11, such as
// /ietf-interfaces:interfaces-state/interface[name='eth0']/statistics. Its prefixes are names of the device's YANG modules. Without
// predicates it selects all entries of a list. Nodes in braces may end it: /a:b/{c,d}.
func PathOperation(path string, d *yang.Device) (string, error) {
	rest, absolute := strings.CutPrefix(strings.TrimSuffix(path, "/"), "/")
	if !absolute || rest == "" {
		return "", fmt.Errorf("%q is not a path; write /MODULE:NODE/NODE..., such as /ietf-interfaces:interfaces-state", path)
	}
	p := pathFilter{device: d, byName: map[string]string{}}
	for namespace, name := range d.Names {
		p.byName[name] = namespace
	}
	for rest != "" {
		var err error
		if rest, err = p.step(rest); err != nil {
			return "", fmt.Errorf("path %s: %w", path, err)
		}
	}
	return `<get><filter type="subtree">` + p.open.String() + p.close + "</filter></get>", nil
}

// pathFilter writes the subtree filter of a path, node by node (RFC 6241, section 6).
type pathFilter struct {
	device    *yang.Device
	byName    map[string]string // namespaces by name of the module
	namespace string            // of the node before
	open      strings.Builder   // start tags and content match nodes
	close     string            // end tags
}

// step writes the first node of a path and returns the nodes after it.
func (p *pathFilter) step(path string) (rest string, err error) {
	if last, ok := strings.CutPrefix(path, "{"); ok {
		return "", p.alternatives(last)
	}
	end := strings.IndexAny(path, "/[")
	node := path
	if end >= 0 {
		node, rest = path[:end], path[end:]
	}
	start, name, err := p.start(node)
	if err != nil {
		return "", err
	}
	p.open.WriteString("<" + start + ">")
	p.close = "</" + name + ">" + p.close
	list := p.namespace
	for strings.HasPrefix(rest, "[") {
		if rest, err = p.predicate(rest[1:]); err != nil {
			return "", fmt.Errorf("%s: %w", node, err)
		}
		p.namespace = list
	}
	after, more := strings.CutPrefix(rest, "/")
	if rest != "" && (!more || after == "") {
		return "", fmt.Errorf("%q is in the place of a node; write a name after each /", rest)
	}
	return after, nil
}

// alternatives writes the nodes of a path's end in braces, from behind the first brace on.
func (p *pathFilter) alternatives(text string) error {
	list, closed := strings.CutSuffix(text, "}")
	if !closed {
		return errors.New("braces end a path, and one is not closed")
	}
	around := p.namespace
	for _, node := range strings.Split(list, ",") {
		p.namespace = around
		start, _, err := p.start(node)
		if err != nil {
			return err
		}
		p.open.WriteString("<" + start + "/>")
	}
	return nil
}

// start returns the content of a node's start tag, and its name. A node without a prefix is in the namespace of the one before.
func (p *pathFilter) start(node string) (start, name string, err error) {
	prefix, name, prefixed := strings.Cut(strings.TrimSpace(node), ":")
	switch {
	case !prefixed:
		name = prefix
		if p.namespace == "" {
			return "", "", fmt.Errorf("%q needs the name of its YANG module, as in /MODULE:%s", node, node)
		}
	case p.byName[prefix] == "":
		return "", "", p.errNoModule(prefix)
	}
	if !isName(name) {
		return "", "", fmt.Errorf("%q is not the name of a node", name)
	}
	if namespace := p.byName[prefix]; prefixed && namespace != p.namespace {
		p.namespace = namespace
		var b strings.Builder
		xml.EscapeText(&b, []byte(namespace)) //nolint:errcheck // a strings.Builder cannot fail
		return name + ` xmlns="` + b.String() + `"`, name, nil
	}
	return name, name, nil
}

// predicate writes the key of a list entry as a content match node (RFC 6241, section 6.2.5), from behind its bracket on.
func (p *pathFilter) predicate(text string) (rest string, err error) {
	const form = "write a key as [name='value']"
	key, after, found := strings.Cut(text, "=")
	after = strings.TrimSpace(after)
	if !found || after == "" || after[0] != '\'' && after[0] != '"' {
		return "", errors.New(form)
	}
	value, after, closed := strings.Cut(after[1:], after[:1])
	rest, ends := strings.CutPrefix(strings.TrimSpace(after), "]")
	if !closed || !ends {
		return "", errors.New(form)
	}
	start, name, err := p.start(key)
	if err != nil {
		return "", err
	}
	p.open.WriteString("<" + start + ">")
	xml.EscapeText(&p.open, []byte(value)) //nolint:errcheck // a strings.Builder cannot fail
	p.open.WriteString("</" + name + ">")
	return rest, nil
}

// errNoModule names the modules of the device that a prefix may have meant.
func (p *pathFilter) errNoModule(prefix string) error {
	const shown = 10
	names := slices.Sorted(maps.Keys(p.byName))
	if len(names) > shown {
		names = nearest.To(prefix, names)
	}
	if len(names) == 0 {
		return fmt.Errorf("the device names no YANG modules, so %q is not known; let its user read ietf-yang-library (NACM, RFC 8341), or give an operation in XML", prefix)
	}
	return fmt.Errorf("the device has no YANG module %q; it has %s", prefix, strings.Join(names, ", "))
}
