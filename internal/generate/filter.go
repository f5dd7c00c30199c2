package generate

import (
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// readPaths returns the paths to read: a node as a whole if everything below it is exported, or would be if it were a number or a text;
// if not, single leaves.
func (b *builder) readPaths() (paths []string) {
	for _, r := range b.rows {
		top := r.entry
		for parent(top) != nil {
			top = parent(top)
		}
		for _, path := range b.filter(top) {
			if !strings.Contains("\n"+strings.Join(paths, "\n")+"\n", "\n"+path+"\n") {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func (b *builder) filter(e *yang.Entry) (paths []string) {
	switch {
	case !b.anyWanted(e):
		return nil
	case b.whole(e):
		return []string{b.path(nil, e)}
	}
	var here []string
	for _, child := range children(e) {
		if b.anyWanted(child) && b.whole(child) {
			here = append(here, b.path(e, child))
		} else {
			paths = append(paths, b.filter(child)...)
		}
	}
	switch len(here) {
	case 0:
	case 1:
		paths = append([]string{b.path(nil, e) + "/" + here[0]}, paths...)
	default:
		paths = append([]string{b.path(nil, e) + "/{" + strings.Join(here, ",") + "}"}, paths...)
	}
	return paths
}

func (b *builder) anyWanted(e *yang.Entry) bool {
	if b.wanted[e] {
		return true
	}
	for _, child := range children(e) {
		if b.anyWanted(child) {
			return true
		}
	}
	return false
}

// whole tells whether a node may be read as a whole: what is below it is exported, except for single leaves of state.
func (b *builder) whole(e *yang.Entry) bool {
	if b.wanted[e] {
		return true
	}
	if !b.isSelected(e) && !b.leadsToSelected(e) {
		return false
	}
	switch {
	case e.Kind == yang.AnyDataEntry || e.Kind == yang.AnyXMLEntry:
		return false
	case e.Kind == yang.LeafEntry:
		return e.ReadOnly() && b.isSelected(e)
	case e.IsList() && !b.anyWanted(e):
		return false
	}
	for _, child := range children(e) {
		if !b.whole(child) {
			return false
		}
	}
	return true
}
