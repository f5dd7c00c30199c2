package web

import (
	"io"
	"net/http"
	"time"
)

// defaultClientTimeout is how long a client may take for each piece of an answer, of some 32 KiB, and for the whole body of a request.
const defaultClientTimeout = 10 * time.Second

// deadlines gives up clients that do not take the answer, or do not send what they began to send. Both would hold a request, and
// one of --web.max-requests, for as long as they like. The deadline of an answer moves on with every piece that is taken: an
// answer as a whole may take long, since devices may.
func deadlines(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		out := &deadlineWriter{ResponseWriter: w, control: control, timeout: timeout}
		if r.Body != nil && r.Body != http.NoBody {
			_ = control.SetReadDeadline(time.Now().Add(timeout)) // without it, the connection's own end has to do
			r.Body = &deadlineBody{r.Body, control}
		}
		next.ServeHTTP(out, r)
		out.begin() // what is still in buffers is sent after the handler has returned
	})
}

// deadlineWriter sets a deadline for each write. Between two of them there is none: with HTTP/2 it would end the stream.
type deadlineWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (w *deadlineWriter) begin() { _ = w.control.SetWriteDeadline(time.Now().Add(w.timeout)) }
func (w *deadlineWriter) end()   { _ = w.control.SetWriteDeadline(time.Time{}) }

func (w *deadlineWriter) Write(p []byte) (n int, err error) {
	const piece = 32 << 10
	for len(p) > 0 && err == nil {
		var written int
		w.begin()
		written, err = w.ResponseWriter.Write(p[:min(piece, len(p))])
		n, p = n+written, p[written:]
	}
	if err == nil { // after an error the connection is of no more use, and is not to be waited for
		w.end()
	}
	return n, err
}

// Flush implements http.Flusher.
func (w *deadlineWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *deadlineWriter) FlushError() error {
	w.begin()
	err := w.control.Flush()
	if err == nil {
		w.end()
	}
	return err
}

// Unwrap is for http.ResponseController.
func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// deadlineBody lifts the deadline when the body has been read: net/http reads on to see whether the client leaves.
type deadlineBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *deadlineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
