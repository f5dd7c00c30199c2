package session

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestLargeMessages reads messages that are longer than the buffers, without a pause between them, in both framings and in
// pieces of several sizes.
func TestLargeMessages(t *testing.T) {
	large := []byte(strings.Repeat("<a>]]&gt;]</a>\n", 5*largeBuffer/15))
	messages := [][]byte{large, []byte("<b/>"), large, large[:largeBuffer], []byte("<c/>")}
	for framing, chunked := range map[string]bool{"end of message": false, "chunked": true} {
		var stream bytes.Buffer
		for _, message := range messages {
			if err := writeFrame(&stream, message, chunked); err != nil {
				t.Fatal(err)
			}
		}
		for pieces, in := range map[string]io.Reader{
			"whole":         bytes.NewReader(stream.Bytes()),
			"octets":        iotest.OneByteReader(bytes.NewReader(stream.Bytes())),
			"halves":        iotest.HalfReader(bytes.NewReader(stream.Bytes())),
			"data with EOF": iotest.DataErrReader(bytes.NewReader(stream.Bytes())),
		} {
			in := newInput(in)
			for i, want := range messages {
				if got, err := io.ReadAll(&frame{in: in, chunked: chunked}); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s in %s, message %d: %d octets, %v; want %d", framing, pieces, i, len(got), err, len(want))
				}
			}
		}
	}
}

// TestLargeBufferIsGivenBack has a device send a line feed after a large message, and then nothing for long.
func TestLargeBufferIsGivenBack(t *testing.T) {
	for framing, chunked := range map[string]bool{"end of message": false, "chunked": true} {
		var stream bytes.Buffer
		for _, message := range []string{strings.Repeat("<a/>", largeBuffer), "<b/>"} {
			if err := writeFrame(&stream, []byte(message), chunked); err != nil {
				t.Fatal(err)
			}
			stream.WriteByte('\n')
		}
		r := &waiting{Reader: bytes.NewReader(stream.Bytes())}
		in := newInput(r)
		for range 2 {
			if _, err := io.ReadAll(&frame{in: in, chunked: chunked}); err != nil {
				t.Fatal(err)
			}
		}
		r.end = func() {
			if in.Reader != in.small {
				t.Errorf("%s: the large buffer is kept while waiting", framing)
			}
		}
		if _, err := io.ReadAll(&frame{in: in, chunked: chunked}); err == nil {
			t.Errorf("%s: a message after the last", framing)
		}
	}
}

// waiting calls end when there is nothing more to read.
type waiting struct {
	*bytes.Reader
	end func()
}

func (w *waiting) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && w.end != nil {
		w.end()
	}
	return n, err
}
