package session

import (
	"bytes"
	"errors"
)

// root is the start tag of a message's root element.
type root struct {
	local     string // the name without its prefix
	messageID string // "" when the attribute is missing or empty
	offset    int    // of the tag in the bytes given
}

var errDeclaration = errors.New("the message holds a document type declaration, which NETCONF forbids (RFC 6241 section 3)")

// findRoot finds the root element's start tag in the first bytes of a message; ok is false if it needs more bytes. It skips what
// devices send before the root: a byte order mark, the XML declaration, comments, processing instructions, stray text. It
// compares names without their prefixes, because servers send the envelope in the base namespace under any prefix, or in no
// namespace.
func findRoot(message []byte) (found root, ok bool, err error) {
	rest := message
	skip := func(end string) bool {
		at := bytes.Index(rest, []byte(end))
		if at >= 0 {
			rest = rest[at+len(end):]
		}
		return at >= 0
	}
	for {
		at := bytes.IndexByte(rest, '<')
		if at < 0 {
			return root{}, false, nil
		}
		rest = rest[at:]
		switch {
		case len(rest) < len("<!--") && bytes.HasPrefix([]byte("<!--"), rest):
			return root{}, false, nil
		case bytes.HasPrefix(rest, []byte("<?")):
			if !skip("?>") {
				return root{}, false, nil
			}
		case bytes.HasPrefix(rest, []byte("<!--")):
			if !skip("-->") {
				return root{}, false, nil
			}
		case rest[1] == '!':
			return root{}, false, errDeclaration
		default:
			found, ok = parseTag(rest[1:])
			found.offset = len(message) - len(rest)
			return found, ok, nil
		}
	}
}

// parseTag reads a start tag without its "<"; ok is false if its ">" is missing.
func parseTag(b []byte) (tag root, ok bool) {
	name := bytes.IndexAny(b, " \t\r\n/>")
	if name < 0 {
		return root{}, false
	}
	tag.local = localName(b[:name])
	for b = b[name:]; ; {
		b = bytes.TrimLeft(b, " \t\r\n/")
		if len(b) == 0 {
			return root{}, false
		}
		if b[0] == '>' {
			return tag, true
		}
		end := bytes.IndexAny(b, "=>")
		if end < 0 {
			return root{}, false
		}
		if b[end] == '>' { // an attribute without a value
			return tag, true
		}
		attribute := localName(bytes.TrimSpace(b[:end]))
		b = bytes.TrimLeft(b[end+1:], " \t\r\n")
		if len(b) == 0 {
			return root{}, false
		}
		quote := b[0]
		if quote != '"' && quote != '\'' {
			continue
		}
		if end = bytes.IndexByte(b[1:], quote); end < 0 {
			return root{}, false
		}
		// The attribute may have a prefix: Junos in its rfc-compliant mode sends nc:message-id.
		if attribute == "message-id" {
			tag.messageID = string(bytes.TrimSpace(b[1 : 1+end]))
		}
		b = b[1+end+1:]
	}
}

func localName(name []byte) string {
	return string(name[bytes.LastIndexByte(name, ':')+1:])
}
