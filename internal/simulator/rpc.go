package simulator

import (
	"encoding/xml"
	"time"
)

// rpcError is why an operation is refused (RFC 6241 section 4.3 and appendix A).
type rpcError struct {
	kind, tag, message string
	info               string // element of error-info, such as bad-element; none when empty
	subject            string // its content
}

// answer appends the reply to one message and reports whether it ends the session.
func (d *Device) answer(b []byte, message []byte, now time.Time) (_ []byte, last bool) {
	b = append(b, `<?xml version="1.0" encoding="UTF-8"?><rpc-reply xmlns="`+nsBase+`"`...)
	rpc, err := parse(message)
	if err != nil {
		b = append(b, '>')
		b = appendError(b, &rpcError{"rpc", "malformed-message", err.Error(), "", ""})
		return append(b, "</rpc-reply>"...), true
	}
	b = append(appendAttributes(b, rpc.attrs), '>')
	start := len(b)
	b, last, refusal := d.perform(b, rpc, now)
	if refusal != nil {
		b = appendError(b[:start], refusal)
	}
	return append(b, "</rpc-reply>"...), last
}

// perform appends the result of the operation in rpc.
func (d *Device) perform(b []byte, rpc *request, now time.Time) (_ []byte, last bool, refusal *rpcError) {
	if rpc.name != (xml.Name{Space: nsBase, Local: "rpc"}) {
		return b, false, &rpcError{"rpc", "unknown-element", "only rpc is understood", "bad-element", rpc.name.Local}
	}
	if _, found := rpc.attribute("message-id"); !found {
		return b, false, &rpcError{"rpc", "missing-attribute", "rpc has no message-id", "bad-attribute", "message-id"}
	}
	if len(rpc.children) != 1 {
		return b, false, &rpcError{"rpc", "missing-element", "rpc must hold one operation", "bad-element", "rpc"}
	}
	operation := rpc.children[0]
	if operation.name == (xml.Name{Space: nsBase, Local: "close-session"}) {
		return append(b, "<ok/>"...), true, nil
	}
	if b, known, refusal := d.operation(b, operation.name.Local, now); known {
		return b, false, refusal
	}
	read, refusal := d.reading(operation)
	if refusal != nil {
		return b, false, refusal
	}
	b = append(b, "<data"...)
	if operation.name.Space != nsBase { // RFC 8526 defines another data element
		b = append(b, ` xmlns="`+nsNMDA+`"`...)
	}
	b = append(b, '>')
	trees, refusal := d.data(read, now)
	if refusal != nil {
		return b, false, refusal
	}
	for _, tree := range trees {
		b = tree.appendSelected(b, "", read.selected, read.whole)
	}
	return append(b, "</data>"...), false, nil
}

// reading has the parameters of a get, get-config or get-data.
type reading struct {
	from     datastore
	whole    bool // there is no filter
	selected []*request
}

func (d *Device) reading(operation *request) (r reading, refusal *rpcError) {
	filter := "filter"
	switch {
	case operation.name == xml.Name{Space: nsBase, Local: "get"}:
		refusal = onlyKnows(operation, filter)
		r.from = datastoreAll
		if d.nmda {
			r.from = datastoreOperational
		}
	case operation.name == xml.Name{Space: nsBase, Local: "get-config"}:
		refusal = onlyKnows(operation, filter, "source")
		if refusal == nil {
			r.from, refusal = sourceOf(operation)
		}
	case operation.name == xml.Name{Space: nsNMDA, Local: "get-data"} && d.nmda:
		filter = "subtree-filter"
		refusal = onlyKnows(operation, filter, "datastore")
		if refusal == nil {
			r.from, refusal = datastoreOf(operation)
		}
	case operation.name.Space == nsBase || operation.name.Space == nsNMDA && d.nmda:
		refusal = &rpcError{"protocol", "operation-not-supported", "the simulator only reads", "", ""}
	default:
		refusal = &rpcError{"rpc", "unknown-namespace", "no such operation", "bad-element", operation.name.Local}
	}
	if refusal != nil {
		return r, refusal
	}
	given := operation.child(filter)
	if given == nil {
		r.whole = true
		return r, nil
	}
	if kind, found := given.attribute("type"); found && kind != "subtree" {
		return r, &rpcError{"protocol", "bad-attribute", "only subtree filters are supported", "bad-attribute", "type"}
	}
	r.selected = given.children
	return r, nil
}

// onlyKnows refuses all parameters but those of the given names.
func onlyKnows(operation *request, names ...string) *rpcError {
	known := map[xml.Name]bool{}
	for _, name := range names {
		known[xml.Name{Space: operation.name.Space, Local: name}] = true
	}
	for _, c := range operation.children {
		if !known[c.name] {
			return &rpcError{"protocol", "unknown-element", "unknown parameter of " + operation.name.Local, "bad-element", c.name.Local}
		}
	}
	return nil
}

// sourceOf reads the source of a get-config. The only one of the simulator is running.
func sourceOf(operation *request) (datastore, *rpcError) {
	source := operation.child("source")
	if source == nil || len(source.children) != 1 {
		return 0, &rpcError{"protocol", "missing-element", "get-config needs a source", "bad-element", "source"}
	}
	if source.child("running") == nil {
		return 0, &rpcError{"protocol", "operation-not-supported", "the only source is running", "bad-element", source.children[0].name.Local}
	}
	return datastoreRunning, nil
}

// datastoreOf reads the datastore of a get-data, an identityref (RFC 8526 section 3.1.1).
func datastoreOf(operation *request) (datastore, *rpcError) {
	parameter := operation.child("datastore")
	if parameter == nil {
		return 0, &rpcError{"protocol", "missing-element", "get-data needs a datastore", "bad-element", "datastore"}
	}
	switch parameter.identity() {
	case xml.Name{Space: nsDatastores, Local: "operational"}:
		return datastoreOperational, nil
	case xml.Name{Space: nsDatastores, Local: "running"}:
		return datastoreRunning, nil
	}
	return 0, &rpcError{"application", "invalid-value", "no such datastore: " + parameter.text, "bad-element", "datastore"}
}

// appendAttributes copies the attributes of an rpc, with its namespace declarations, as RFC 6241 section 4.1 requires.
func appendAttributes(b []byte, attrs []xml.Attr) []byte {
	prefixes := map[string]string{}
	for _, a := range attrs {
		if a.Name.Space == "xmlns" {
			prefixes[a.Value] = a.Name.Local
		}
	}
	for _, a := range attrs {
		prefix, bound := prefixes[a.Name.Space]
		switch {
		case a.Name == xml.Name{Local: "xmlns"}: // the reply declares its own
			continue
		case a.Name.Space == "xmlns":
			prefix, bound = "xmlns", true
		case a.Name.Space != "" && !bound: // xml:lang, or a prefix that is not declared
			continue
		}
		b = append(b, ' ')
		if bound {
			b = append(append(b, prefix...), ':')
		}
		b = append(append(b, a.Name.Local...), `="`...)
		b = append(appendEscaped(b, []byte(a.Value)), '"')
	}
	return b
}

func appendError(b []byte, e *rpcError) []byte {
	element := func(name, content string) {
		b = append(append(append(b, '<'), name...), '>')
		b = appendEscaped(b, []byte(content))
		b = append(append(append(b, "</"...), name...), '>')
	}
	b = append(b, "<rpc-error>"...)
	element("error-type", e.kind)
	element("error-tag", e.tag)
	element("error-severity", "error")
	b = append(b, `<error-message xml:lang="en">`...)
	b = append(appendEscaped(b, []byte(e.message)), "</error-message>"...)
	if e.info != "" {
		b = append(b, "<error-info>"...)
		element(e.info, e.subject)
		b = append(b, "</error-info>"...)
	}
	return append(b, "</rpc-error>"...)
}
