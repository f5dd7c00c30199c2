package web

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// textWriter writes families as text or as OpenMetrics. The bytes are those of expfmt, which takes four times as long. It writes
// gauges and counters itself and passes other types to expfmt. Names of metrics and labels must need no escaping; they are
// checked when a configuration is loaded.
type textWriter struct {
	out         io.Writer
	format      expfmt.Format
	openMetrics bool
	buf         []byte
	labels      labelText
	failed      error // of out

	name string // of the last family
	kind dto.MetricType
}

// textBuffer is the size of each write: large for the compressor, but small enough for the processor's cache.
const textBuffer = 32 << 10

// textWriters keeps the memory of closed writers.
var textWriters = sync.Pool{New: func() any { return &textWriter{buf: make([]byte, 0, textBuffer+4<<10)} }}

func newTextWriter(out io.Writer, format expfmt.Format) *textWriter {
	w := textWriters.Get().(*textWriter)
	w.labels.reset()
	*w = textWriter{out: out, format: format, openMetrics: format.FormatType() == expfmt.TypeOpenMetrics, buf: w.buf[:0], labels: w.labels}
	return w
}

// family writes one family, or more samples of the last one. After an error the next family can be written, unless the client has
// disconnected. If two families have one name and different types, only the first is written.
func (w *textWriter) family(f *dto.MetricFamily) error {
	more := f.GetName() == w.name
	if more && f.GetType() != w.kind {
		return nil
	}
	w.name, w.kind = f.GetName(), f.GetType()
	if !simple(f) {
		w.flush()
		encoder := expfmt.NewEncoder(w.out, w.format)
		return encoder.Encode(f)
	}
	name := f.GetName()
	subject, kind := name, " gauge\n"
	if f.GetType() == dto.MetricType_COUNTER {
		kind = " counter\n"
		if w.openMetrics {
			subject = strings.TrimSuffix(name, total)
		}
	}
	b := w.buf
	if f.Help != nil && !more {
		b = append(append(append(b, "# HELP "...), subject...), ' ')
		b = append(appendEscaped(b, f.GetHelp(), w.openMetrics), '\n')
	}
	if !more {
		b = append(append(append(b, "# TYPE "...), subject...), kind...)
	}
	w.labels.begin()
	for _, m := range f.Metric {
		b = w.labels.append(append(b, name...), m.Label)
		value := m.Gauge.GetValue()
		if m.Counter != nil {
			value = m.Counter.GetValue()
		}
		b = append(w.appendValue(append(b, ' '), value), '\n')
		if len(b) >= textBuffer {
			w.buf = b
			w.flush()
			b = w.buf
		}
	}
	w.buf = b
	return w.failed
}

// close ends the answer. The writer cannot be used again.
func (w *textWriter) close() error {
	if w.openMetrics {
		w.buf = append(w.buf, "# EOF\n"...)
	}
	w.flush()
	w.out = nil
	defer textWriters.Put(w)
	return w.failed
}

func (w *textWriter) flush() {
	if w.failed == nil {
		_, w.failed = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

const total = "_total"

// simple reports whether family can write this one without expfmt.
func simple(f *dto.MetricFamily) bool {
	counter := f.GetType() == dto.MetricType_COUNTER
	if len(f.Metric) == 0 || f.Unit != nil || !counter && f.GetType() != dto.MetricType_GAUGE || counter && !strings.HasSuffix(f.GetName(), total) {
		return false
	}
	return !slices.ContainsFunc(f.Metric, func(m *dto.Metric) bool {
		return m.TimestampMs != nil || counter == (m.Counter == nil) || counter == (m.Gauge != nil) || m.Counter.GetExemplar() != nil
	})
}

func appendLabels(b []byte, labels []*dto.LabelPair) []byte {
	for i, l := range labels {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(append(b, l.GetName()...), '=', '"')
		b = append(appendEscaped(b, l.GetValue(), true), '"')
	}
	if len(labels) > 0 {
		b = append(b, '}')
	}
	return b
}

// appendEscaped escapes backslashes, line feeds and, if they are special, quotes.
func appendEscaped(b []byte, text string, quotes bool) []byte {
	from := 0
	for i := range len(text) {
		c := text[i]
		if c > '\\' || c != '\\' && c != '\n' && (c != '"' || !quotes) {
			continue
		}
		b = append(append(b, text[from:i]...), '\\')
		if from = i + 1; c == '\n' {
			c = 'n'
		}
		b = append(b, c)
	}
	return append(b, text[from:]...)
}

// appendValue writes a number as strconv's 'g' does. In OpenMetrics a whole number ends with .0.
func (w *textWriter) appendValue(b []byte, f float64) []byte {
	const exact = 1 << 53 // below this, floats represent every whole number
	switch {
	case f >= 0 && f < exact && f == math.Trunc(f):
		const short = 1_000_000 // from seven digits on, an exponent is written
		if f >= short {
			return appendExponent(b, uint64(f))
		}
		b = strconv.AppendUint(b, uint64(f), 10)
	case math.IsInf(f, 1):
		return append(b, "+Inf"...)
	default:
		from := len(b)
		b = strconv.AppendFloat(b, f, 'g', -1, 64)
		if strings.ContainsAny(string(b[from:]), ".eNI") {
			return b
		}
	}
	if w.openMetrics {
		b = append(b, ".0"...)
	}
	return b
}

// appendExponent writes a number in the form 1.2345e+06.
func appendExponent(b []byte, n uint64) []byte {
	from := len(b)
	b = strconv.AppendUint(append(b, 0), n, 10) // with room for the point after the first digit
	exponent := len(b) - from - 2
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	b[from], b[from+1] = b[from+1], '.'
	if len(b) == from+2 {
		b = b[:from+1] // nothing is left behind the point
	}
	return append(b, 'e', '+', byte('0'+exponent/10), byte('0'+exponent%10))
}
