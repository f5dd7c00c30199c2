package session

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// The two framings of RFC 6242. The library's Framer has both too. But it reads the end-of-message framing byte by byte, its
// errors say neither what was expected nor what arrived, and it refuses white space that some servers send.

// endOfMessage ends a message in the framing of base:1.0 and of every hello (RFC 6242 section 4.3).
const endOfMessage = "]]>]]>"

// maxWhiteSpace bounds the white space between messages and between chunks, in octets.
const maxWhiteSpace = 64 << 10

// frame reads the octets of one message. Read returns io.EOF at the end of the message. After any other error the stream cannot
// be used.
type frame struct {
	in      *input
	chunked bool

	read      int   // octets of the message so far
	unmarked  int   // octets at the head of in's buffer that hold no end-of-message mark
	chunkLeft int64 // octets left of the chunk
	started   bool
	err       error
}

func (f *frame) Read(p []byte) (n int, err error) {
	if f.err != nil || len(p) == 0 {
		return 0, f.err
	}
	f.wait()
	if f.chunked {
		n, err = f.readChunk(p)
	} else {
		n, err = f.readMarked(p)
	}
	f.started = f.started || n > 0
	f.err = err
	if f.read += n; f.read > largeBuffer {
		f.in.grow()
	}
	return n, err
}

// wait is called before each read that may wait for the device.
func (f *frame) wait() {
	if f.read <= largeBuffer {
		f.in.shrink()
	}
}

// readMarked reads up to the end-of-message mark, one block at a time.
func (f *frame) readMarked(p []byte) (int, error) {
	for want := 1; f.unmarked == 0; {
		f.wait()
		if _, err := f.in.Peek(want); err != nil {
			return 0, f.streamError(err)
		}
		block, _ := f.in.Peek(f.in.Buffered())
		mark := bytes.Index(block, []byte(endOfMessage))
		switch {
		case mark == 0:
			f.in.Discard(len(endOfMessage)) // cannot fail: the mark is in the buffer
			return 0, io.EOF
		case mark > 0:
			f.unmarked = mark
		default:
			// The block may end with the beginning of a mark: keep that until more has arrived.
			held := min(len(endOfMessage)-1, len(block))
			for !bytes.HasSuffix(block, []byte(endOfMessage[:held])) {
				held--
			}
			f.unmarked = len(block) - held
			want = held + 1
		}
	}
	n, err := f.in.Read(p[:min(len(p), f.unmarked)])
	f.unmarked -= n
	return n, err
}

// readChunk reads from the current chunk, or opens the next one (RFC 6242 section 4.2).
func (f *frame) readChunk(p []byte) (int, error) {
	if f.chunkLeft == 0 {
		size, err := f.chunkSize()
		if err != nil {
			return 0, err
		}
		f.chunkLeft = size
		f.started = true
	}
	n, err := f.in.Read(p[:min(int64(len(p)), f.chunkLeft)])
	f.chunkLeft -= int64(n)
	return n, f.streamError(err)
}

// chunkSize reads the header of a chunk. It returns io.EOF after the last chunk. It skips line feeds and blanks before a header:
// some servers send one line feed too many.
func (f *frame) chunkSize() (int64, error) {
	var header []byte
	for surplus := 0; ; surplus++ {
		f.wait()
		b, err := f.in.ReadByte()
		if err != nil {
			return 0, f.streamError(err)
		}
		if b == '#' {
			break
		}
		if !isSpace(b) {
			rest, _ := f.in.Peek(min(f.in.Buffered(), 40))
			return 0, fmt.Errorf("expected a chunk header (RFC 6242 section 4.2), got %q", string(b)+string(rest))
		}
		if surplus >= maxWhiteSpace {
			return 0, fmt.Errorf("expected a chunk header, got more than %d octets of white space", maxWhiteSpace)
		}
	}
	f.started = true
	for len(header) <= len("4294967295\r") {
		b, err := f.in.ReadByte()
		if err != nil {
			return 0, f.streamError(err)
		}
		if b != '\n' {
			header = append(header, b)
			continue
		}
		text := string(bytes.TrimRight(header, "\r"))
		if text == "#" {
			return 0, io.EOF
		}
		size, err := strconv.ParseUint(text, 10, 32)
		if err != nil || size == 0 {
			break
		}
		return int64(size), nil
	}
	return 0, fmt.Errorf("bad chunk header %q: the size must be 1 to 4294967295 (RFC 6242 section 4.2)", "#"+string(header))
}

// streamError replaces the io.EOF of the stream, because io.EOF means the end of a message here.
func (f *frame) streamError(err error) error {
	switch {
	case err != io.EOF:
		return err
	case f.started:
		return errTruncated
	}
	return errClosed
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// writeFrame writes one message in a single write.
func writeFrame(w io.Writer, message []byte, chunked bool) error {
	framed := make([]byte, 0, len(message)+24)
	if chunked {
		framed = fmt.Appendf(framed, "\n#%d\n%s\n##\n", len(message), message)
	} else {
		// Nothing may follow the mark: some servers read a line feed there as a malformed message.
		framed = append(append(framed, message...), endOfMessage...)
	}
	_, err := w.Write(framed)
	return err
}
