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

// compression returns middleware that compresses answers if the client accepts it. It uses level 1: on metrics, higher levels take
// much longer and save few bytes.
func compression() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(1), gzhttp.EnableZstd(false),
		gzhttp.Implementation(writer.GzipWriterFactory{Levels: gzkp.Levels, New: newGzipWriter}))
	if err != nil { // only if options contradict each other
		return func(h http.Handler) http.HandlerFunc { return h.ServeHTTP }
	}
	return wrap
}

// gzipWriter writes compressed data in large pieces. net/http alone makes a system call for each 4 KiB.
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
