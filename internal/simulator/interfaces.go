package simulator

import (
	"slices"
	"time"
)

// datastore is what a reading operation reads.
type datastore int

const (
	datastoreRunning     datastore = iota // configuration
	datastoreOperational                  // state, and with NMDA the configuration in use
	datastoreAll                          // what get reads without NMDA: both
)

// generated returns the top-level elements of a datastore at that time, for a device without a Content.
func (d *Device) generated(from datastore, now time.Time) []*element {
	if d.nmda {
		if from == datastoreRunning {
			return []*element{d.interfaces("interfaces", configuration(), nil, now)}
		}
		return []*element{d.interfaces("interfaces", operational(), statistics(), now), d.library.tree}
	}
	config := d.interfaces("interfaces", configuration(), nil, now)
	if from == datastoreRunning {
		return []*element{config}
	}
	return []*element{d.interfaces("interfaces-state", state(), statistics(), now), config, d.library.tree}
}

// interfaces returns a list of interfaces. It uses one entry for all of them, so that a reply of any length needs few elements.
func (d *Device) interfaces(name string, leaves, counters []leafOf, now time.Time) *element {
	one := entry(nsInterfaces, "interface", emptyLeaves(leaves)...)
	written := one.children
	if counters != nil {
		inside := emptyLeaves(counters)
		one.children = append(one.children, container(nsInterfaces, "statistics", inside...))
		written = slices.Concat(written, inside)
		leaves = slices.Concat(leaves, counters)
	}
	list := container(nsInterfaces, name)
	list.entries = func(yield func(*element) bool) {
		var text []byte
		var s Interface
		for i := range d.fleet.config.Interfaces {
			d.read(i, now, &s)
			text = text[:0]
			for n, e := range written {
				start := len(text)
				text = leaves[n].write(text, &s)
				e.text = text[start:]
			}
			if !yield(one) {
				return
			}
		}
	}
	return list
}

func emptyLeaves(of []leafOf) []*element {
	all := make([]*element, len(of))
	for i, l := range of {
		all[i] = &element{space: nsInterfaces, name: l.name}
		if l.name == "type" {
			all[i].declare = ` xmlns:ianaift="` + nsTypes + `"`
		}
	}
	return all
}
