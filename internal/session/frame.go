package session

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// The two framings of RFC 6242. The library's Framer does both too, but reads the end-of-message form byte by byte, and
// its chunk errors say neither what was expected nor what came; with the white space that servers put where the RFC has
// none, reading both here is shorter than working around it.

// endOfMessage ends a message in the framing of base:1.0 and of every hello (RFC 6242 section 4.3).
const endOfMessage = "]]>]]>"

// maxWhiteSpace bounds the white space between messages and between chunks, in octets.
const maxWhiteSpace = 64 << 10

// frame reads the octets of one message. Read gives io.EOF at the message's end, and any other error when the stream
// ends or breaks; in that case the stream is of no more use.
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

// wait goes ahead of what may have to wait for the device.
func (f *frame) wait() {
	if f.read <= largeBuffer {
		f.in.shrink()
	}
}

// readMarked reads up to the end-of-message mark, a block at a time.
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
			// The block may end with the beginning of a mark: hold that back until more has come.
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

// chunkSize reads a chunk's header, or io.EOF for the end of all chunks. Line feeds and blanks ahead of a header are
// skipped: some servers send one more than the RFC asks for.
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

// streamError keeps the end of the stream apart from io.EOF, which is the end of a message.
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
		// Nothing may follow the mark: a line feed there is a malformed message to some servers.
		framed = append(append(framed, message...), endOfMessage...)
	}
	_, err := w.Write(framed)
	return err
}
