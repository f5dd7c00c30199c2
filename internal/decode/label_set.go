package decode

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// LabelSet is a series' labels in order of their names. It is never changed, so it may be shared.
type LabelSet struct {
	Pairs []*dto.LabelPair
	Extra []*dto.LabelPair // Pairs with the Cache's extra pair among them
}

// withValues adds value labels to key labels.
func (c *Cache) withValues(keys *LabelSet, names, values []string) *LabelSet {
	pairs := make([]*dto.LabelPair, 0, len(keys.Pairs)+len(names)+1)
	pairs = append(pairs, keys.Pairs...)
	more := make([]dto.LabelPair, len(names))
	for i := range more {
		more[i].Name, more[i].Value = &names[i], &values[i]
		pairs = append(pairs, &more[i])
	}
	slices.SortFunc(pairs, byName)
	return c.withExtra(pairs)
}

// labelSet makes a label set of key labels.
func (c *Cache) labelSet(names []*string, values [][]byte) *LabelSet {
	pairs := make([]*dto.LabelPair, len(names), len(names)+1)
	for i, name := range names {
		value := string(values[i])
		pairs[i] = &dto.LabelPair{Name: name, Value: &value}
	}
	slices.SortFunc(pairs, byName)
	return c.withExtra(pairs)
}

// withExtra makes a label set of sorted pairs.
func (c *Cache) withExtra(pairs []*dto.LabelPair) *LabelSet {
	set := &LabelSet{Pairs: pairs, Extra: pairs}
	if c.extra != nil {
		at, _ := slices.BinarySearchFunc(pairs, c.extra, byName)
		set.Extra = slices.Insert(slices.Clone(pairs), at, c.extra)
	}
	return set
}

func byName(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) }
