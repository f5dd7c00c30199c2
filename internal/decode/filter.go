package decode

import (
	"regexp"
	"slices"
)

// Filter leaves out rows by the text of one of their labels. Rows without the label stay.
type Filter struct {
	Label   string
	Pattern *regexp.Regexp // of the whole text
	Keep    bool           // leave out the rows that do not match, in place of those that do
}

// Filter sets the filters of this read.
func (t *Table) Filter(filters []Filter) { t.filters = filters }

// leavesOut reports whether a filter leaves out the current row, whose labels have been evaluated.
func (b *builder) leavesOut(s *RowSpec) bool {
	for i := range b.table.filters {
		f := &b.table.filters[i]
		at := slices.IndexFunc(s.Labels, func(l Label) bool { return l.Name == f.Label })
		if at >= 0 && f.Pattern.Match(b.labels[at]) != f.Keep {
			return true
		}
	}
	return false
}

// label appends the label that is made of a text.
func (d *Derivation) label(dst, text []byte) []byte {
	found := d.Pattern.FindSubmatchIndex(text)
	if found == nil || found[2*d.Group] < 0 {
		return dst
	}
	return append(dst, text[found[2*d.Group]:found[2*d.Group+1]]...)
}
