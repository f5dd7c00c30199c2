package simulator

import "fmt"

// portsOfSlot is the number of ports of a line card: ethernet1/48 is followed by ethernet2/1.
const portsOfSlot = 48

// label is the name and the description of an interface. All devices of a fleet have the same ones.
type label struct{ name, description string }

func newLabels(interfaces int) []label {
	all := make([]label, interfaces)
	for i := range all {
		r := roleOf(i, interfaces)
		all[i] = label{fmt.Sprintf("ethernet%d/%d", 1+i/portsOfSlot, 1+i%portsOfSlot), fmt.Sprintf("access port %d", i+1)}
		switch {
		case r == roleLoopback:
			all[i] = label{"loopback0", "router id"}
		case i == 0:
			all[i].description = "uplink to core"
		case r == roleOddDescription:
			all[i].description = `customer "Müller & Söhne" <b>Zürich</b> → 'rack 7'`
		case i%5 == 4:
			all[i].description = ""
		}
	}
	return all
}
