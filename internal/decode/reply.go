package decode

import (
	"bytes"
	"io"
	"math"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

const (
	maxText = 64 << 10 // octets of one leaf's text; a longer one is left out and counted
	maxKept = 4 << 20  // octets of a table; a larger one is not used again
)

// Reply describes one reply, apart from its rows.
type Reply struct {
	Bytes    int64
	Errors   netconf.RPCErrors // of severity error (RFC 6241, section 4.3), from anywhere in the reply
	Warnings netconf.RPCErrors

	Attributes map[string]string // of rpc-reply, without declarations of namespaces
}

// Table holds the rows of all replies of one read of a module.
type Table struct {
	program *Program
	limits  Limits
	scanner xmlscan.Scanner
	joiner

	start       *state // outside of the root element
	cacheSize   int    // octets of all states and transitions
	tagBuffer   []byte // for tagKey
	lastLeaf    *state // the leaf that ended last in this reply
	lastLeafEnd int64  // offset of its end
	frames      []frame
	openRows    []int32
	overLimit   int   // rows and texts over a limit
	reply       int16 // index of the current reply
	current     Reply

	filters []Filter
	granted int64 // what Limits.Hold allows the table to be
	refused error // of Limits.Hold
}

// frame is an open element that is on a path, or part of the envelope, or the document.
type frame struct {
	state   *state
	rows    int // how many rows were open before it
	from    int // where its text begins
	capture bool
	leaf    bool // no child element has begun
}

func (t *Table) begin(limits Limits) {
	t.limits, t.overLimit, t.reply = limits, 0, 0
	t.joiner.reset(len(t.program.rows))
	t.granted, t.refused, t.explain, t.filters = 0, nil, nil, nil
}

// Release returns the table for use by another read.
func (t *Table) Release() {
	t.limits.Hold = nil
	if t.room() <= maxKept {
		t.program.tables.Put(t)
	}
}

// Rows is how many rows the table has so far, those that are still open among them.
func (t *Table) Rows() int { return len(t.rows) }

// Decode decodes one reply, its envelope included. After an error nothing of the reply is kept. An rpc-error does not make it fail:
// it is in the Reply, and rows that came with it are kept.
func (t *Table) Decode(r io.Reader) (Reply, error) {
	rows, cells, text, limited := len(t.rows), len(t.cells), len(t.text), t.overLimit
	t.openRows, t.current, t.lastLeaf = t.openRows[:0], Reply{}, nil
	bounded := &BoundedReader{R: r, Left: t.limits.ReplyBytes}
	t.scanner.Reset(bounded)
	if t.start == nil || t.cacheSize >= maxCacheSize {
		t.start, t.cacheSize = newState([]*Node{t.program.root}, 0), 0
	}
	t.frames = append(t.frames[:0], frame{state: t.start})
	err := t.decodeDocument()
	bounded.R = nil // the table is used again, the reader is not
	t.current.Bytes = t.limits.ReplyBytes - max(0, bounded.Left)
	t.reply++
	if err != nil {
		t.rows, t.cells, t.text, t.overLimit = t.rows[:rows], t.cells[:cells], t.text[:text], limited
	}
	return t.current, err
}

// decodeDocument decodes the reply token by token.
func (t *Table) decodeDocument() error {
	for {
		if t.refused != nil {
			return t.refused
		}
		kind, err := t.scanner.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case xmlscan.Start:
			if err := t.startElement(); err != nil {
				return err
			}
		case xmlscan.End:
			t.endElement()
		case xmlscan.Text:
			t.keepText()
		}
	}
}

// keepText appends a piece of text if the open element is a leaf whose text is wanted.
func (t *Table) keepText() {
	f := &t.frames[len(t.frames)-1]
	if !f.capture || !f.leaf {
		return
	}
	f.capture = t.appendText(f.from)
}

// appendText appends a piece of text to that of a leaf, which begins at from. If that gets too long, it drops the text and returns
// false.
func (t *Table) appendText(from int) bool {
	if !t.growText(t.scanner.TextSize()) {
		t.text = t.text[:from]
		return false
	}
	t.text = t.scanner.AppendText(t.text)
	if len(t.text)-from <= maxText {
		return true
	}
	t.text = t.text[:from]
	t.overLimit++
	return false
}

// keepAttributes keeps the attributes of rpc-reply, without declarations of namespaces.
func (t *Table) keepAttributes() {
	for _, a := range t.scanner.Attrs() {
		if _, declares := a.Declares(); declares {
			continue
		}
		if t.current.Attributes == nil {
			t.current.Attributes = map[string]string{}
		}
		t.current.Attributes[string(xmlscan.Local(a.Name))] = string(t.scanner.AppendValue(nil, a))
	}
}

// startElement handles a start tag: it opens the element if a path matches it, and skips it if not.
func (t *Table) startElement() error {
	parent := &t.frames[len(t.frames)-1]
	parent.leaf = false
	to := t.follow(parent.state)
	if to != nil && to.leaf && t.decodeLeaves(parent.state, to) {
		return nil
	}
	switch {
	case to == nil:
		if t.explain != nil {
			t.explain.skipped(parent.state, &t.scanner)
		}
		return t.skipElement()
	case to.error:
		return t.addError()
	case to.envelope == 1:
		t.keepAttributes()
	}
	rows := len(t.openRows)
	for _, o := range to.rows {
		if !t.openRow(o) { // what is inside belongs to the row
			t.openRows = t.openRows[:rows]
			return t.skipElement()
		}
	}
	for _, c := range to.attributes {
		t.setAttribute(c)
	}
	to.expected = 0
	if t.explain != nil {
		t.explain.opened(to)
	}
	t.frames = append(t.frames, frame{state: to, rows: rows, from: len(t.text), capture: len(to.texts) > 0, leaf: true})
	return nil
}

// openRow starts a row. It returns false if there are too many.
func (t *Table) openRow(o RowStart) bool {
	s := &t.program.rows[o.Row]
	if len(t.rows) >= t.limits.Samples {
		t.overLimit++
		return false
	}
	if !t.growRows(s.Columns) {
		return false
	}
	rec := record{spec: int32(o.Row), parent: -1, group: -1, cells: int32(len(t.cells)), order: int16(o.Order), reply: t.reply}
	for i := len(t.openRows) - 1; i >= 0; i-- {
		if s.within[t.rows[t.openRows[i]].spec] {
			rec.parent = t.openRows[i]
			break
		}
	}
	t.cells = append(t.cells, s.blank...)
	t.openRows = append(t.openRows, int32(len(t.rows)))
	t.rows = append(t.rows, rec)
	return true
}

// endElement handles an end tag: the text of the element goes into its cells.
func (t *Table) endElement() {
	f := &t.frames[len(t.frames)-1]
	if f.capture {
		to := len(t.text)
		if !f.leaf {
			to = f.from // a container has no text of its own
		}
		for _, c := range f.state.texts {
			t.setCell(c, f.from, to)
		}
	}
	t.openRows = t.openRows[:f.rows]
	t.frames = t.frames[:len(t.frames)-1]
}

// setAttribute fills a cell with the value of an attribute.
func (t *Table) setAttribute(c Capture) {
	for _, a := range t.scanner.Attrs() {
		if string(xmlscan.Local(a.Name)) == c.Attribute && !bytes.HasPrefix(a.Name, []byte("xmlns:")) {
			from := len(t.text)
			if !t.growText(3 * len(a.Value)) {
				return
			}
			t.text = t.scanner.AppendValue(t.text, a)
			t.setCell(c.Column, from, len(t.text))
			return
		}
	}
}

// setCell fills a cell of the innermost open row of its kind, without the white space around the text. If a leaf comes more than
// once, the first text that is not empty is kept.
func (t *Table) setCell(c Column, from, to int) {
	if to > math.MaxInt32 || to-from > maxText {
		t.overLimit++
		return
	}
	for from < to && xmlscan.IsSpace(t.text[to-1]) {
		to--
	}
	for from < to && xmlscan.IsSpace(t.text[from]) {
		from++
	}
	for i := len(t.openRows) - 1; i >= 0; i-- {
		rec := &t.rows[t.openRows[i]]
		if int(rec.spec) != c.Row {
			continue
		}
		at := &t.cells[int(rec.cells)+c.Index]
		if at.size > 0 && t.program.rows[rec.spec].beginsWith(c) && t.nextEntry(i) {
			at = &t.cells[int(t.rows[t.openRows[i]].cells)+c.Index]
		}
		if at.size <= 0 {
			*at = cell{int32(from), int32(to - from)}
		}
		return
	}
}

// nextEntry begins another row in the place of an open one, in the same element. It reports false if there are too many rows.
func (t *Table) nextEntry(open int) bool {
	if len(t.rows) >= t.limits.Samples {
		t.overLimit++
		return false
	}
	rec := t.rows[t.openRows[open]]
	rec.cells = int32(len(t.cells))
	t.cells = append(t.cells, t.program.rows[rec.spec].blank...)
	t.openRows[open] = int32(len(t.rows))
	t.rows = append(t.rows, rec)
	return true
}
