package generate

import (
	"maps"
	"slices"

	"github.com/openconfig/goyang/pkg/yang"
)

// restoreAugments adds the nodes that the parser leaves out of an augment because their parent has a node of the same name in another
// namespace. It returns the names of these nodes. It is called after all other augments are in place.
func restoreAugments(modules *yang.Modules) (restored []string) {
	for _, all := range []map[string]*yang.Module{modules.Modules, modules.SubModules} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			for _, a := range all[name].Augment {
				restored = append(restored, restoreAugment(yang.ToEntry(all[name]), yang.ToEntry(a))...)
			}
		}
	}
	return restored
}

// restoreAugment adds the left out nodes of one augment of a module.
func restoreAugment(module, augment *yang.Entry) (restored []string) {
	target := augment.Find(augment.Name)
	if target == nil {
		return nil
	}
	left := map[string]*yang.Entry{}
	for name, node := range augment.Dir {
		key := namespace(augment) + " " + name // not the name alone, which is taken
		if there := target.Dir[name]; there != nil && namespace(there) != namespace(augment) && target.Dir[key] == nil {
			left[key] = node
			restored = append(restored, node.Name)
		}
	}
	if len(left) > 0 {
		rest := *augment
		rest.Dir = left
		module.Augments = append(module.Augments, &rest)
		module.Augment(false)
	}
	return restored
}
