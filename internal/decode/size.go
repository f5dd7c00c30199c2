package decode

import (
	"slices"
	"unsafe"
)

// The sizes of what a read of a module keeps in memory, in octets. What is in maps and
// behind pointers is estimated by numbers that TestHold compares with the truth.
const (
	recordSize = int64(unsafe.Sizeof(record{}))
	cellSize   = int64(unsafe.Sizeof(cell{}))
	groupSize  = int64(unsafe.Sizeof(group{}))
	sampleSize = int64(unsafe.Sizeof(Sample{}))
	hashSize   = 32 // of an entry of joiner.byHash
	lookupSize = 96 // of an entry of joiner.texts, without its texts

	entitySize = 256 // of an entity, without labels
	labelSize  = 112 // of a label of it, without its text twice
	infoSize   = 192 // of an info, without labels
	valueSize  = 112 // of a label of it, without its text
	mapSize    = 208 // of a small map

	// holdStep is how much more than it needs a table asks for: asking takes a lock that all devices share.
	holdStep = 64 << 10
)

// size is how many octets of the table are in use. Room that an earlier read left does not count: it was paid for.
func (t *Table) size() int64 {
	return int64(len(t.text)) + int64(len(t.rows))*recordSize + int64(len(t.cells))*cellSize + int64(len(t.groups))*groupSize +
		int64(len(t.byHash))*hashSize
}

// room is how many octets the table takes.
func (t *Table) room() int64 {
	return int64(cap(t.text)) + int64(cap(t.rows))*recordSize + int64(cap(t.cells))*cellSize + int64(cap(t.groups))*groupSize
}

// hold asks whether the read may take so many octets in all. When it may not, it is over.
func (t *Table) hold(total int64) bool {
	if total <= t.granted || t.limits.Hold == nil {
		return true
	}
	if t.refused == nil {
		t.granted = total + holdStep
		t.refused = t.limits.Hold(t.granted)
	}
	return t.refused == nil
}

// growText makes room for n more octets of text. It returns false if they may not be had.
func (t *Table) growText(n int) bool {
	if cap(t.text)-len(t.text) >= n {
		return true
	}
	n = max(n, cap(t.text)/2)
	if !t.hold(t.size() + int64(len(t.text)+n)) { // the old text lives while it is copied
		return false
	}
	t.text = slices.Grow(t.text, n)
	return true
}

// growRows makes room for one more row of so many columns.
func (t *Table) growRows(columns int) bool {
	if cap(t.cells)-len(t.cells) < columns {
		more := max(columns, cap(t.cells)/2)
		if !t.hold(t.size() + int64(len(t.cells)+more)*cellSize) {
			return false
		}
		t.cells = slices.Grow(t.cells, more)
	}
	if len(t.rows) == cap(t.rows) {
		more := max(1, cap(t.rows)/2)
		if !t.hold(t.size() + int64(len(t.rows)+more)*recordSize) {
			return false
		}
		t.rows = slices.Grow(t.rows, more)
	}
	return true
}

// growGroups makes room for the groups that the rows are merged into, at most one for each row.
func (t *Table) growGroups() bool {
	rows := int64(len(t.rows))
	more := rows*(groupSize+hashSize+4) + int64(len(t.program.lookups))*(rows*lookupSize+int64(len(t.text)))
	if !t.hold(t.size() + more) {
		return false
	}
	t.groups = slices.Grow(t.groups, len(t.rows))
	return true
}

// Err is the error of Limits.Hold that ended the read; nil if it did not. The Result is empty then.
func (t *Table) Err() error { return t.refused }

// Size is how many octets the Cache takes, about.
func (c *Cache) Size() int64 {
	return c.size + c.verdicts.size + int64(cap(c.infos)+cap(c.sizes))*8
}

// Size is how many octets the samples take, without their labels, which belong to the Cache.
func (r *Result) Size() int64 {
	size := int64(0)
	for _, f := range r.Families {
		size += int64(cap(f.Samples)) * sampleSize
	}
	for _, line := range r.Explanation {
		size += int64(len(line)) + 16
	}
	return size
}
