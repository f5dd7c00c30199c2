package generate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// nested returns rows and all rows nested in them.
func nested(rows []*row) (all []*row) {
	for _, r := range rows {
		all = append(append(all, r), nested(r.rows)...)
	}
	return all
}

func (r *row) outermost() *row {
	for r.parent != nil {
		r = r.parent
	}
	return r
}

// nameMetrics sets the names and HELP texts of all metrics of the rows. Names are as short as is unique.
func nameMetrics(rows []*row, prefix string, definitions *config.Definitions) (metrics []*metric, err error) {
	stems := stemsOf(rows, prefix)
	seen := map[string]bool{}
	for i, r := range rows {
		count := map[string]int{}
		for _, m := range r.metrics {
			m.name = m.fullName(stems[i], false)
			count[m.name]++
		}
		for _, m := range r.metrics {
			if count[m.name] > 1 {
				m.name = m.fullName(stems[i], true)
			}
			stem, total := m.name, ""
			if m.meaning.class == counter {
				stem, total = strings.TrimSuffix(stem, "_total"), "_total"
			}
			for n := 2; seen[m.name]; n++ {
				m.name = stem + "_" + strconv.Itoa(n) + total
			}
			if own := r.prefix(""); prefix == "" && definitions.Catalog[m.name] != nil {
				m.name = snake(join(split(own), split(m.name))) // the module's name was left out
			}
			seen[m.name] = true
			if definitions.Catalog[m.name] != nil {
				return nil, fmt.Errorf("metric %s is already in the built-in catalogue; choose another --prefix", m.name)
			}
			m.describe()
		}
		metrics = append(metrics, r.metrics...)
	}
	return metrics, nil
}

// stemsOf returns the words that the names of each row's metrics begin with.
func stemsOf(rows []*row, prefix string) [][]string {
	stems := make([][]string, len(rows))
	for level := range 3 {
		count := map[string]int{}
		for _, stem := range stems {
			count[snake(stem)]++
		}
		for i, r := range rows {
			if level == 0 || count[snake(stems[i])] > 1 {
				stems[i] = rowWords(r.prefix(prefix), r, level)
			}
		}
	}
	return stems
}

// prefix returns the one that was given, or the name of the row's YANG module.
func (r *row) prefix(asked string) string {
	if asked != "" {
		return asked
	}
	top := r.entry
	for parent(top) != nil {
		top = parent(top)
	}
	module := yang.RootNode(top.Node)
	if module.BelongsTo != nil {
		return module.BelongsTo.Name
	}
	return module.Name
}

func (m *metric) fullName(stem []string, full bool) string {
	switch {
	case m.info:
		return snake(join(stem, []string{"info"}))
	case m.entry == m.row.entry: // a leaf at the top
		return snake(withUnit(slices.Clone(stem), m.base, m.meaning))
	}
	return snake(withUnit(leafWords(stem, m, full), m.base, m.meaning))
}
