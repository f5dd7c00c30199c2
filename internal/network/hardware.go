package network

import (
	"fmt"
	"time"
)

// Component is a part of a device. What it does not measure is 0.
type Component struct {
	Name, Class, Parent, Model, Serial string
	Failed                             bool
	Celsius, Limit                     float64
	Fan                                bool
	RPM, Share                         float64      // of a fan; the share is of its highest speed
	Power                              *PowerSupply // nil for other components
}

// PowerSupply is in volts, amperes and watts.
type PowerSupply struct {
	Capacity, InVolts, InAmperes, InWatts, OutVolts, OutAmperes, OutWatts float64
}

func (n *Network) components(d *device, now time.Time) []Component {
	stopped, supplies := 0, 0
	var watts float64
	for _, c := range d.kind.Components {
		watts += c.Watts
		switch {
		case c.Class == "fan" && n.faulty(d, "fan", c.Name):
			stopped++
		case c.Class == "power-supply" && !n.faulty(d, "psu", c.Name):
			supplies++
		}
	}
	watts *= 0.85 + 0.15*n.busyness(now)
	all := make([]Component, 0, len(d.kind.Components))
	for i, spec := range d.kind.Components {
		name := d.spec.Name + spec.Name
		c := Component{
			Name: spec.Name, Class: spec.Class, Parent: spec.Parent, Limit: spec.Limit,
			Model: d.kind.Machine + "-" + spec.Class, Serial: fmt.Sprintf("SN%08X-%d", uint32(d.seed), i+1),
			Failed: n.faulty(d, "psu", spec.Name) || n.faulty(d, "fan", spec.Name),
		}
		if spec.Celsius > 0 {
			c.Celsius = spec.Celsius + 4*n.busyness(now) + noise(name, now) + 9*float64(stopped)
			if n.faulty(d, "hot", spec.Name) {
				c.Celsius += 45
			}
		}
		if spec.RPM > 0 {
			c.Fan, c.RPM = true, spec.RPM*(1+0.06*n.busyness(now)+0.01*noise(name, now)+0.2*float64(stopped))
			if c.Failed {
				c.RPM = 0
			}
			c.Share = c.RPM / (2 * spec.RPM)
		}
		if spec.Class == "power-supply" {
			c.Power = &PowerSupply{Capacity: spec.Capacity, InVolts: 231 + 2*noise(name, now)}
			if !c.Failed {
				c.Power.deliver(watts / float64(supplies))
			}
		}
		all = append(all, c)
	}
	return all
}

// Load is the share of its capacity that the supply gives.
func (p *PowerSupply) Load() float64 { return p.OutWatts / max(1, p.Capacity) }

func (p *PowerSupply) deliver(watts float64) {
	p.OutVolts, p.OutWatts = 12.05, watts
	p.OutAmperes = watts / p.OutVolts
	p.InWatts = watts / 0.93
	p.InAmperes = p.InWatts / p.InVolts
}
