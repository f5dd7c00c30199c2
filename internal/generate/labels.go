package generate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// generic are names of keys that mean nothing without the name of their list.
var generic = []string{"name", "id", "index", "key", "identifier", "number", "type"}

// reservedLabels are set by Prometheus or by the exporter.
var reservedLabels = []string{"target", "job", "instance", "le", "quantile"}

// keyName returns the name of the label of a key. The only key of a list is named after the list if its own name is generic.
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

// labelName returns the name of an info label: the leaf's, with its containers in front if that is taken.
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

// freeLabel returns the first of the names that is not taken in the row and has no other kind in the catalogue. If there is none, it
// appends a number to the last one.
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
