package simulator

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Namespaces of RESTCONF, and the root of its API on simulated devices.
const (
	nsRESTCONF    = "urn:ietf:params:xml:ns:yang:ietf-restconf"
	nsMonitoring  = "urn:ietf:params:xml:ns:yang:ietf-restconf-monitoring"
	restconfRoot  = "/restconf"
	yangDataXML   = "application/yang-data+xml"
	fieldsFeature = "urn:ietf:params:restconf:capability:fields:1.0"
)

// restconf answers the requests that come on one connection (RFC 8040).
type restconf struct {
	*connection
	loggedIn bool
}

// restconfAnswer holds the buffers of an answer, which are kept for others.
type restconfAnswer struct {
	body []byte
	gzip *gzip.Writer
}

func newRestconfAnswer() any {
	compressor, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return &restconfAnswer{gzip: compressor}
}

// ServeHTTP implements http.Handler.
func (c *restconf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := c.device
	if r.URL.Path == "/.well-known/host-meta" {
		w.Header().Set("Content-Type", "application/xrd+xml")
		_, _ = fmt.Fprintf(w, `<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="restconf" href=%q/></XRD>`, restconfRoot)
		return
	}
	login := !c.loggedIn
	if err := c.authenticate(r); err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="simulated device"`)
		writeRefusal(w, http.StatusUnauthorized, &rpcError{"protocol", "access-denied", err.Error(), "", ""})
		return
	}
	// A login takes Config.LoginDelay, as over SSH: a device that no longer answers requests still answers that.
	if !login && sleep(r.Context(), time.Duration(d.replyDelay.Load())) != nil {
		return
	}
	a := d.fleet.answers.Get().(*restconfAnswer)
	defer d.fleet.answers.Put(a)
	body, status, refusal := d.restconf(a.body[:0], r, d.fleet.now())
	if refusal != nil {
		writeRefusal(w, status, refusal)
		return
	}
	a.body = body
	w.Header().Set("Content-Type", yangDataXML)
	if len(body) < 1<<10 || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(body) // the client may have gone, here and below
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	a.gzip.Reset(w)
	_, _ = a.gzip.Write(body)
	_ = a.gzip.Close()
}

// authenticate checks the password of each request. A login is counted once a connection.
func (c *restconf) authenticate(r *http.Request) error {
	username, password, _ := r.BasicAuth()
	if c.loggedIn && c.device.accepts(username, password) {
		return nil
	}
	err := c.login(username, password)
	c.loggedIn = err == nil
	return err
}

func writeRefusal(w http.ResponseWriter, status int, refusal *rpcError) {
	w.Header().Set("Content-Type", yangDataXML)
	w.WriteHeader(status)
	b := appendError([]byte(`<errors xmlns="`+nsRESTCONF+`">`), refusal)
	text := strings.NewReplacer("<rpc-error>", "<error>", "</rpc-error>", "</error>", "<error-severity>error</error-severity>", "").Replace(string(b))
	_, _ = w.Write([]byte(text + "</errors>")) // the client may have gone
}

// restconf appends the body that answers a request.
func (d *Device) restconf(b []byte, r *http.Request, now time.Time) (body []byte, status int, refusal *rpcError) {
	path, inside := strings.CutPrefix(r.URL.EscapedPath(), restconfRoot)
	if !inside {
		return nil, http.StatusNotFound, &rpcError{"protocol", "invalid-value", "no such resource", "", ""}
	}
	resource, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	from := datastoreAll
	if d.nmda {
		from = datastoreOperational
	}
	switch {
	case r.Method == http.MethodPost && resource == "operations":
		return d.restconfOperation(b, rest, now)
	case r.Method != http.MethodGet:
		return nil, http.StatusMethodNotAllowed, &rpcError{"protocol", "operation-not-supported", "the simulator only reads", "", ""}
	case resource == "":
		return append(b, `<restconf xmlns="`+nsRESTCONF+`"><data/><operations/><yang-library-version>2016-06-21</yang-library-version></restconf>`...), 0, nil
	case resource == "ds" && d.nmda:
		var store string
		store, rest, _ = strings.Cut(rest, "/")
		switch store {
		case "ietf-datastores:operational":
		case "ietf-datastores:running":
			from = datastoreRunning
		default:
			return nil, http.StatusNotFound, &rpcError{"application", "invalid-value", "no such datastore", "", ""}
		}
	case resource != "data":
		return nil, http.StatusNotFound, &rpcError{"protocol", "invalid-value", "no such resource", "", ""}
	}
	var fields string
	for name, values := range query(r.URL.RawQuery) {
		switch {
		case name == "content" && values == "config":
			from = datastoreRunning
		case name == "content" && values == "all":
		case name == "fields" && !d.fleet.config.NoFields:
			fields = values
		default:
			return nil, http.StatusBadRequest, &rpcError{"protocol", "invalid-value", "query parameter " + name + " is not supported", "", ""}
		}
	}
	return d.restconfData(b, from, rest, fields, now)
}

// query splits a query. The semicolons of fields are not separators, as net/url takes them for.
func query(text string) map[string]string {
	all := map[string]string{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '&' }) {
		name, value, _ := strings.Cut(part, "=")
		all[name], _ = url.PathUnescape(value)
	}
	return all
}

// restconfOperation answers an operation of the device's own (RFC 8040, section 3.6).
func (d *Device) restconfOperation(b []byte, name string, now time.Time) ([]byte, int, *rpcError) {
	module, local, _ := strings.Cut(name, ":")
	namespace, known := d.library.namespace(module)
	if known {
		b = append(b, `<output xmlns="`+namespace+`">`...)
		var refusal *rpcError
		if b, known, refusal = d.operation(b, local, now); refusal != nil {
			return nil, http.StatusInternalServerError, refusal
		}
		if known {
			return append(b, "</output>"...), 0, nil
		}
	}
	return nil, http.StatusNotFound, &rpcError{"protocol", "invalid-value", "no such operation", "", ""}
}

// restconfData answers a GET of data: of one instance (RFC 8040, section 4.3), or of the datastore.
func (d *Device) restconfData(b []byte, from datastore, path, fields string, now time.Time) ([]byte, int, *rpcError) {
	invalid := func(err error) ([]byte, int, *rpcError) {
		return nil, http.StatusBadRequest, &rpcError{"protocol", "invalid-value", err.Error(), "", ""}
	}
	if path == "" {
		selected, err := d.library.fields(fields, "")
		if err != nil {
			return invalid(err)
		}
		read := reading{from: from, whole: fields == "", selected: selected}
		trees, refusal := d.data(read, now)
		if refusal != nil {
			return nil, http.StatusInternalServerError, refusal
		}
		b = append(b, `<data xmlns="`+nsRESTCONF+`">`...)
		for _, tree := range trees {
			b = tree.appendSelected(b, "", read.selected, read.whole)
		}
		return append(b, "</data>"...), 0, nil
	}
	at, status, refusal := d.instance(from, path, now)
	if refusal != nil {
		return nil, status, refusal
	}
	var filters []*request
	if fields != "" {
		selected, err := d.library.fields(fields, at.space)
		if err != nil {
			return invalid(err)
		}
		filters = []*request{{name: xml.Name{Space: at.space, Local: at.name}, children: selected}}
	}
	b = at.append(b, "", filters)
	if len(b) == 0 { // nothing is selected of it
		b = at.appendEnd(at.appendStart(b, ""))
	}
	return b, 0, nil
}

// instance finds the data node that a path names.
func (d *Device) instance(from datastore, path string, now time.Time) (*element, int, *rpcError) {
	invalid := func(status int, text string) (*element, int, *rpcError) {
		return nil, status, &rpcError{"application", "invalid-value", text, "", ""}
	}
	space := ""
	var among []*element
	for i, step := range strings.Split(path, "/") {
		name, key, keyed := strings.Cut(step, "=")
		if module, local, prefixed := strings.Cut(name, ":"); prefixed {
			namespace, known := d.library.namespace(module)
			if !known {
				return nil, http.StatusBadRequest, &rpcError{"application", "unknown-element", "no YANG module " + module, "", ""}
			}
			space, name = namespace, local
		}
		if i == 0 {
			trees, refusal := d.data(reading{from: from, selected: []*request{{name: xml.Name{Space: space, Local: name}}}}, now)
			if refusal != nil {
				return nil, http.StatusInternalServerError, refusal
			}
			among = append(trees, d.restconfState())
		}
		var found []*element
		for _, e := range among {
			if e.space == space && e.name == name && (!keyed || e.hasKeys(strings.Split(key, ","))) {
				found = append(found, e)
			}
		}
		switch {
		case len(found) == 0:
			return invalid(http.StatusNotFound, "the instance does not exist")
		case len(found) > 1:
			return invalid(http.StatusBadRequest, "there are several instances, which XML cannot hold")
		}
		if strings.HasSuffix("/"+path, "/"+step) && i == strings.Count(path, "/") {
			return found[0], 0, nil
		}
		among = found[0].children
		if found[0].entries != nil {
			for entry := range found[0].entries {
				copied := *entry // it is valid until the next one
				copied.children = nil
				for _, child := range entry.children {
					leaf := *child
					leaf.text = append([]byte(nil), child.text...)
					copied.children = append(copied.children, &leaf)
				}
				among = append(among, &copied)
			}
		}
	}
	return invalid(http.StatusNotFound, "the instance does not exist")
}

// hasKeys reports whether a list entry has these keys, which are escaped for a URL.
func (e *element) hasKeys(keys []string) bool {
	if len(keys) != e.keys || len(keys) > len(e.children) {
		return false
	}
	for i, key := range keys {
		if text, err := url.PathUnescape(key); err != nil || text != string(e.children[i].text) {
			return false
		}
	}
	return true
}

// restconfState is what the device says of its RESTCONF (RFC 8040, section 9).
func (d *Device) restconfState() *element {
	capabilities := container(nsMonitoring, "capabilities", leaf(nsMonitoring, "capability", "urn:ietf:params:restconf:capability:defaults:1.0?basic-mode=explicit"))
	if !d.fleet.config.NoFields {
		capabilities.children = append(capabilities.children, leaf(nsMonitoring, "capability", fieldsFeature))
	}
	return container(nsMonitoring, "restconf-state", capabilities)
}

// namespace is that of a YANG module of the device.
func (l *yangLibrary) namespace(module string) (string, bool) {
	if module == "ietf-restconf-monitoring" {
		return nsMonitoring, true
	}
	for _, m := range l.modules {
		if m.Name == module {
			return m.Namespace, true
		}
	}
	return "", false
}

// fields makes a filter of the value of the query parameter (RFC 8040, section 4.8.3). Names without a module are in the namespace around them.
func (l *yangLibrary) fields(text, space string) ([]*request, error) {
	p := &fieldsParser{library: l, rest: text}
	selected, err := p.expression(space)
	if err == nil && p.rest != "" {
		err = fmt.Errorf("fields: unexpected %q", p.rest)
	}
	return selected, err
}

type fieldsParser struct {
	library *yangLibrary
	rest    string
}

// expression reads paths that semicolons separate, up to a closing parenthesis or the end.
func (p *fieldsParser) expression(space string) (selected []*request, err error) {
	for p.rest != "" && p.rest[0] != ')' {
		node, err := p.path(space)
		if err != nil {
			return nil, err
		}
		selected = append(selected, node)
		p.rest = strings.TrimPrefix(p.rest, ";")
	}
	return selected, nil
}

// path reads a/b, a(b;c) and so on.
func (p *fieldsParser) path(space string) (*request, error) {
	end := strings.IndexAny(p.rest, "/;()")
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	if module, local, prefixed := strings.Cut(name, ":"); prefixed {
		namespace, known := p.library.namespace(module)
		if !known {
			return nil, fmt.Errorf("fields: no YANG module %q", module)
		}
		space, name = namespace, local
	}
	if name == "" || space == "" {
		return nil, fmt.Errorf("fields: %q is no name of a node", name)
	}
	node := &request{name: xml.Name{Space: space, Local: name}}
	switch {
	case strings.HasPrefix(p.rest, "/"):
		p.rest = p.rest[1:]
		child, err := p.path(space)
		if err != nil {
			return nil, err
		}
		node.children = []*request{child}
	case strings.HasPrefix(p.rest, "("):
		p.rest = p.rest[1:]
		var err error
		if node.children, err = p.expression(space); err != nil {
			return nil, err
		}
		var closed bool
		if p.rest, closed = strings.CutPrefix(p.rest, ")"); !closed {
			return nil, fmt.Errorf("fields: a parenthesis is not closed")
		}
	}
	return node, nil
}
