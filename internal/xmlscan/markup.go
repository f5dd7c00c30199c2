package xmlscan

import (
	"bytes"
	"strings"
)

// markup reads what begins with '<'. It returns kind 0 for what gives no token.
func (s *Scanner) markup() (Kind, error) {
	for s.end-s.pos < 2 {
		if err := s.fill(); err != nil {
			return 0, s.finish(err)
		}
	}
	switch s.buf[s.pos+1] {
	case '/':
		return s.endTag()
	case '?':
		return 0, s.instruction()
	case '!':
		return s.declaration()
	}
	return s.startTag()
}

func (s *Scanner) endTag() (Kind, error) {
	if len(s.nameStarts) == 0 {
		return 0, s.syntax("an end tag without a start tag")
	}
	last := s.openNames[s.nameStarts[len(s.nameStarts)-1]:]
	const before = len("</")
	n := before + len(last)
	if s.end-s.pos <= n || s.buf[s.pos+n] != '>' || !bytes.Equal(s.buf[s.pos+before:s.pos+n], last) {
		var err error
		if n, err = s.find([]byte{'>'}, before); err != nil {
			return 0, err
		}
		if name := bytes.TrimRight(s.buf[s.pos+before:s.pos+n], " \t\r\n"); !bytes.Equal(name, last) {
			return 0, s.syntax("</" + quote(name) + "> closes <" + quote(last) + ">")
		}
	}
	s.pos += n + 1
	s.pop()
	return End, nil
}

func (s *Scanner) startTag() (Kind, error) {
	n, i, err := s.tagEnd()
	if err != nil {
		return 0, err
	}
	tag := s.buf[s.pos+1 : s.pos+n]
	if len(tag) > 0 && tag[len(tag)-1] == '/' {
		s.selfClose = true
		tag = tag[:len(tag)-1]
	}
	i = min(i, len(tag))
	s.tag, s.name = tag, tag[:i]
	switch {
	case i == 0 || !nameStart(tag[0]):
		return 0, s.syntax("a '<' that begins no tag")
	case s.closed:
		return 0, s.syntax("a second root element <" + quote(s.name) + ">")
	case i > maxName:
		return 0, s.syntax("a name of more than 1 KiB")
	case len(s.nameStarts) >= maxDepth:
		return 0, s.syntax("elements nested more than 512 deep")
	}
	s.nameStarts = append(s.nameStarts, len(s.openNames))
	s.openNames = append(s.openNames, s.name...)
	s.attrs = s.attrs[:0]
	if i < len(tag) {
		if err := s.scanAttrs(tag[i:]); err != nil {
			return 0, err
		}
		if !s.ns.declare(s.attrs, len(s.nameStarts)) {
			return 0, s.syntax("thousands of namespaces are declared")
		}
	}
	s.pos += n + 1
	return Start, nil
}

// tagEnd finds the '>' that ends a start tag, as quoted attribute values may hold others, and how long the name is.
func (s *Scanner) tagEnd() (end, name int, err error) {
	i, quoted := 1, byte(0)
	for {
		for unread := s.buf[s.pos:s.end]; i < len(unread); i++ {
			switch c := unread[i]; {
			case !inTag[c]: // most of a name
			case quoted != 0:
				if c == quoted {
					quoted = 0
				}
			case c == '>':
				if name == 0 {
					name = i - 1
				}
				return i, name, nil
			case c == '<':
				return 0, 0, s.syntax("a '<' inside a tag")
			case name == 0 && (c == '"' || c == '\''):
				return 0, 0, s.syntax("a quote in a name")
			case c == '"' || c == '\'':
				quoted = c
			case name == 0: // white space
				name = i - 1
			}
		}
		if err := s.fill(); err != nil {
			return 0, 0, s.finish(err)
		}
	}
}

// inTag are the octets that mean something in a start tag.
var inTag = [256]bool{'<': true, '>': true, '"': true, '\'': true, ' ': true, '\t': true, '\r': true, '\n': true}

func (s *Scanner) scanAttrs(b []byte) error {
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		if len(b) == 0 {
			return nil
		}
		eq := bytes.IndexByte(b, '=')
		if eq <= 0 {
			return s.syntax("an attribute without a value")
		}
		name := bytes.TrimRight(b[:eq], " \t\r\n")
		if bytes.ContainsAny(name, "\"'") {
			return s.syntax("a quote in a name")
		}
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return s.syntax("an attribute value without quotes")
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return s.syntax("an attribute value without its closing quote")
		}
		if len(s.attrs) >= maxAttrs {
			return s.syntax("a tag with thousands of attributes")
		}
		s.attrs = append(s.attrs, Attr{Name: name, Value: b[1 : end+1]})
		b = b[end+2:]
	}
}

// instruction passes over <?...?>, taking the encoding from the XML declaration.
func (s *Scanner) instruction() error {
	decl, err := s.has("<?xml")
	if err != nil {
		return err
	}
	if !decl || len(s.nameStarts) > 0 || s.closed {
		return s.discardTo("?>")
	}
	n, err := s.find([]byte("?>"), 2)
	if err != nil {
		return err
	}
	switch declared := strings.ToLower(string(s.buf[s.pos : s.pos+n])); {
	case strings.Contains(declared, "8859-1"), strings.Contains(declared, "latin1"), strings.Contains(declared, "windows-1252"):
		s.latin1 = true
	case strings.Contains(declared, "utf-16"), strings.Contains(declared, "ucs-"):
		return s.syntax("the encoding is neither UTF-8 nor ISO-8859-1")
	}
	s.pos += n + 2
	return nil
}

func (s *Scanner) declaration() (Kind, error) {
	if comment, err := s.has("<!--"); err != nil {
		return 0, err
	} else if comment {
		s.pos += len("<!--")
		return 0, s.discardTo("-->")
	}
	cdata, err := s.has("<![CDATA[")
	if err != nil {
		return 0, err
	}
	if !cdata {
		return 0, s.syntax("a document type or another declaration, which NETCONF does not use")
	}
	if len(s.nameStarts) == 0 {
		return 0, s.syntax("text outside the root element")
	}
	s.pos += len("<![CDATA[")
	s.cdata = true
	return Text, s.scanCDATA()
}

func (s *Scanner) pop() {
	last := len(s.nameStarts) - 1
	s.ns.endElement(len(s.nameStarts))
	s.name = s.openNames[s.nameStarts[last]:]
	s.openNames = s.openNames[:s.nameStarts[last]]
	s.nameStarts = s.nameStarts[:last]
	s.closed = last == 0
}

// IsSpace reports whether a byte is white space in XML.
func IsSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func nameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

// quote bounds a name from the device for use in a message.
func quote(name []byte) string {
	if len(name) > 64 {
		name = append(name[:61:61], "..."...)
	}
	return strings.ToValidUTF8(string(name), "\ufffd")
}
