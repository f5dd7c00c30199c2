package decode

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// Bounds of the rpc-errors that are kept of a reply, because they are logged and shown.
const (
	maxErrors    = 10
	maxErrorText = 1 << 10 // octets of each text
)

// skipElement skips an element that no path matches, but reads the errors inside it: they may be nested in whatever the operation
// returns, and have its namespace.
func (t *Table) skipElement() error {
	for depth := t.scanner.Depth(); ; {
		if string(xmlscan.Local(t.scanner.Name())) == "rpc-error" {
			if err := t.addError(); err != nil {
				return err
			}
		}
		for kind := xmlscan.End; kind != xmlscan.Start; {
			if t.scanner.Depth() < depth {
				return nil
			}
			var err error
			if kind, err = t.scanner.Next(); err != nil {
				return err
			}
		}
	}
}

// addError reads an rpc-error, or an element that the module lists under errors, from its Start to its End.
func (t *Table) addError() error {
	e, err := ParseRPCError(&t.scanner)
	if err != nil {
		return err
	}
	list := &t.current.Errors
	if e.Severity == netconf.SevWarning {
		list = &t.current.Warnings
	}
	if len(*list) < maxErrors {
		*list = append(*list, e)
	}
	return nil
}

// ParseRPCError reads an rpc-error (RFC 6241, section 4.3) from its Start, which s has just returned, to its End.
func ParseRPCError(s *xmlscan.Scanner) (netconf.RPCError, error) {
	var e netconf.RPCError
	var text, field []byte
	for depth := s.Depth(); s.Depth() >= depth; {
		kind, err := s.Next()
		if err != nil {
			return e, err
		}
		switch kind {
		case xmlscan.Start:
			field, text = append(field[:0], xmlscan.Local(s.Name())...), text[:0]
		case xmlscan.Text:
			if text = s.AppendText(text); len(text) > maxErrorText {
				text = append(bytes.ToValidUTF8(text[:maxErrorText], nil), "..."...)
			}
		case xmlscan.End:
			setErrorField(&e, string(field), string(bytes.TrimSpace(text)))
			field = field[:0]
		}
	}
	return e, nil
}

func setErrorField(e *netconf.RPCError, field, text string) {
	switch field {
	case "error-type":
		e.Type = netconf.ErrType(text)
	case "error-tag":
		e.Tag = netconf.ErrTag(text)
	case "error-severity":
		e.Severity = netconf.ErrSeverity(text)
	case "error-app-tag":
		e.AppTag = text
	case "error-path":
		e.Path = text
	case "error-message":
		e.Message = text
	case "message":
		e.Message = cmp.Or(e.Message, text)
	case "bad-element":
		e.Message = cmp.Or(e.Message, fmt.Sprintf("bad element %q", text))
	}
}

// ReplyError is the error of a reply that holds rpc-errors. It has one line with tag, path and message of each.
type ReplyError netconf.RPCErrors

func (r ReplyError) Error() string {
	all := make([]string, len(r))
	for i, e := range r {
		var words []string
		for _, text := range []string{string(e.Tag), e.Path, e.Message} {
			if text = strings.Join(strings.Fields(text), " "); text != "" {
				words = append(words, text)
			}
		}
		all[i] = cmp.Or(strings.Join(words, ": "), "an rpc-error that says nothing")
	}
	return "the device answered with an error: " + strings.Join(all, "; ")
}

// Unwrap returns the rpc-errors.
func (r ReplyError) Unwrap() error { return netconf.RPCErrors(r) }
