package xmlscan

import (
	"bytes"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxReference is the longest reference that is looked at: &#x10FFFF; and the five names are shorter.
const maxReference = 12

// scanText takes a piece of text: up to the next markup, or as much of it as is in the buffer and can be decoded on its
// own. The text of one element may come in several pieces.
func (s *Scanner) scanText() error {
	for {
		rest := s.buf[s.pos:s.end]
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			n = len(rest) - s.unfinished(rest)
		}
		if n == 0 {
			err := s.fill()
			if err == nil {
				continue
			}
			if err != io.EOF {
				return err
			}
			n = len(rest)
		}
		s.take(n)
		return nil
	}
}

// scanCDATA is scanText inside <![CDATA[ ]]>.
func (s *Scanner) scanCDATA() error {
	const end = "]]>"
	for {
		rest := s.buf[s.pos:s.end]
		if n := bytes.Index(rest, []byte(end)); n >= 0 {
			s.take(n)
			s.pos += len(end)
			s.cdata = false
			return nil
		}
		if n := len(rest) - len(end) + 1; n > 0 {
			if n -= s.unfinished(rest[:n]); n > 0 {
				s.take(n)
				return nil
			}
		}
		if err := s.fill(); err != nil {
			return s.finish(err)
		}
	}
}

func (s *Scanner) take(n int) {
	s.text = s.buf[s.pos : s.pos+n]
	s.raw = s.cdata
	s.pos += n
}

// unfinished is how many bytes at the end of b only make sense together with what follows: a reference, a rune, or a
// carriage return.
func (s *Scanner) unfinished(b []byte) int {
	tail := b[max(0, len(b)-maxReference):]
	if i := bytes.LastIndexByte(tail, '&'); i >= 0 && bytes.IndexByte(tail[i:], ';') < 0 {
		return len(tail) - i
	}
	if b[len(b)-1] == '\r' {
		return 1
	}
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !s.latin1 && !utf8.FullRune(b[len(b)-i:]) {
				return i
			}
			break
		}
	}
	return 0
}

// TextSize is the most octets that AppendText appends: one that is not UTF-8 becomes three.
func (s *Scanner) TextSize() int { return 3 * len(s.text) }

// AppendText appends the piece of text that Next just found, decoded: references replaced, bytes that are not UTF-8 become
// U+FFFD, characters that XML 1.0 does not allow are left out, line ends are "\n". The result is valid UTF-8.
func (s *Scanner) AppendText(dst []byte) []byte {
	return appendDecoded(dst, s.text, s.latin1, !s.raw)
}

// AppendValue appends an attribute's value, decoded likewise.
func (s *Scanner) AppendValue(dst []byte, a Attr) []byte {
	return appendDecoded(dst, a.Value, s.latin1, true)
}

func appendDecoded(dst, src []byte, latin1, references bool) []byte {
	for len(src) > 0 {
		n := plain(src)
		dst = append(dst, src[:n]...)
		if src = src[n:]; len(src) == 0 {
			break
		}
		switch c := src[0]; {
		case c == '&' && references:
			if r, size, ok := reference(src); ok {
				dst = appendRune(dst, r)
				src = src[size:]
				continue
			}
			dst = append(dst, c) // a bare ampersand, or a name that only a document type could define
		case c == '\r':
			if len(src) == 1 || src[1] != '\n' {
				dst = append(dst, '\n')
			}
		case c < utf8.RuneSelf && c != '&': // a control character that XML does not allow
		case c == '&':
			dst = append(dst, c)
		case latin1:
			dst = utf8.AppendRune(dst, rune(c))
		default:
			r, size := utf8.DecodeRune(src)
			dst = appendRune(dst, r)
			src = src[size:]
			continue
		}
		src = src[1:]
	}
	return dst
}

// plain is the length of the longest prefix that stands for itself.
func plain(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf || c == '&' || c < ' ' && c != '\n' && c != '\t' {
			return i
		}
	}
	return len(b)
}

// reference decodes a character or predefined entity reference at the start of b (XML 1.0, section 4.1).
func reference(b []byte) (r rune, size int, ok bool) {
	end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if end < 2 {
		return 0, 0, false
	}
	name := b[1:end]
	if name[0] == '#' {
		digits, base := name[1:], 10
		if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(string(digits), base, 32)
		return rune(n), end + 1, err == nil && n <= utf8.MaxRune
	}
	switch string(name) {
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "amp":
		r = '&'
	case "quot":
		r = '"'
	case "apos":
		r = '\''
	}
	return r, end + 1, r != 0
}

// appendRune appends a character that XML 1.0 allows, and leaves out one that it does not (section 2.2).
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '\t', r == '\n', r == '\r', r >= ' ' && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000 && r <= utf8.MaxRune:
		return utf8.AppendRune(dst, r)
	}
	return dst
}
