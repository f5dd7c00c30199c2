package restconf

import (
	"context"
	"net/http"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// part is the part of a reply that one answer gives. forms are the possible requests for it, the best first.
type part struct {
	key   string // identifies the part, to remember which form the device supports
	forms []form
}

// form is a request and what to expect of its answer.
type form struct {
	request
	root    string  // local name of the root element; "": any
	tops    []*node // what is selected of the answer; nil: all of it
	isText  bool    // the answer is a text, and no XML
	mayMiss bool    // a missing resource means that there is no data
}

// parts are the requests that an operation becomes.
func (c *Client) parts(ctx context.Context, trace *session.Trace, o *operation) ([]part, error) {
	d := c.device
	switch o.kind {
	case ownRPC:
		name, known := d.names.of(o.rpc.namespace)
		if !known {
			return nil, unmappable("the device has no YANG module of namespace %s, says its YANG library", o.rpc.namespace)
		}
		body := ""
		if o.input != "" {
			body = `<input xmlns="` + escapeText(o.rpc.namespace) + `"` + o.scope + ">" + o.input + "</input>"
		}
		return []part{{forms: []form{{request: request{method: http.MethodPost, path: "operations/" + name + ":" + pathEscape(o.rpc.name), body: body}}}}}, nil
	case getSchema:
		return c.schema(ctx, trace, o)
	}
	if o.kind == getData && !d.nmda {
		return nil, unmappable("the device has no operational datastore (RFC 8527), says its YANG library")
	}
	if o.whole {
		query := ""
		if o.kind == getConfig {
			query = "content=config"
		}
		return []part{{forms: []form{{request: request{path: o.store(), query: query}, root: "data", mayMiss: true}}}}, nil
	}
	var all []part
	for _, top := range o.filter {
		resources, err := d.names.resources(o, top, d.fields)
		if err != nil {
			return nil, err
		}
		p := part{key: resources[0].path + "?" + resources[0].query}
		for _, r := range resources {
			f := form{request: request{path: r.path, query: r.query}, root: r.root, mayMiss: true}
			if !r.exact {
				f.tops = []*node{r.node}
			}
			p.forms = append(p.forms, f)
		}
		all = append(all, p)
	}
	return all, nil
}
