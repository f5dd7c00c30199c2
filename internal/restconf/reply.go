package restconf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

const (
	replyStart = `<rpc-reply xmlns="` + netconf.NetconfNamespace + `">`
	replyEnd   = `</rpc-reply>`
	dataStart  = `<data>`
	dataEnd    = `</data>`
)

// reply is the NETCONF reply that the answers to one operation make. It asks as it is read: one request after the other, and no answer
// is kept. What an answer holds stands in a <data> of its own.
type reply struct {
	client *Client
	ctx    context.Context
	trace  *session.Trace
	parts  []part // that are not read yet
	began  time.Time

	started, ended bool
	out            bytes.Buffer      // octets of ours that come next
	answer         *answer           // that is being read; nil: none is
	body           io.Reader         // what it gives
	after          string            // what follows it
	errors         netconf.RPCErrors // that the device answered
	left           int64             // octets that the answers may still have, decompressed

	bytes int64         // given so far
	first time.Duration // until the first octet of an answer
	err   error         // the session failed
}

// part is what one answer gives: forms are requests for it, the best first.
type part struct {
	key   string // names the part, to remember which form the device takes
	forms []form
}

// form is a request, and what its answer is to hold.
type form struct {
	request
	root    string  // local name of the root element; "": any
	tops    []*node // what is selected of the answer; nil: all of it
	isText  bool    // the answer is a text, and no XML
	mayMiss bool    // that there is none says that there is no data
}

// Read implements io.Reader. An error is a failure of the session.
func (r *reply) Read(p []byte) (int, error) {
	for r.err == nil {
		if r.out.Len() > 0 {
			n, _ := r.out.Read(p)
			r.bytes += int64(n)
			return n, nil
		}
		if r.body != nil {
			n, err := r.body.Read(p)
			r.bytes += int64(n)
			switch {
			case err == io.EOF:
				r.finish(nil)
			case err != nil:
				r.finish(err)
			}
			if n > 0 {
				return n, nil
			}
			continue
		}
		if r.ended {
			return 0, io.EOF
		}
		r.advance()
	}
	return 0, r.err
}

// advance writes what comes next of the envelope, or asks for the next part.
func (r *reply) advance() {
	if err := r.ctx.Err(); err != nil { // a server that sees us give up may end its answer as if it were complete
		r.err = err
		return
	}
	switch {
	case !r.started:
		r.started = true
		r.out.WriteString(replyStart)
	case len(r.parts) > 0:
		next := r.parts[0]
		r.parts = r.parts[1:]
		if err := r.ask(next); err != nil {
			r.err = err
		}
	default:
		writeErrors(&r.out, r.errors)
		r.out.WriteString(replyEnd)
		r.ended = true
	}
}

// ask requests a part, in one form after the other while the device refuses them.
func (r *reply) ask(p part) error {
	at := r.client.forms[p.key]
	if at >= len(p.forms) {
		at = 0
	}
	var refused netconf.RPCErrors
	for ; at < len(p.forms); at++ {
		f := &p.forms[at]
		a, err := r.client.send(r.ctx, r.trace, f.request)
		if err != nil {
			return err
		}
		if r.first == 0 {
			r.first = time.Since(r.began)
		}
		switch {
		case a.status == http.StatusBadRequest || a.status == http.StatusRequestURITooLong:
			found, _ := a.errors()
			if refused == nil {
				refused = found
			}
			continue
		case a.status == http.StatusNotFound && f.mayMiss:
			a.end(nil)
			missing, err := r.client.lacksDatastore(r.ctx, r.trace, f.request)
			if err == nil && missing {
				r.errors = append(r.errors, notSupported("the device has no resource of RFC 8527 for its operational datastore")...)
				r.parts = nil
			}
			return err
		case a.status == http.StatusNoContent:
			a.end(nil)
			return nil
		case a.status == http.StatusUnauthorized:
			return r.client.refusedLater(r.ctx, a)
		case a.status >= http.StatusBadRequest:
			found, _ := a.errors()
			r.errors = append(r.errors, found...)
			return nil
		}
		if at > 0 {
			r.client.remember(p.key, at)
		}
		return r.begin(a, f)
	}
	r.errors = append(r.errors, refused...)
	return nil
}

// begin passes on what an answer holds from now on.
func (r *reply) begin(a *answer, f *form) error {
	a.left = &r.left
	if f.isText {
		r.answer, r.body, r.after = a, &textReader{from: a}, dataEnd
		r.out.WriteString(dataStart)
		return nil
	}
	if err := a.checkXML(); err != nil {
		a.end(err)
		return err
	}
	head, start, err := readHead(a)
	if err != nil {
		a.end(err)
		return a.broken(err)
	}
	if start == nil { // an empty answer
		a.end(nil)
		return nil
	}
	whole := io.MultiReader(bytes.NewReader(head), a)
	wrapped := start.name == "data" || start.name == "output" || start.name == "collection" // the last of ConfD
	switch {
	case start.name == "errors":
		found, _ := parseErrors(a.status, a.mediaType, whole)
		r.errors = append(r.errors, found...)
		a.end(nil)
		return nil
	case f.root != "" && start.name != f.root && !wrapped:
		err := fmt.Errorf("it holds <%s> in the place of <%s>", bound(start.name), f.root)
		a.end(err)
		return a.broken(err)
	case wrapped && (start.name != "data" || f.tops != nil || !start.utf8):
		r.body = newFilter(whole, f.tops, true)
	case f.tops == nil && start.utf8:
		r.body = io.MultiReader(bytes.NewReader(head[start.offset:]), a)
	default:
		r.body = newFilter(whole, f.tops, false)
	}
	r.answer, r.after = a, ""
	if !wrapped {
		r.out.WriteString(dataStart)
		r.after = dataEnd
	}
	return nil
}

// finish ends the answer that was being read. err is nil if it is complete.
func (r *reply) finish(err error) {
	r.answer.end(err)
	if err != nil {
		r.err = r.answer.broken(err)
	}
	r.out.WriteString(r.after)
	r.answer, r.body = nil, nil
}

// close ends the answer that is being read, if there is one.
func (r *reply) close() {
	if r.answer != nil {
		r.answer.end(errors.New("given up"))
		r.answer, r.body = nil, nil
	}
}

// rootTag is the start tag of an answer's root element.
type rootTag struct {
	name   string // without its prefix
	offset int    // of the tag in the answer
	utf8   bool   // the answer does not declare another encoding
}

// maxHead is how many octets of an answer may come before its root element.
const maxHead = 64 << 10

// readHead reads until the root element of an answer begins. It returns what was read, and a nil tag for an answer without any element.
func readHead(from io.Reader) (head []byte, tag *rootTag, err error) {
	buffer := make([]byte, 0, 2<<10)
	for {
		if len(buffer) == cap(buffer) {
			if len(buffer) >= maxHead {
				return nil, nil, errors.New("no XML element begins in its first 64 KiB")
			}
			buffer = append(make([]byte, 0, 2*cap(buffer)), buffer...)
		}
		n, readErr := from.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		tag, err = findRoot(buffer)
		switch {
		case tag != nil, err != nil:
			return buffer, tag, err
		case readErr == io.EOF && len(bytes.TrimLeft(buffer, "\ufeff \t\r\n")) == 0:
			return nil, nil, nil
		case readErr == io.EOF:
			return nil, nil, xmlscan.ErrTruncated
		case readErr != nil:
			return nil, nil, readErr
		}
	}
}

// findRoot finds the root element; nil without an error if more is needed.
func findRoot(head []byte) (*rootTag, error) {
	var s xmlscan.Scanner
	s.Reset(bytes.NewReader(head))
	kind, err := s.Next()
	if errors.Is(err, xmlscan.ErrTruncated) || err == io.EOF {
		return nil, nil
	}
	if err != nil || kind != xmlscan.Start {
		return nil, fmt.Errorf("%w: it begins with %s", err, excerpt(head))
	}
	offset := bytes.LastIndexByte(head[:s.Offset()], '<')
	prolog := strings.ToLower(string(head[:offset]))
	return &rootTag{
		name: string(xmlscan.Local(s.Name())), offset: offset, utf8: !strings.Contains(prolog, "encoding") || strings.Contains(prolog, "utf-8"),
	}, nil
}

// textReader escapes a text for XML.
type textReader struct {
	from io.Reader
	out  bytes.Buffer
	err  error
}

// Read implements io.Reader.
func (t *textReader) Read(p []byte) (int, error) {
	for t.out.Len() == 0 && t.err == nil {
		var chunk [4 << 10]byte
		var n int
		n, t.err = t.from.Read(chunk[:])
		for _, c := range chunk[:n] {
			switch c {
			case '<':
				t.out.WriteString("&lt;")
			case '>':
				t.out.WriteString("&gt;")
			case '&':
				t.out.WriteString("&amp;")
			default:
				t.out.WriteByte(c)
			}
		}
	}
	if t.out.Len() > 0 {
		return t.out.Read(p)
	}
	return 0, t.err
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
