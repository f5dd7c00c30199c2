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
		if at >= 0 && b.cache.verdicts.matches(i, f.Pattern, b.labels[at]) != f.Keep {
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

// verdicts remember which texts matched the filters: things have the same names in each read, and a match costs a microsecond.
type verdicts struct {
	of      *Filter           // the first of the filters that they are of
	matched []map[string]bool // by filter and text
	size    int64             // in octets, about
}

const (
	maxVerdicts = 1 << 20 // octets
	verdictSize = 64      // of one, without its text
)

// reset forgets the verdicts if they are of other filters, or too many.
func (v *verdicts) reset(filters []Filter) {
	if len(filters) == 0 {
		*v = verdicts{}
	} else if v.of != &filters[0] || v.size > maxVerdicts {
		*v = verdicts{of: &filters[0], matched: make([]map[string]bool, len(filters))}
	}
}

func (v *verdicts) matches(filter int, pattern *regexp.Regexp, text []byte) bool {
	matched, known := v.matched[filter][string(text)]
	if known {
		return matched
	}
	matched = pattern.Match(text)
	if v.size <= maxVerdicts {
		if v.matched[filter] == nil {
			v.matched[filter] = map[string]bool{}
		}
		v.matched[filter][string(text)] = matched
		v.size += verdictSize + int64(len(text))
	}
	return matched
}
