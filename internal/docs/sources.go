package docs

import (
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// source has the paths at which one module finds a metric.
type source struct {
	module string
	paths  []string
}

// sourcesOf lists, by metric, the modules that give it.
func sourcesOf(modules map[string]*config.Module) map[string][]source {
	found := map[string][]source{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		paths := map[string][]string{}
		for _, row := range modules[name].Rows {
			addRow(paths, []string{""}, row)
		}
		for metric, p := range paths {
			slices.Sort(p)
			found[metric] = append(found[metric], source{name, slices.Compact(p)})
		}
	}
	return found
}

// addRow adds the paths of the metrics of a row and of its nested rows; above are the paths of the row around it.
func addRow(paths map[string][]string, above []string, row config.Row) {
	var own []string
	for _, outer := range above {
		for _, path := range row.Path {
			own = append(own, join(outer, path))
		}
	}
	for metric, value := range row.Metrics {
		for _, path := range own {
			for _, leaf := range leaves(value) {
				paths[metric] = append(paths[metric], code(join(path, leaf)))
			}
		}
	}
	for _, nested := range row.Rows {
		addRow(paths, own, nested)
	}
}

// leaves lists the leaves from which a value may be taken.
func leaves(v config.Value) (all []string) {
	switch {
	case v.Leaf != "" && v.Attribute != "":
		all = append(all, v.Leaf+"/@"+v.Attribute)
	case v.Leaf != "":
		all = append(all, v.Leaf)
	}
	for _, other := range slices.Concat(v.FirstOf, v.SumOf) {
		all = append(all, leaves(other)...)
	}
	return all
}

// join appends a relative path to another path.
func join(above, path string) string {
	path, here := strings.CutPrefix(path, "./")
	switch {
	case path == "." && !here:
		return above
	case strings.HasPrefix(path, "/") || above == "":
		return path
	}
	return above + "/" + path
}
