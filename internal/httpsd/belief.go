package httpsd

import "github.com/netconf-exporter/netconf_exporter/config"

// belief decides which lists of an inventory are taken. An empty one after a full one is so often a fault of the inventory that a
// second one is waited for.
type belief struct {
	full    bool // the list in force has targets
	doubted bool // an empty list has come since
}

// takes reports whether a list is to be taken.
func (b *belief) takes(list []config.SDGroup) bool {
	full := count(list) > 0
	if b.full && !full && !b.doubted {
		b.doubted = true
		return false
	}
	b.full, b.doubted = full, false
	return true
}

func count(list []config.SDGroup) (n int) {
	for _, group := range list {
		n += len(group.Targets)
	}
	return n
}
