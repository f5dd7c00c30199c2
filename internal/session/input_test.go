package session

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestLargeMessages reads messages that are longer than the buffers, one right after the other, in both framings and in
// whatever pieces they come.
func TestLargeMessages(t *testing.T) {
	large := []byte(strings.Repeat("<a>]]&gt;]</a>\n", 5*wide/15))
	messages := [][]byte{large, []byte("<b/>"), large, large[:wide], []byte("<c/>")}
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
			if in.Reader != in.narrow {
				t.Errorf("%s in %s: the wide buffer is kept after the last message", framing, pieces)
			}
		}
	}
}
