package module

import (
	"bytes"
	"io"
	"math"
	"slices"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

const maxCell = 64 << 10 // octets of one leaf that is read; longer ones are left out and counted

// Limits bound what one read of a module may cost.
type Limits struct {
	ReplyBytes int64 // of one reply
	Samples    int   // of the module, and as many rows
}

// Reply is what one reply was, apart from its rows.
type Reply struct {
	Bytes    int64
	Errors   netconf.RPCErrors // of severity error (RFC 6241, section 4.3), wherever in the reply they were
	Warnings netconf.RPCErrors

	attributes map[string]string // of rpc-reply
}

// Table gathers the replies of one read of a module.
type Table struct {
	module  *Module
	limits  Limits
	scanner xmlscan.Scanner
	joiner

	matches  [][]int8 // by namespace of the module, by namespace of the scanner: 0 not known yet, 1 no, 2 yes
	frames   []frame
	active   []*node // nodes of the open elements, frame after frame
	openRows []int32
	limited  int // rows and texts over a limit
	read     int16
	reply    Reply
}

// frame is an open element that some path leads to.
type frame struct {
	nodes   int // where its nodes begin in active
	rows    int // how many rows were open before it
	from    int // where its text begins
	capture bool
	leaf    bool // no child element has begun
}

func (t *Table) begin(limits Limits) {
	t.limits, t.limited, t.read = limits, 0, 0
	t.joiner.reset(len(t.module.specs))
	if t.matches == nil {
		t.matches = make([][]int8, len(t.module.namespaces))
	}
}

// Release gives the table back for another read.
func (t *Table) Release() {
	switch {
	case cap(t.text) <= 1<<20 && t.module.spare.CompareAndSwap(nil, t): // some thousand interfaces
	case cap(t.text) <= 16<<20: // what one large reply needed is not kept for ever
		t.module.tables.Put(t)
	}
}

// Read takes one reply, the device's envelope included. On an error nothing of the reply is kept. An rpc-error is no error
// here: it is in the Reply, beside the rows that may have come with it.
func (t *Table) Read(r io.Reader) (Reply, error) {
	rows, cells, text, limited := len(t.rows), len(t.cells), len(t.text), t.limited
	t.frames, t.active, t.openRows = t.frames[:0], t.active[:0], t.openRows[:0]
	t.reply = Reply{}
	bounded := &BoundedReader{R: r, Left: t.limits.ReplyBytes}
	t.scanner.Reset(bounded)
	if t.scanner.Namespaces() == 1 { // what was remembered of others is void
		clear(t.matches)
	}
	err := t.document()
	bounded.R = nil // the table is kept for other reads, what it read from is not
	t.reply.Bytes = t.limits.ReplyBytes - max(0, bounded.Left)
	t.read++
	if err != nil {
		t.rows, t.cells, t.text, t.limited = t.rows[:rows], t.cells[:cells], t.text[:text], limited
	}
	return t.reply, err
}

// document walks the reply: rpc-reply, then data, then what the paths begin with. Either may be missing.
func (t *Table) document() error {
	envelope := 0 // how many open elements are rpc-reply or data
	for {
		kind, err := t.scanner.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case xmlscan.Start:
			if len(t.frames) == 0 {
				local := xmlscan.Local(t.scanner.Name())
				if envelope == 0 && string(local) == "rpc-reply" || envelope <= 1 && string(local) == "data" {
					if envelope++; envelope == 1 {
						t.envelope()
					}
					continue
				}
			}
			if err := t.start(); err != nil {
				return err
			}
		case xmlscan.End:
			if len(t.frames) == 0 {
				envelope--
				continue
			}
			t.end()
		case xmlscan.Text:
			if n := len(t.frames); n > 0 && t.frames[n-1].capture && t.frames[n-1].leaf {
				t.text = t.scanner.AppendText(t.text)
				if size := len(t.text) - t.frames[n-1].from; size > maxCell {
					t.text = t.text[:t.frames[n-1].from]
					t.frames[n-1].capture = false
					t.limited++
				}
			}
		}
	}
}

// envelope keeps the attributes of rpc-reply, namespaces apart.
func (t *Table) envelope() {
	for _, a := range t.scanner.Attrs() {
		if bytes.HasPrefix(a.Name, []byte("xmlns")) {
			continue
		}
		if t.reply.attributes == nil {
			t.reply.attributes = map[string]string{}
		}
		t.reply.attributes[string(xmlscan.Local(a.Name))] = string(t.scanner.AppendValue(nil, a))
	}
}

// start enters an element that a path may lead to, or passes over it.
func (t *Table) start() error {
	ns, local := t.scanner.Resolve(t.scanner.Name())
	f := frame{nodes: len(t.active), rows: len(t.openRows), leaf: true}
	if n := len(t.frames); n == 0 {
		t.match(t.module.root, ns, local)
	} else {
		t.frames[n-1].leaf = false
		for i := t.frames[n-1].nodes; i < f.nodes; i++ {
			t.match(t.active[i], ns, local)
		}
	}
	nodes := t.active[f.nodes:]
	if len(nodes) == 0 {
		return t.pass(local)
	}
	if slices.ContainsFunc(nodes, func(n *node) bool { return n.failure }) {
		t.active = t.active[:f.nodes]
		return t.failure()
	}
	full := false
	for _, n := range nodes {
		for _, o := range n.rows {
			full = !t.open(o)
		}
	}
	if full { // nothing in it has a place
		t.active, t.openRows = t.active[:f.nodes], t.openRows[:f.rows]
		return t.pass(local)
	}
	for _, n := range nodes {
		for _, c := range n.cells {
			if c.attribute == "" {
				f.capture = true
			} else {
				t.attribute(c)
			}
		}
	}
	f.from = len(t.text)
	t.frames = append(t.frames, f)
	return nil
}

// match adds the children of n that have the name.
func (t *Table) match(n *node, ns xmlscan.NS, local []byte) {
	for _, e := range n.children[string(local)] {
		if t.sameNamespace(e.ns, ns) {
			t.active = append(t.active, e.to)
		}
	}
}

// sameNamespace compares a namespace of the module with one of the reply, remembering the answer.
func (t *Table) sameNamespace(want int, ns xmlscan.NS) bool {
	known := t.matches[want]
	for int(ns) >= len(known) {
		known = append(known, 0)
		t.matches[want] = known
	}
	if known[ns] == 0 {
		known[ns] = 1
		if globMatch(t.module.namespaces[want], t.scanner.URI(ns)) {
			known[ns] = 2
		}
	}
	return known[ns] == 2
}

// open begins a row; false where there are too many.
func (t *Table) open(o opening) bool {
	s := &t.module.specs[o.spec]
	if len(t.rows) >= t.limits.Samples {
		t.limited++
		return false
	}
	rec := record{spec: int32(o.spec), parent: -1, group: -1, cells: int32(len(t.cells)), order: int16(o.order), read: t.read}
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

// end leaves an element: its text becomes the cells that it is captured for.
func (t *Table) end() {
	f := t.frames[len(t.frames)-1]
	if f.capture {
		to := len(t.text)
		if !f.leaf {
			to = f.from // a container; what is in it is not its text
		}
		for _, n := range t.active[f.nodes:] {
			for _, c := range n.cells {
				if c.attribute == "" {
					t.set(c.column, f.from, to)
				}
			}
		}
	}
	t.active, t.openRows = t.active[:f.nodes], t.openRows[:f.rows]
	t.frames = t.frames[:len(t.frames)-1]
}

func (t *Table) attribute(c capture) {
	for _, a := range t.scanner.Attrs() {
		if string(xmlscan.Local(a.Name)) == c.attribute && !bytes.HasPrefix(a.Name, []byte("xmlns:")) {
			from := len(t.text)
			t.text = t.scanner.AppendValue(t.text, a)
			t.set(c.column, from, len(t.text))
			return
		}
	}
}

// set fills a cell of the innermost open row of its kind, white space around the text left out. Of a leaf that comes more than
// once the first text that is not empty is kept.
func (t *Table) set(c column, from, to int) {
	if to > math.MaxInt32 || to-from > maxCell {
		t.limited++
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
		if int(rec.spec) != c.spec {
			continue
		}
		if at := &t.cells[int(rec.cells)+c.col]; at.size <= 0 {
			*at = cell{int32(from), int32(to - from)}
		}
		return
	}
}
