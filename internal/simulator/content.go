package simulator

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"time"
)

// Definition is a device that has more than interfaces.
type Definition struct {
	Name    string
	Labels  map[string]string // in a written configuration
	Spare   bool              // left out of it
	Content Content
}

// Content is the data of a device. Its methods are called from several goroutines.
type Content interface {
	// Modules are the YANG modules that the device announces, without those of the protocol.
	Modules() []YANGModule
	// Capabilities are announced in addition to those of the modules.
	Capabilities() []string
	// Operation returns the reply to an operation of the device's own as XML. It is not known if the device has none of
	// that name.
	Operation(name string, now time.Time) (reply []byte, known bool, err error)
	// NMDA reports whether the device has the operational datastore of RFC 8342.
	NMDA() bool
	// Data returns the top-level elements of the given names in any namespace as XML, or all if none is named. If running is
	// false, they are the state and, without NMDA, the configuration too. The text of an error is sent to the client.
	Data(running bool, tops []string, now time.Time) ([]byte, error)
}

// data returns the top-level elements that an operation can read.
func (d *Device) data(read reading, now time.Time) ([]*element, *rpcError) {
	if d.content == nil {
		return d.generated(read.from, now), nil
	}
	var tops []string
	for _, selected := range read.selected {
		tops = append(tops, selected.name.Local)
	}
	var trees []*element
	if len(tops) > 0 || read.whole {
		text, err := d.content.Data(read.from == datastoreRunning, tops, now)
		if err == nil {
			trees, err = parseData(text)
		}
		if err != nil {
			return nil, &rpcError{"application", "operation-failed", err.Error(), "", ""}
		}
	}
	if read.from != datastoreRunning {
		trees = append(trees, d.library.tree)
	}
	return trees, nil
}

// operation appends the reply to an operation of the device's own, if it is one.
func (d *Device) operation(b []byte, name string, now time.Time) (_ []byte, known bool, refusal *rpcError) {
	if d.content == nil {
		return b, false, nil
	}
	reply, known, err := d.content.Operation(name, now)
	if err != nil {
		return b, known, &rpcError{"application", "operation-failed", err.Error(), "", ""}
	}
	return append(b, reply...), known, nil
}

// parseData makes elements of XML. White space between elements is dropped.
func parseData(text []byte) ([]*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	top := &element{}
	open := []*element{top}
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return top.children, nil
		}
		if err != nil {
			return nil, err
		}
		at := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			child := &element{space: token.Name.Space, name: token.Name.Local, declare: declarations(token.Attr)}
			at.children = append(at.children, child)
			open = append(open, child)
		case xml.EndElement:
			at.text = bytes.TrimSpace(at.text)
			open = open[:len(open)-1]
		case xml.CharData:
			at.text = append(at.text, token...)
		}
	}
}

// declarations are the namespace prefixes that an element declares. Identities in its text use them.
func declarations(attrs []xml.Attr) string {
	var b strings.Builder
	for _, a := range attrs {
		if a.Name.Space == "xmlns" {
			b.WriteString(" xmlns:" + a.Name.Local + `="` + string(appendEscaped(nil, []byte(a.Value))) + `"`)
		}
	}
	return b.String()
}
