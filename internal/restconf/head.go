package restconf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// rootTag is the start tag of an answer's root element.
type rootTag struct {
	name   string // without its prefix
	offset int    // of the tag in the answer
	utf8   bool   // the answer does not declare another encoding
}

// maxHead is how many octets of an answer may come before its root element.
const maxHead = 64 << 10

// readHead reads until the root element of an answer begins. It returns what was read, and a nil tag for an answer without any element.
func readHead(from io.Reader) (head []byte, tag *rootTag, err error) {
	buffer := make([]byte, 0, 2<<10)
	for {
		if len(buffer) == cap(buffer) {
			if len(buffer) >= maxHead {
				return nil, nil, errors.New("no XML element begins in its first 64 KiB")
			}
			buffer = append(make([]byte, 0, 2*cap(buffer)), buffer...)
		}
		n, readErr := from.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		tag, err = findRoot(buffer)
		switch {
		case tag != nil, err != nil:
			return buffer, tag, err
		case readErr == io.EOF && len(bytes.TrimLeft(buffer, "\ufeff \t\r\n")) == 0:
			return nil, nil, nil
		case readErr == io.EOF:
			return nil, nil, xmlscan.ErrTruncated
		case readErr != nil:
			return nil, nil, readErr
		}
	}
}

// findRoot finds the root element; nil without an error if more is needed.
func findRoot(head []byte) (*rootTag, error) {
	var s xmlscan.Scanner
	s.ResetBytes(head)
	kind, err := s.Next()
	if errors.Is(err, xmlscan.ErrTruncated) || err == io.EOF {
		return nil, nil
	}
	if err != nil || kind != xmlscan.Start {
		return nil, fmt.Errorf("%w: it begins with %s", err, excerpt(head))
	}
	offset := bytes.LastIndexByte(head[:s.Offset()], '<')
	prolog := strings.ToLower(string(head[:offset]))
	return &rootTag{
		name: string(xmlscan.Local(s.Name())), offset: offset, utf8: !strings.Contains(prolog, "encoding") || strings.Contains(prolog, "utf-8"),
	}, nil
}

// textReader escapes a text for XML.
type textReader struct {
	from io.Reader
	out  bytes.Buffer
	err  error
}

// Read implements io.Reader.
func (t *textReader) Read(p []byte) (int, error) {
	for t.out.Len() == 0 && t.err == nil {
		var chunk [4 << 10]byte
		var n int
		n, t.err = t.from.Read(chunk[:])
		for _, c := range chunk[:n] {
			switch c {
			case '<':
				t.out.WriteString("&lt;")
			case '>':
				t.out.WriteString("&gt;")
			case '&':
				t.out.WriteString("&amp;")
			default:
				t.out.WriteByte(c)
			}
		}
	}
	if t.out.Len() > 0 {
		return t.out.Read(p)
	}
	return 0, t.err
}
