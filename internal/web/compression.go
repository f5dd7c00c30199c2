package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzhttp/writer"
	"github.com/klauspost/compress/gzhttp/writer/gzkp"
)

// compression returns what makes a handler's answers small when the client asks for it. Level 1: on metrics, more costs
// much time and saves few bytes.
func compression() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(1), gzhttp.EnableZstd(false),
		gzhttp.Implementation(writer.GzipWriterFactory{Levels: gzkp.Levels, New: newGzipWriter}))
	if err != nil { // only of options that do not go together
		return func(h http.Handler) http.HandlerFunc { return h.ServeHTTP }
	}
	return wrap
}

// gzipWriter hands what it compressed on in large pieces: net/http makes a system call of each 4 KiB otherwise.
type gzipWriter struct {
	writer.GzipWriter
	out *bufio.Writer
}

var gzipOutputs = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 32<<10) }}

func newGzipWriter(to io.Writer, level int) writer.GzipWriter {
	out := gzipOutputs.Get().(*bufio.Writer)
	out.Reset(to)
	return &gzipWriter{gzkp.NewWriter(out, level), out}
}

func (w *gzipWriter) Flush() error { return errors.Join(w.GzipWriter.Flush(), w.out.Flush()) }

func (w *gzipWriter) Close() error {
	err := errors.Join(w.GzipWriter.Close(), w.out.Flush())
	w.out.Reset(nil)
	gzipOutputs.Put(w.out)
	return err
}
