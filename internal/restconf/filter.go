package restconf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// maxEntry is how many octets of one list entry are kept until its keys are known.
const maxEntry = 4 << 20

// filter reads an answer and returns the parts that a subtree filter selects, as XML in UTF-8. It keeps at most one list entry in memory,
// and only if the filter has content match nodes.
type filter struct {
	scanner xmlscan.Scanner
	tops    []*node // what the top-level elements are matched against; nil: all are selected
	unwrap  bool    // those are the children of the root element, which is called data then
	out     bytes.Buffer
	open    [][]*node // for each open element that is copied in part, the filter nodes of its children
	whole   int       // depth of the open element that is copied as a whole; 0: none is
	decoded []byte    // of the text that was just read
	err     error
}

func newFilter(from io.Reader, tops []*node, unwrap bool) *filter {
	f := &filter{tops: tops, unwrap: unwrap}
	f.scanner.Reset(from)
	return f
}

// Read implements io.Reader.
func (f *filter) Read(p []byte) (int, error) {
	for f.out.Len() < len(p) && f.err == nil {
		f.err = f.step()
	}
	if f.out.Len() > 0 {
		return f.out.Read(p)
	}
	return 0, f.err
}

// step handles one token.
func (f *filter) step() error {
	kind, err := f.scanner.Next()
	if err != nil {
		return err
	}
	if f.whole > 0 {
		f.copy(kind)
		return nil
	}
	switch kind {
	case xmlscan.Start:
		if f.unwrap && f.scanner.Depth() == 1 {
			f.startTag("data")
			return nil
		}
		filters := f.tops
		if len(f.open) > 0 {
			filters = f.open[len(f.open)-1]
		}
		return f.start(filters)
	case xmlscan.End:
		if len(f.open) > 0 {
			f.open = f.open[:len(f.open)-1]
			f.endTag()
		} else {
			f.out.WriteString(dataEnd)
		}
	}
	return nil // an element of which a part is selected is no leaf; its text is layout
}

// start handles the start of an element whose parent is copied in part.
func (f *filter) start(filters []*node) error {
	namespace, local := f.scanner.Resolve(f.scanner.Name())
	matching := match(filters, namespace, string(local))
	whole, conditions := f.tops == nil, false
	for _, n := range matching {
		whole = whole || n.selects()
		conditions = conditions || len(n.children) > 0 && hasCondition(n)
	}
	switch {
	case whole:
		f.whole = f.scanner.Depth()
		f.startTag("")
		return nil
	case len(matching) == 0:
		return f.scanner.Skip()
	case conditions:
		return f.entry(matching)
	}
	f.startTag("")
	var below []*node
	for _, n := range matching {
		below = append(below, n.children...)
	}
	f.open = append(f.open, below)
	return nil
}

// match returns the nodes that name an element.
func match(filters []*node, namespace, local string) (matching []*node) {
	for _, n := range filters {
		if n.name == local && (n.namespace == namespace || n.namespace == "") {
			matching = append(matching, n)
		}
	}
	return matching
}

func hasCondition(n *node) bool {
	for _, c := range n.children {
		if c.value != "" {
			return true
		}
	}
	return false
}

// copy copies one token of an element that is copied as a whole.
func (f *filter) copy(kind xmlscan.Kind) {
	switch kind {
	case xmlscan.Start:
		f.startTag("")
	case xmlscan.Text:
		f.decoded = f.scanner.AppendText(f.decoded[:0])
		escape(&f.out, f.decoded)
	case xmlscan.End:
		f.endTag()
		if f.scanner.Depth() < f.whole {
			f.whole = 0
		}
	}
}

// startTag writes the start tag that was just read, under another name if that is not "".
func (f *filter) startTag(name string) {
	f.out.WriteByte('<')
	if name == "" {
		f.out.Write(f.scanner.Name())
	}
	f.out.WriteString(name)
	for _, a := range f.scanner.Attrs() {
		f.out.WriteByte(' ')
		f.out.Write(a.Name)
		f.out.WriteString(`="`)
		f.decoded = f.scanner.AppendValue(f.decoded[:0], a)
		escape(&f.out, f.decoded)
		f.out.WriteByte('"')
	}
	f.out.WriteByte('>')
}

func (f *filter) endTag() {
	f.out.WriteString("</")
	f.out.Write(f.scanner.Name())
	f.out.WriteByte('>')
}

// escape writes text for content and attribute values. Most text has nothing to escape, and the library is slow to find that out.
func escape(out *bytes.Buffer, text []byte) {
	if !bytes.ContainsAny(text, "<>&'\"\t\n\r") {
		out.Write(text)
		return
	}
	_ = xml.EscapeText(out, text) // a Buffer takes everything
}

// entry reads the element whose Start was just read as a whole, and copies what is selected if it meets the conditions.
func (f *filter) entry(matching []*node) error {
	before := f.out.Len()
	f.startTag("")
	root := &branch{start: bytes.Clone(f.out.Bytes()[before:])}
	f.out.Truncate(before)
	if err := f.grow(root, new(int)); err != nil {
		return err
	}
	root.write(&f.out, matching)
	return nil
}

// branch is an element in memory.
type branch struct {
	namespace, local string
	start, end       []byte // tags
	text             []byte
	children         []*branch
}

// grow reads the content of an element to its End.
func (f *filter) grow(b *branch, size *int) error {
	namespace, local := f.scanner.Resolve(f.scanner.Name())
	b.namespace, b.local = namespace, string(local)
	for {
		kind, err := f.scanner.Next()
		if err != nil {
			return err
		}
		before := f.out.Len()
		switch kind {
		case xmlscan.Start:
			f.startTag("")
			child := &branch{start: bytes.Clone(f.out.Bytes()[before:])}
			f.out.Truncate(before)
			b.children = append(b.children, child)
			*size += len(child.start) + 128
			if err := f.grow(child, size); err != nil {
				return err
			}
		case xmlscan.Text:
			before := len(b.text)
			b.text = f.scanner.AppendText(b.text)
			*size += len(b.text) - before
		case xmlscan.End:
			f.endTag()
			b.end = bytes.Clone(f.out.Bytes()[before:])
			f.out.Truncate(before)
			return nil
		}
		if *size > maxEntry {
			return errors.New("a list entry of more than 4 MiB cannot be filtered by its values; ask for more of the list, or for a part of the entry")
		}
	}
}

// write writes what the filter nodes select of the branch, all of which name it.
func (b *branch) write(out *bytes.Buffer, filters []*node) {
	var below []*node
	for _, n := range filters {
		switch {
		case !b.meets(n):
		case n.selects(), n.value != "", n.onlyConditions():
			b.writeAll(out)
			return
		default:
			below = append(below, n.children...)
		}
	}
	if len(below) == 0 {
		return
	}
	out.Write(b.start)
	for _, c := range b.children {
		if matching := match(below, c.namespace, c.local); len(matching) > 0 {
			c.write(out, matching)
		}
	}
	out.Write(b.end)
}

// meets reports whether the branch matches the content match nodes of a filter node.
func (b *branch) meets(n *node) bool {
	if n.value != "" {
		return string(bytes.TrimSpace(b.text)) == n.value
	}
	for _, condition := range n.children {
		if condition.value == "" {
			continue
		}
		met := false
		for _, c := range b.children {
			met = met || len(match([]*node{condition}, c.namespace, c.local)) > 0 && c.meets(condition)
		}
		if !met {
			return false
		}
	}
	return true
}

func (b *branch) writeAll(out *bytes.Buffer) {
	out.Write(b.start)
	if len(b.children) == 0 {
		escape(out, b.text)
	}
	for _, c := range b.children {
		c.writeAll(out)
	}
	out.Write(b.end)
}

func escapeText(text string) string {
	var out bytes.Buffer
	escape(&out, []byte(text))
	return out.String()
}
