package generate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// generic are the names of keys that say nothing without the name of their list.
var generic = []string{"name", "id", "index", "key", "identifier", "number", "type"}

// reservedLabels are set by Prometheus or by the exporter.
var reservedLabels = []string{"target", "job", "instance", "le", "quantile"}

// keyName names the label of a key: as its list where the key alone says nothing and there is one, else as the key.
func (b *builder) keyName(r *row, key *yang.Entry) string {
	list, own := split(r.entry.Name), split(key.Name)
	names := [][]string{own, join(list, own)}
	if slices.Contains(generic, key.Name) {
		names = [][]string{join(list, own)}
		if len(strings.Fields(r.entry.Key)) == 1 {
			names = [][]string{list, join(list, own)}
		}
	}
	name := b.freeLabel(r, names, "text")
	b.kinds[name] = "text"
	return name
}

// labelName names an info label: as the leaf, or with what it lies in where that name is taken.
func (b *builder) labelName(r *row, e *yang.Entry, kind string) string {
	own := split(e.Name)
	above := parent(e)
	names := [][]string{own}
	if slices.Contains(generic, e.Name) {
		names = nil // type is interface_type, not the type of anything
	}
	for up := above; up != nil; up = parent(up) {
		if !slices.Contains(neutralContainers, up.Name) {
			own = join(split(up.Name), own)
			names = append(names, own)
		}
		if up == r.entry {
			break
		}
	}
	if len(names) == 0 {
		names = [][]string{own}
	}
	name := b.freeLabel(r, names, kind)
	b.kinds[name] = kind
	return name
}

// freeLabel takes the first of the names that is free in the row and of the same kind in all metrics that there are; the last
// one gets a number where none is.
func (b *builder) freeLabel(r *row, names [][]string, kind string) string {
	free := func(name string) bool {
		known, ok := b.kinds[name]
		return (!ok || known == kind) && !slices.Contains(reservedLabels, name) && !slices.Contains(r.allKeyLabels(), name) &&
			!slices.ContainsFunc(r.labels, func(l infoLabel) bool { return l.name == name })
	}
	for _, words := range names {
		if name := snake(words); free(name) {
			return name
		}
	}
	last := names[len(names)-1]
	for n := 2; ; n++ {
		if name := snake(append(slices.Clone(last), strconv.Itoa(n))); free(name) {
			return name
		}
	}
}
