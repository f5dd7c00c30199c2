// Package xmlscan reads XML as devices send it: one pass over a stream, no tree, no allocation per element, and lenient
// where encoding/xml gives up on bytes that real devices put on the wire (ISO-8859-1, invalid UTF-8, control characters,
// unbound prefixes, unknown entities). It is strict where leniency would hide damage: tags must match, there is one root,
// a document type is refused, and depth and tag size are bounded.
package xmlscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Kind is what Next found.
type Kind uint8

// The kinds of token. A self-closing element gives a Start and an End.
const (
	Start Kind = iota + 1
	End
	Text
)

const (
	bufferSize = 8 << 10
	maxTag     = 1 << 20 // a start tag with its attributes; 77 kB hellos are text, not tags
	maxDepth   = 512     // YANG trees of real devices stay below 30
	maxName    = 1 << 10 // octets of a name with its prefix; all open names are kept
	maxAttrs   = 4096    // of one tag; most declare namespaces
)

// ErrTruncated is returned where the document ends before its root element does.
var ErrTruncated = errors.New("XML ends before its root element is closed")

// A SyntaxError says where a document stops being XML.
type SyntaxError struct {
	Offset int64 // bytes into the document
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("not well-formed XML at byte %d: %s", e.Offset, e.Reason)
}

// Attr is an attribute as it stands in the document: qualified name and undecoded value.
type Attr struct{ Name, Value []byte }

// Scanner is reused from document to document by Reset. Slices that it returns are valid until the next call of Next.
type Scanner struct {
	r      io.Reader
	buf    []byte
	pos    int   // next byte to look at
	end    int   // bytes in buf
	base   int64 // offset of buf[0] in the document
	eof    bool
	whole  bool // buf is the caller's, and holds the document
	closed bool // the root element has ended
	latin1 bool

	tag, name []byte
	attrs     []Attr
	text      []byte
	cdata     bool // inside <![CDATA[
	raw       bool // text came from there: it holds no references
	selfClose bool // an End is due for the element just started

	openNames  []byte // names of the open elements, one after the other
	nameStarts []int  // where each begins in openNames
	ns         namespaces
}

// Reset begins a new document.
func (s *Scanner) Reset(r io.Reader) {
	if s.buf == nil || s.whole || cap(s.buf) > 4*bufferSize {
		s.buf = make([]byte, bufferSize)
	}
	s.begin(Scanner{r: r, buf: s.buf})
}

// ResetBytes begins a new document that is at hand as a whole. It makes no buffer.
func (s *Scanner) ResetBytes(document []byte) {
	s.begin(Scanner{buf: document, end: len(document), eof: true, whole: true})
}

func (s *Scanner) begin(with Scanner) {
	with.attrs, with.openNames, with.nameStarts, with.ns = s.attrs[:0], s.openNames[:0], s.nameStarts[:0], s.ns
	*s = with
	s.ns.reset()
}

// Depth is the number of open elements; the root's Start leaves it at 1.
func (s *Scanner) Depth() int { return len(s.nameStarts) }

// Offset is how many bytes of the document have been consumed.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// Name is the qualified name of the element that a Start or End is about.
func (s *Scanner) Name() []byte { return s.name }

// Tag is the element that a Start is about as it stands in the document: what is between the angle brackets, without the
// slash of an element that closes itself.
func (s *Scanner) Tag() []byte { return s.tag }

// Attrs are the attributes of the element that a Start is about.
func (s *Scanner) Attrs() []Attr { return s.attrs }

// Next returns the next token, io.EOF after a complete document, ErrTruncated after an incomplete one, a *SyntaxError, or
// the reader's own error.
func (s *Scanner) Next() (Kind, error) {
	if s.selfClose {
		s.selfClose = false
		s.pop()
		return End, nil
	}
	if s.cdata {
		return Text, s.scanCDATA()
	}
	for {
		if s.pos == s.end {
			if err := s.fill(); err != nil {
				return 0, s.finish(err)
			}
			continue
		}
		if s.buf[s.pos] != '<' {
			if err := s.scanText(); err != nil {
				return 0, err
			}
			if len(s.nameStarts) > 0 {
				return Text, nil
			}
			if len(bytes.Trim(s.text, "\ufeff \t\r\n")) > 0 {
				return 0, s.syntax("text outside the root element")
			}
			continue
		}
		kind, err := s.markup()
		if kind != 0 || err != nil {
			return kind, err
		}
	}
}

// Leaf consumes the rest of the element whose Start was just returned, its End included, if there is nothing but text in it and
// all of that is at hand. It is a shorter way through what devices send most. The text is for AppendText.
func (s *Scanner) Leaf() bool {
	if s.selfClose || !leaf(s, s.pos, s.name) {
		return false
	}
	s.pop()
	return true
}

// LeafAfter is Next and Leaf in one, where exactly lead comes next: white space, and a start tag of that name.
func (s *Scanner) LeafAfter(lead []byte, name string) bool {
	return bytes.HasPrefix(s.buf[s.pos:s.end], lead) && leaf(s, s.pos+len(lead), name)
}

// leaf consumes text and an end tag.
func leaf[Name string | []byte](s *Scanner, from int, name Name) bool {
	rest := s.buf[from:s.end]
	text := bytes.IndexByte(rest, '<')
	begin := text + len("</")
	end := begin + len(name)
	if text < 0 || end >= len(rest) || rest[end] != '>' || rest[text+1] != '/' || string(rest[begin:end]) != string(name) {
		return false
	}
	s.text, s.raw = rest[:text], false
	s.pos = from + end + 1
	return true
}

// Since returns what stood in the document from an Offset until now, nil if not all of it is at hand.
func (s *Scanner) Since(offset int64) []byte {
	if offset < s.base {
		return nil
	}
	return s.buf[offset-s.base : s.pos]
}

// Skip consumes the rest of the element whose Start was just returned, its End included.
func (s *Scanner) Skip() error {
	for depth := s.Depth(); s.Depth() >= depth; {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
}

// fill makes room and reads at least one byte.
func (s *Scanner) fill() error {
	if s.eof {
		return io.EOF
	}
	if s.pos > 0 {
		s.base += int64(s.pos)
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= maxTag {
			return s.syntax("a tag of more than 1 MiB")
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if n > 0 {
			return nil
		}
		if err == io.EOF {
			s.eof = true
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// finish turns the reader's end into the document's.
func (s *Scanner) finish(err error) error {
	if err == io.EOF && !s.closed {
		return ErrTruncated
	}
	return err
}

func (s *Scanner) syntax(reason string) error {
	return &SyntaxError{Offset: s.Offset(), Reason: reason}
}

// find returns the index, counted from pos, of the first sep at or after pos+from, reading on as needed.
func (s *Scanner) find(sep []byte, from int) (int, error) {
	for {
		if s.pos+from <= s.end {
			if i := bytes.Index(s.buf[s.pos+from:s.end], sep); i >= 0 {
				return from + i, nil
			}
		}
		from = max(from, s.end-s.pos-len(sep)+1)
		if err := s.fill(); err != nil {
			return 0, s.finish(err)
		}
	}
}

// discardTo consumes up to and including sep without keeping it: comments and processing instructions have no bound of
// their own.
func (s *Scanner) discardTo(sep string) error {
	for {
		if i := bytes.Index(s.buf[s.pos:s.end], []byte(sep)); i >= 0 {
			s.pos += i + len(sep)
			return nil
		}
		s.pos = max(s.pos, s.end-len(sep)+1)
		if err := s.fill(); err != nil {
			return s.finish(err)
		}
	}
}

// has reports whether the unread bytes begin with prefix.
func (s *Scanner) has(prefix string) (bool, error) {
	for s.end-s.pos < len(prefix) {
		if !bytes.HasPrefix([]byte(prefix), s.buf[s.pos:s.end]) {
			return false, nil
		}
		if err := s.fill(); err != nil {
			return false, s.finish(err)
		}
	}
	return string(s.buf[s.pos:s.pos+len(prefix)]) == prefix, nil
}
