package restconf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const (
	replyStart = `<rpc-reply xmlns="` + netconf.NetconfNamespace + `">`
	replyEnd   = `</rpc-reply>`
	dataStart  = `<data>`
	dataEnd    = `</data>`
)

// reply is the NETCONF reply to one operation, made from answers. Reading it sends the requests, one after the other; no answer is
// kept. The content of each answer is in its own <data>.
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
		case a.status >= http.StatusBadRequest:
			if a.status == http.StatusUnauthorized {
				if err := r.client.refusedLater(r.ctx, a); err != nil {
					return err
				}
			}
			found, _ := a.errors()
			if !f.mayMiss || !areMissing(found) {
				r.errors = append(r.errors, found...)
			}
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
	var rest io.Reader = a
	if f.root == "data" && start.name != "data" && start.utf8 && a.mediaType == mediaXML { // rousette gives all that a datastore holds without that
		head = slices.Concat([]byte(dataStart), head[start.offset:])
		start.name, start.offset, rest = "data", 0, io.MultiReader(a, strings.NewReader(dataEnd))
	}
	whole := io.MultiReader(bytes.NewReader(head), rest)
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
		r.body = io.MultiReader(bytes.NewReader(head[start.offset:]), rest)
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
