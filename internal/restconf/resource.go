package restconf

import (
	"net/url"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// resource is a GET that gives a top-level node, or the part of it that is asked for.
type resource struct {
	path  string // below the root of the API: data/ietf-interfaces:interfaces-state
	query string // without the question mark
	node  *node  // the top-level node of the filter
	root  string // local name of the root element of the answer: that of the node, or data
	exact bool   // the answer holds nothing else than what is asked for
}

// maxFields is how long the value of fields may be: many servers take lines of 8 KiB, with all there is in the request.
const maxFields = 4 << 10

// names knows the YANG modules of the device.
type names struct {
	byNamespace map[string]string
	complete    bool // these are all that there are
}

// of returns the name of the YANG module of a namespace. Without a YANG library it is taken for the end of the namespace, as those of
// the IETF and of many vendors are made.
func (n names) of(namespace string) (name string, known bool) {
	if name = n.byNamespace[namespace]; name != "" {
		return name, true
	}
	if n.complete || namespace == "" {
		return "", false
	}
	name = namespace[strings.LastIndexAny(namespace, ":/")+1:]
	return name, name != ""
}

// resources returns the forms in which to ask for a top-level node, the best first: where the device refuses one by 400 or 414, the
// next one is tried.
func (n names) resources(o *operation, top *node, fields bool) ([]resource, error) {
	if top.value != "" {
		return nil, unmappable("RESTCONF has no filter by the value of <%s>, which is at the top", top.name)
	}
	store, name, err := n.place(o, top)
	if err != nil {
		return nil, err
	}
	query := ""
	if o.kind == getConfig {
		query = "content=config" // RFC 8040, section 4.8.1
	}
	with := func(fields string) string { return strings.TrimPrefix(query+"&fields="+fields, "&") }
	all := resource{path: store + "/" + name, query: query, node: top, root: top.name, exact: top.selects()}
	if !fields {
		return []resource{all}, nil
	}
	var forms []resource
	inner := n.fields(top)
	if inner != "" && len(inner) <= maxFields {
		selected := all
		selected.query, selected.exact = with(inner), !top.hasConditions()
		forms = append(forms, selected)
	}
	// A list at the top is no resource (RFC 8040, section 4.3), but a part of the datastore.
	whole := name
	if inner != "" {
		whole += "(" + inner + ")"
	}
	if len(whole) <= maxFields {
		forms = append(forms, resource{path: store, query: with(whole), node: top, root: "data", exact: false})
	}
	if inner == "" {
		return []resource{all, forms[0]}, nil
	}
	return append(forms, all), nil
}

// place returns the resource of the datastore, and how the node is named in it.
func (n names) place(o *operation, top *node) (store, name string, err error) {
	module, known := n.of(top.namespace)
	switch {
	case top.namespace == "":
		return "", "", unmappable("the filter for <%s> has no namespace, and RESTCONF needs the YANG module that defines it", top.name)
	case !known:
		return "", "", unmappable("the device has no YANG module of namespace %s, says its YANG library", top.namespace)
	}
	return o.store(), module + ":" + pathEscape(top.name), nil
}

// store is the resource of the datastore that an operation reads (RFC 8040, section 3.3.1; RFC 8527, section 3.1).
func (o *operation) store() string {
	if o.kind == getData {
		return "ds/ietf-datastores:" + pathEscape(o.datastore)
	}
	return "data"
}

// fields writes what a node selects below itself, in the form of RFC 8040, section 4.8.3; "" if that is all. Nodes of modules that the
// device does not have are left out.
func (n names) fields(parent *node) string {
	if parent.onlyConditions() {
		return "" // an entry that meets them is selected as a whole
	}
	var all []string
	for _, c := range parent.children {
		name := pathEscape(c.name)
		if c.namespace != parent.namespace {
			module, known := n.of(c.namespace)
			if !known {
				continue
			}
			name = module + ":" + name
		}
		inner := n.fields(c)
		switch {
		case len(c.children) == 1 && inner != "":
			name += "/" + inner
		case inner != "":
			name += "(" + inner + ")"
		case len(c.children) > 0 && !c.onlyConditions():
			continue // the device has nothing of it
		}
		all = append(all, name)
	}
	return strings.Join(all, ";")
}

// pathEscape escapes a name. Names of YANG need no escape; these are the user's.
func pathEscape(name string) string { return url.PathEscape(name) }

// libraryNames are the names that a YANG library gives.
func libraryNames(l *yang.Library) names {
	n := names{byNamespace: map[string]string{}, complete: l != nil}
	if l != nil {
		for _, m := range l.Modules {
			n.byNamespace[m.Namespace] = m.Name
		}
	}
	return n
}

// cutStore splits a path in a datastore of RFC 8527.
func cutStore(path string) (store, rest string, in bool) {
	if !strings.HasPrefix(path, "ds/") {
		return "", "", false
	}
	name, rest, _ := strings.Cut(path[len("ds/"):], "/")
	return "ds/" + name, rest, true
}
