package decode

import (
	"bytes"
	"hash/maphash"
)

// table holds the text of replies as rows of cells, which are ranges of one buffer. Labels may come after the rows that are nested
// below them, and rows are merged over lists and replies. So values are evaluated when all replies are decoded.
type table struct {
	text  []byte
	rows  []record
	cells []cell
}

// record is one occurrence of a row in a reply.
type record struct {
	spec   int32
	parent int32 // the record that encloses it, or -1
	group  int32 // the merged row; -1 before join
	cells  int32 // index of its first cell
	order  int16 // which of the row's paths matched
	reply  int16 // index of the reply
}

// cell is the text of a leaf, without the white space around it. Its size is absent if there was no leaf.
type cell struct{ from, size int32 }

const absent = -1

func (t *table) reset() {
	t.text, t.rows, t.cells = t.text[:0], t.rows[:0], t.cells[:0]
}

func (t *table) bytes(c cell) []byte { return t.text[c.from : c.from+max(0, c.size)] }

// group is a merged row: all records of a spec with equal keys in equal parents.
type group struct {
	spec    int32
	parent  int32 // group, or -1
	record  int32 // the first record, whose cells hold the merged text
	next    int32 // next group with the same hash, or -1
	order   int16 // of the record that was merged last
	reply   int16
	dropped bool // it has no key, or (after join) its conditions fail or its parent is dropped
}

// joiner merges records into groups.
type joiner struct {
	table
	groups     []group
	byHash     map[uint64]int32
	bySpec     [][]int32 // records, in order of appearance
	key        []byte
	texts      []map[string]string // by lookup
	duplicates int
	explain    *explainer // nil: nobody asks
}

func (j *joiner) reset(specs int) {
	j.table.reset()
	j.groups = j.groups[:0]
	if j.byHash == nil || len(j.byHash) > 1<<16 {
		j.byHash = map[uint64]int32{}
	}
	clear(j.byHash)
	for len(j.bySpec) < specs {
		j.bySpec = append(j.bySpec, nil)
	}
	for i := range j.bySpec {
		j.bySpec[i] = j.bySpec[i][:0]
	}
	j.texts = nil
	j.duplicates = 0
}

// join merges the records. Those of the path that is listed first come first, because the first text of a cell is kept.
func (j *joiner) join(specs []RowSpec, seed maphash.Seed) {
	for i := range j.rows {
		j.bySpec[j.rows[i].spec] = append(j.bySpec[j.rows[i].spec], int32(i))
	}
	for s := range specs {
		for order := range specs[s].Orders {
			for _, i := range j.bySpec[s] {
				if int(j.rows[i].order) == order {
					j.groupOf(specs, i, seed)
				}
			}
		}
	}
	for n := range j.groups {
		g := &j.groups[n]
		s := &specs[g.spec]
		g.dropped = g.dropped || j.parentDropped(*g, s.Parent) || len(s.When) > 0 && !j.row(int32(n)).meets(s.When)
	}
}

// groupOf returns the group of a record, and creates it if it is new. The group of the enclosing record is created before it.
func (j *joiner) groupOf(specs []RowSpec, i int32, seed maphash.Seed) int32 {
	rec := &j.rows[i]
	if rec.group >= 0 {
		return rec.group
	}
	s := &specs[rec.spec]
	g := group{spec: rec.spec, parent: -1, record: i, next: -1, order: rec.order, reply: rec.reply}
	if rec.parent >= 0 {
		g.parent = j.groupOf(specs, rec.parent, seed)
	}
	if s.keyed() {
		key, complete := j.appendKey(s, g)
		g.dropped = !complete
		hash := maphash.Bytes(seed, key)
		first, taken := j.byHash[hash]
		if complete && taken {
			for n := first; n >= 0; n = j.groups[n].next {
				if j.same(s, j.groups[n], g) {
					if !s.Implicit {
						j.merge(s, n, i)
					}
					rec.group = n
					return n
				}
			}
			g.next = first
		}
		if complete {
			j.byHash[hash] = int32(len(j.groups))
		}
	}
	rec.group = int32(len(j.groups))
	j.groups = append(j.groups, g)
	return rec.group
}

// appendKey appends what identifies a group to j.key. It returns false if a part of the key is missing.
func (j *joiner) appendKey(s *RowSpec, g group) ([]byte, bool) {
	j.key = append(j.key[:0], byte(g.spec), byte(g.spec>>8), byte(g.parent), byte(g.parent>>8), byte(g.parent>>16), byte(g.parent>>24))
	if s.Implicit {
		for c := range s.Columns {
			j.key = append(append(j.key, j.bytes(j.cells[int(j.rows[g.record].cells)+c])...), 0)
		}
		return j.key, true
	}
	complete := true
	for _, k := range s.Key {
		text, _ := j.find(k, g)
		// A leaf of an enclosing entry may be missing: not every path to the row leads through that entry.
		complete = complete && (len(text) > 0 || !s.owns(k))
		j.key = append(append(j.key, text...), 0)
	}
	return j.key, complete
}

func (j *joiner) same(s *RowSpec, a, b group) bool {
	if a.spec != b.spec || a.parent != b.parent {
		return false
	}
	if s.Implicit {
		for c := range s.Columns {
			if !bytes.Equal(j.bytes(j.cells[int(j.rows[a.record].cells)+c]), j.bytes(j.cells[int(j.rows[b.record].cells)+c])) {
				return false
			}
		}
		return true
	}
	for _, k := range s.Key {
		x, _ := j.find(k, a)
		y, _ := j.find(k, b)
		if !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// merge fills the empty cells of a group from another record. A record of the same list that repeats cells is a duplicate.
func (j *joiner) merge(s *RowSpec, n, i int32) {
	g, rec := &j.groups[n], j.rows[i]
	again := g.order == rec.order && g.reply == rec.reply
	repeated := false
	to := j.cells[j.rows[g.record].cells:]
	for c, from := range j.cells[rec.cells : int(rec.cells)+s.Columns] {
		switch {
		case to[c].size <= 0 && from.size >= to[c].size:
			to[c] = from
		case from.size > 0 && !s.isKey[c]:
			repeated = true
		}
	}
	if again && repeated && !s.Repeats {
		j.duplicates++
		if j.explain != nil {
			j.explain.add(leftOut{subject: "rows " + s.Path, text: "duplicate key " + j.describeKey(s, *g)}, "")
		}
	}
	g.order, g.reply = rec.order, rec.reply
}

func (j *joiner) parentDropped(g group, parent int) bool {
	for n := g.parent; n >= 0; n = j.groups[n].parent {
		if int(j.groups[n].spec) == parent {
			return j.groups[n].dropped
		}
	}
	return false
}

// find returns the text of a leaf, from the group itself or from one that encloses it.
func (j *joiner) find(leaf Leaf, g group) ([]byte, bool) {
	for _, c := range leaf {
		for at := g; ; at = j.groups[at.parent] {
			if int(at.spec) == c.Row {
				if found := j.cells[int(j.rows[at.record].cells)+c.Index]; found.size != absent {
					return j.bytes(found), true
				}
				break
			}
			if at.parent < 0 {
				break
			}
		}
	}
	return nil, false
}

// row is a merged row, from which values are evaluated.
type row struct {
	j     *joiner
	group int32
	spec  int
	cells []cell // its own

	position int // among the rows of its kind, from 1
}

func (j *joiner) row(group int32) row {
	g := &j.groups[group]
	return row{j: j, group: group, spec: int(g.spec), cells: j.cells[j.rows[g.record].cells:]}
}

func (r row) text(leaf Leaf) ([]byte, bool) {
	if len(leaf) > 0 && leaf[0].Row == r.spec { // the usual case
		if c := r.cells[leaf[0].Index]; c.size != absent {
			return r.j.bytes(c), true
		}
	}
	return r.j.find(leaf, r.j.groups[r.group])
}
