package network

import (
	"fmt"
	"math"
	"time"
)

// View is a device at one time, as the models' templates see it. Counters count since the device booted.
type View struct {
	Name, Vendor, OSName, OSRelease, Machine, Serial string
	Running                                          bool // the running datastore is asked for, not the state
	Now                                              time.Time
	Clock                                            time.Time // what the device takes for now
	Booted                                           time.Time
	AS                                               uint32
	RouterID                                         string
	CPUs                                             []CPU
	Memory                                           Memory
	Interfaces                                       []Interface
	Components                                       []Component
	Neighbors                                        []Neighbor
	OSPF, ISIS, BFD                                  []Adjacency
	Groups                                           []Group // of VRRP
	Alarms                                           []Alarm
	Channels                                         []Channel
	Logins, RPCs                                     uint64
	BadValues                                        bool
}

// CPU is a processor; its utilization is from 0 to 1.
type CPU struct {
	Name        string
	Utilization float64
}

// Idle is the share that is not in use.
func (c CPU) Idle() float64 { return 1 - c.Utilization }

// Memory is in bytes.
type Memory struct{ Size, Used uint64 }

// Free is what is not in use.
func (m Memory) Free() uint64 { return m.Size - m.Used }

// Utilization is the share that is in use.
func (m Memory) Utilization() float64 { return float64(m.Used) / float64(m.Size) }

// Neighbor is a BGP neighbour.
type Neighbor struct {
	Address, Description, Group string
	AS, LocalAS                 uint32
	Shutdown, Up, Internal      bool
	Changed                     time.Time
	Established, Flaps          uint64
	Messages, Updates           uint64
	Families                    []Family
}

// Family is what a neighbour announces of an address family, such as ipv4-unicast.
type Family struct {
	Name                                      string
	Received, Accepted, Installed, Advertised uint64
	Limit                                     uint64 // 0: none
}

// Alarm is something that the device itself finds wrong.
type Alarm struct {
	Resource, Text, Severity string
	Since                    time.Time
}

// View shows a device at a time: the truth that it tells of itself.
func (n *Network) View(deviceName string, now time.Time) (*View, error) {
	d, err := n.find(deviceName)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.advance(now)
	return n.view(d, n.now), nil
}

// Now is the time up to which everything is counted.
func (n *Network) Now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// Devices are the names of all devices.
func (n *Network) Devices() (names []string) {
	for _, d := range n.devices {
		names = append(names, d.spec.Name)
	}
	return names
}

// PoEWatts is what all ports give together.
func (v *View) PoEWatts() (sum float64) {
	for _, i := range v.Interfaces {
		if i.PoE != nil {
			sum += i.PoE.Watts
		}
	}
	return sum
}

// Installed is how many prefixes of a family all neighbours together brought.
func (v *View) Installed(family string) (sum uint64) {
	for _, b := range v.Neighbors {
		for _, f := range b.Families {
			if f.Name == family {
				sum += f.Installed
			}
		}
	}
	return sum
}

// view shows a device. The network is locked and has advanced to now.
func (n *Network) view(d *device, now time.Time) *View {
	v := &View{
		Name: d.spec.Name, Vendor: d.kind.Vendor, OSName: d.kind.OSName, OSRelease: d.kind.OSRelease, Machine: d.kind.Machine,
		Serial: fmt.Sprintf("SN%08X", uint32(d.seed)), Now: now, Clock: now, Booted: d.booted, AS: d.spec.AS, RouterID: d.spec.Router,
		Memory: n.memory(d, now), Components: n.components(d, now), RPCs: d.rpcs, BadValues: n.faulty(d, "values", ""),
	}
	if n.faulty(d, "clock", "") {
		v.Clock = now.Add(-10 * time.Minute)
	}
	for i := range d.kind.CPUs {
		v.CPUs = append(v.CPUs, CPU{fmt.Sprint(i), n.utilization(d, i, now)})
	}
	for _, p := range d.ports {
		v.Interfaces = append(v.Interfaces, n.showInterface(p, now))
		if p.load.Coherent {
			v.Channels = append(v.Channels, n.channel(p, now))
		}
		n.showRouting(v, p, now)
	}
	for _, e := range d.sessions {
		v.Neighbors = append(v.Neighbors, n.showNeighbor(e))
	}
	for _, a := range d.spec.Alarms {
		v.Alarms = append(v.Alarms, Alarm{a.Resource, a.Text, a.Severity, d.booted})
	}
	for _, k := range FaultKinds() {
		for f, since := range n.faults {
			if f.Device == d.spec.Name && f.Kind == k.Name && k.alarm != "" {
				v.Alarms = append(v.Alarms, Alarm{f.Where, k.alarm + " " + f.Where, k.severity, since})
			}
		}
	}
	return v
}

func (n *Network) showNeighbor(e *sessionEnd) Neighbor {
	s := e.session
	v := Neighbor{
		Address: e.neighbor, Description: e.description, Group: s.spec.Group, AS: e.as, LocalAS: e.device.spec.AS,
		Shutdown: s.spec.Shutdown, Up: s.up, Internal: e.as == e.device.spec.AS, Changed: e.changed,
		Established: e.counted.established, Flaps: e.counted.flaps,
		Messages: uint64(e.counted.messages), Updates: uint64(e.counted.updates),
	}
	for _, name := range []string{"ipv4-unicast", "ipv6-unicast"} {
		p, found := e.prefixes[name]
		if !found {
			continue
		}
		if !s.up {
			p = prefixesOfBoth{}
		} else if n.faulty(e.device, "prefixes", e.neighbor) {
			p = prefixesOfBoth{p.Received / 50, p.Accepted / 50, p.Installed / 50, p.Advertised}
		}
		family := Family{name, p.Received, p.Accepted, p.Installed, p.Advertised, 0}
		if !v.Internal {
			family.Limit = 10_000 * (e.prefixes[name].Received/8_000 + 1)
		}
		v.Families = append(v.Families, family)
	}
	return v
}

// noise moves slowly between -1 and 1, and always in the same way for the same name.
func noise(name string, now time.Time) float64 {
	seed := seedOf(name)
	return 0.6*wave{13 * time.Minute, seed}.at(now) + 0.4*wave{137 * time.Second, seed >> 20}.at(now)
}

// busyness is how the device's work follows the day, from 0 to 1.
func (n *Network) busyness(now time.Time) float64 {
	var sum float64
	for _, s := range n.scenario.Shapes {
		sum += s.at(now)
	}
	return sum / max(1, float64(len(n.scenario.Shapes)))
}

func (n *Network) utilization(d *device, i int, now time.Time) float64 {
	if n.faulty(d, "cpu", "") {
		return 0.97 + 0.02*noise(fmt.Sprint(d.spec.Name, "cpu", i), now)
	}
	return 0.14 + 0.22*n.busyness(now) + 0.05*noise(fmt.Sprint(d.spec.Name, "cpu", i), now)
}

func (n *Network) memory(d *device, now time.Time) Memory {
	used := 0.44 + 0.05*n.busyness(now) + 0.01*noise(d.spec.Name+"memory", now)
	if n.faulty(d, "memory", "") {
		used = 0.965
	}
	return Memory{d.kind.Memory, uint64(math.Round(used * float64(d.kind.Memory)))}
}
