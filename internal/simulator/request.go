package simulator

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// request is an element of a client's message.
type request struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string // trimmed
	parent   *request
	children []*request
}

// parse reads one document.
func parse(document []byte) (*request, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	top := &request{}
	at := top
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			child := &request{name: token.Name, attrs: token.Attr, parent: at}
			at.children = append(at.children, child)
			at = child
		case xml.EndElement:
			at.text = strings.TrimSpace(at.text)
			at = at.parent
		case xml.CharData:
			at.text += string(token)
		}
	}
	if len(top.children) != 1 {
		return nil, errors.New("not one document element")
	}
	return top.children[0], nil
}

// child returns the child of that local name, in the element's own namespace.
func (r *request) child(local string) *request {
	for _, c := range r.children {
		if c.name.Local == local && c.name.Space == r.name.Space {
			return c
		}
	}
	return nil
}

// attribute returns the value of an unprefixed attribute.
func (r *request) attribute(local string) (string, bool) {
	for _, a := range r.attrs {
		if a.Name.Local == local && a.Name.Space == "" {
			return a.Value, true
		}
	}
	return "", false
}

// identity resolves an element's text as an identityref: its prefix, or without one the default namespace, as bound in the
// XML (RFC 7950 section 9.10.3).
func (r *request) identity() xml.Name {
	prefix, local, found := strings.Cut(r.text, ":")
	declared := xml.Name{Space: "xmlns", Local: prefix}
	if !found {
		declared, local = xml.Name{Local: "xmlns"}, prefix
	}
	for at := r; at != nil; at = at.parent {
		for _, a := range at.attrs {
			if a.Name == declared {
				return xml.Name{Space: a.Value, Local: local}
			}
		}
	}
	return xml.Name{Local: local}
}

// announces reports whether a hello has a capability.
func (r *request) announces(capability string) bool {
	if r.name.Local == "capability" && r.text == capability {
		return true
	}
	for _, c := range r.children {
		if c.announces(capability) {
			return true
		}
	}
	return false
}
