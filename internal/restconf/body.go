package restconf

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip" // it takes half the time of the standard library's

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// Buffers are kept for all answers: most of those are smaller. The first is large because in HTTP/2 each read sends the device leave to send more.
var (
	bodyBuffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }}
	gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

// body gives the octets of an answer's body, decompressed.
type body struct {
	io.ReadCloser // as it arrives
	tcp           *session.Conn
	compressed    bool
	buffer        *bufio.Reader // nil: closed
	gunzip        *gzip.Reader  // nil before the first read: an answer without a body has no header of gzip
}

// newBody takes over the body of a response.
func newBody(response *http.Response, tcp *session.Conn) (*body, error) {
	b := &body{ReadCloser: response.Body, tcp: tcp}
	switch encoding := strings.ToLower(response.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		b.compressed = true
	default:
		_ = response.Body.Close() // the error that is told is the encoding
		return nil, fmt.Errorf("its body has content encoding %q, which was not asked for", bound(encoding))
	}
	b.buffer = bodyBuffers.Get().(*bufio.Reader)
	b.buffer.Reset(&watched{response.Body, tcp})
	return b, nil
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.buffer == nil:
		return 0, http.ErrBodyReadAfterClose
	case !b.compressed:
		return b.buffer.Read(p)
	case b.gunzip == nil:
		b.gunzip = gzipReaders.Get().(*gzip.Reader)
		if err := b.gunzip.Reset(b.buffer); err != nil {
			return 0, err
		}
	}
	return b.gunzip.Read(p)
}

// Close ends the body. What was read to its end leaves the connection in use.
func (b *body) Close() error {
	if b.buffer == nil {
		return nil
	}
	if b.gunzip != nil {
		_ = b.gunzip.Reset(new(bytes.Reader)) // lets go of the buffer
		gzipReaders.Put(b.gunzip)
	}
	b.buffer.Reset(nil)
	bodyBuffers.Put(b.buffer)
	b.buffer, b.gunzip = nil, nil
	b.tcp.Wait(true)
	return b.ReadCloser.Close()
}

// watched tells the connection when its reader waits for the device, and what it got.
type watched struct {
	body io.Reader
	tcp  *session.Conn
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	w.tcp.Wait(true)
	defer w.tcp.Wait(false)
	n, err := w.body.Read(p)
	w.tcp.Use(n)
	return n, err
}
