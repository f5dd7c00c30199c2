package restconf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// answer is the answer to one request. Read gives the decompressed body. end is called once for each answer.
type answer struct {
	request
	status    int
	header    http.Header
	mediaType string // without parameters, in small letters; "" if the device says none
	body      *body
	plain     io.Reader // the body, or a copy of it
	left      *int64    // octets that the body may still have; nil: no limit
	bytes     int64
	client    *Client
	trace     *session.Trace
	began     time.Time
	failed    error  // of the connection, while the body was read
	cancel    func() // of the time for it; nil: it has as much as the read
}

// newAnswer takes over a response.
func newAnswer(response *http.Response, tcp *session.Conn) (*answer, error) {
	body, err := newBody(response, tcp)
	if err != nil {
		return nil, err
	}
	a := &answer{status: response.StatusCode, header: response.Header, body: body, plain: body}
	a.mediaType, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	return a, nil
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.plain.Read(p)
	a.bytes += int64(n)
	if a.left != nil {
		if *a.left -= int64(n); *a.left < 0 {
			return 0, decode.ErrTooLarge
		}
	}
	if err != nil && err != io.EOF {
		a.failed = err
	}
	return n, err
}

// end closes the answer and records it. A body that was read to its end leaves the connection in use.
func (a *answer) end(err error) {
	if err == nil {
		// Read what follows the document, such as line feeds, so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, a, 4<<10)
	}
	_ = a.body.Close() // what was wanted of it has been read
	if a.cancel != nil {
		a.cancel()
	}
	detail := fmt.Sprintf("%s %s: %d %s, %d bytes", a.method, a.request, a.status, http.StatusText(a.status), a.bytes)
	if a.body.compressed {
		detail += ", gzip"
	}
	if err != nil {
		detail += ": " + err.Error()
	}
	a.trace.AddWithin(cmp.Or(a.within, "rpc"), "http", a.began, time.Since(a.began), detail)
}

// errors reads the errors in an answer, and ends the answer. own reports whether the device sent them; otherwise they are made from the
// status.
func (a *answer) errors() (found netconf.RPCErrors, own bool) {
	found, own = parseErrors(a.status, a.mediaType, a)
	a.client.hide(found)
	a.end(nil)
	return found, own
}

var errJSONAlone = errors.New("the device's RESTCONF speaks JSON alone, which is not read; use transport ssh or tls, or a release that speaks XML")

// checkXML refuses an answer whose media type is not XML. Some servers send no media type, or a general one.
func (a *answer) checkXML() error {
	switch {
	case a.mediaType == "", strings.HasSuffix(a.mediaType, "+xml") && a.mediaType != "application/xhtml+xml", a.mediaType == "application/xml", a.mediaType == "text/xml":
		return nil
	case isJSON(a.mediaType):
		return a.broken(fmt.Errorf("it is %s although XML was asked for: %w", a.mediaType, errJSONAlone))
	}
	head := make([]byte, 200)
	n, _ := io.ReadFull(a, head)
	hint := ""
	if a.mediaType == "text/html" || bytes.Contains(bytes.ToLower(head[:n]), []byte("<html")) {
		hint = ", a page of its web interface, maybe one to log in; check the port, and that RESTCONF is enabled"
	}
	return a.broken(fmt.Errorf("it is %s in the place of %s%s: %s", bound(a.mediaType), mediaXML, hint, a.client.redact(excerpt(head[:n]))))
}

// broken is the error of an answer that cannot be parsed. An error of the connection, or of a limit, is kept.
func (a *answer) broken(err error) error {
	if errors.Is(a.failed, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the connection, or what was compressed, ended in the middle of it: %w", err)
	}
	if a.failed != nil || errors.Is(err, decode.ErrTooLarge) {
		return fmt.Errorf("the answer to %s %s: %w", a.method, a.request, err)
	}
	return fmt.Errorf("the answer to %s %s cannot be read: %w", a.method, a.request, err)
}
