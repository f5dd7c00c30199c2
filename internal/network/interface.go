package network

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Interface is an interface of a device at one time.
type Interface struct {
	Name, Description string
	Kind              string // ethernet, lag or loopback
	Index             int
	MAC               string // empty where there is none
	MTU               int
	Speed             uint64 // bits per second
	AdminUp, Up       bool
	Changed, Cleared  time.Time
	Transitions       uint64
	Address, Prefix   string // Prefix is the length
	In, Out           Counters
	LAG               string   // aggregate that this is a member of
	Members           []Member // of an aggregate
	Peer              *Peer
	Optics            *Optics
	Queues            []Queue
	PoE               *PoE
	Group             *Group // of VRRP
}

// Member is a member of an aggregate, as LACP sees it.
type Member struct {
	Name, Partner string // Partner is the address of the system at the other end
	Up            bool
	Port          int // of the partner
	Packets       uint64
}

// Counters are those of one direction.
type Counters struct {
	Octets, Unicast, Multicast, Broadcast, Discards, Errors, Corrected, Uncorrectable uint64
}

// Bundled is how many members of an aggregate carry traffic.
func (i Interface) Bundled() (up int) {
	for _, m := range i.Members {
		if m.Up {
			up++
		}
	}
	return up
}

// Packets are all that were delivered.
func (c Counters) Packets() uint64 { return c.Unicast + c.Multicast + c.Broadcast }

// Peer is what is heard on an interface by LLDP.
type Peer struct{ Name, Description, Chassis, Port, PortDescription string }

// Optics is a transceiver; its powers are in dBm, its bias currents in milliamperes.
type Optics struct {
	Celsius, Volts float64
	Lanes          []Lane
}

// Lane is one laser of a transceiver.
type Lane struct {
	Index             int
	Receive, Transmit float64
	Bias              float64
	Celsius           float64
}

// Queue is one output queue.
type Queue struct {
	Name                                    string
	Packets, Octets, Dropped, DroppedOctets uint64
	Waiting                                 uint64 // octets
}

// PoE is the power that a port gives, in watts.
type PoE struct {
	Watts, Limit float64
	Class        int // IEEE 802.3
}

func (p *port) optical() bool { return p.link != nil && p.speed >= 10e9 && !p.load.Unused }

func (p *port) mac() string {
	return fmt.Sprintf("02:%02x:%02x:%02x:00:%02x", byte(p.device.seed), byte(p.device.seed>>8), byte(p.device.seed>>16), p.index)
}

// chassis is what a device calls itself in LLDP.
func (d *device) chassis() string { return (&port{device: d}).mac() }

func (n *Network) showInterface(p *port, now time.Time) Interface {
	i := Interface{
		Name: p.name, Description: p.description, Kind: "ethernet", Index: p.index, MAC: p.mac(), MTU: 9216, Speed: p.speed,
		AdminUp: !p.shutdown, Up: p.up, Changed: p.changed, Cleared: p.device.booted, Transitions: p.transitions,
	}
	i.Address, i.Prefix, _ = strings.Cut(p.address, "/")
	in, out := *p.received(), *p.sent()
	in.add(p.base.in, -1)
	out.add(p.base.out, -1)
	i.In, i.Out = in.counters(), out.counters()
	i.In.Discards, i.Out.Errors = 0, 0 // discarded is what is sent, damaged what is received
	if p.lag != nil {
		i.LAG = p.lag.name
	}
	switch {
	case p.members != nil:
		i.Kind = "lag"
		for _, m := range p.members {
			i.Members = append(i.Members, m.member(now))
		}
	case p.link == nil:
		i.Kind, i.MAC = "loopback", ""
	}
	if p.link != nil && p.up {
		i.Peer = p.peer()
	}
	for _, m := range append([]*port{p}, p.members...) {
		if m.link != nil && m.link.spec.VRRP.Group != 0 && m.routed() == p {
			group := m.group(now)
			i.Group = &group
		}
	}
	if p.optical() {
		i.Optics = n.optics(p, now)
		i.Queues = queues(i.Out, n.waiting(p, now))
	}
	i.PoE = p.powers(now)
	return i
}

// member is what LACP tells; it sends each second.
func (p *port) member(now time.Time) Member {
	other := p.link.other(p)
	return Member{Name: p.name, Partner: other.device.chassis(), Up: p.up, Port: other.index, Packets: uint64(now.Sub(p.device.booted).Seconds())}
}

func (t totals) counters() Counters {
	whole := func(value float64) uint64 { return uint64(max(0, math.Floor(value))) }
	return Counters{
		Octets: whole(t.octets), Unicast: whole(t.packets * 0.96), Multicast: whole(t.packets * 0.03), Broadcast: whole(t.packets * 0.01),
		Discards: whole(t.discards), Errors: whole(t.errors), Corrected: whole(t.corrected), Uncorrectable: whole(t.uncorrectable),
	}
}

func (p *port) peer() *Peer {
	if p.link.b == nil {
		if p.neighbor == "" {
			return nil
		}
		outside := &device{seed: seedOf(p.neighbor)}
		return &Peer{p.neighbor, "outside", outside.chassis(), "port-1", "to " + p.device.spec.Name}
	}
	other := p.link.other(p)
	d := other.device
	return &Peer{d.spec.Name, d.kind.OSName + " " + d.kind.OSRelease, d.chassis(), other.name, other.description}
}

// optics is what a transceiver measures: no light where the other end is dark.
func (n *Network) optics(p *port, now time.Time) *Optics {
	name := p.device.spec.Name + p.name
	o := &Optics{Celsius: 33 + 5*n.busyness(now) + noise(name, now), Volts: 3.29 + 0.01*noise(name+"volts", now)}
	for i := range p.lanes {
		lane := Lane{Index: i, Receive: p.light - 0.2*float64(i) + 0.15*noise(fmt.Sprint(name, i), now), Celsius: o.Celsius + 6}
		lane.Transmit, lane.Bias = n.laser(p, i, now)
		switch {
		case !p.up:
			lane.Receive = -40
		case n.faulty(p.device, "light", p.name):
			lane.Receive -= 16
		case p.link.b != nil && n.faulty(p.link.other(p).device, "laser", p.link.other(p).name):
			lane.Receive -= 8
		}
		o.Lanes = append(o.Lanes, lane)
	}
	return o
}

func (n *Network) laser(p *port, lane int, now time.Time) (dbm, milliamperes float64) {
	shake := noise(fmt.Sprint(p.device.spec.Name, p.name, "laser", lane), now)
	if n.faulty(p.device, "laser", p.name) {
		return -9.4 + 0.1*shake, 96 + shake
	}
	return -1.4 + 0.1*shake, 38 + 0.5*shake
}

// queues divides what an interface sends: most in the first, and there all losses and nearly all of what waits.
func queues(out Counters, waiting uint64) []Queue {
	return []Queue{
		{"best-effort", out.Packets() * 90 / 100, out.Octets * 90 / 100, out.Discards, out.Discards * packetSize, waiting},
		{"assured", out.Packets() * 8 / 100, out.Octets * 8 / 100, 0, 0, waiting / 50},
		{"network-control", out.Packets() * 2 / 100, out.Octets * 2 / 100, 0, 0, 0},
	}
}

// waiting is what an interface has in its queues: all that there is room for, where it has more to send than it can.
func (n *Network) waiting(p *port, now time.Time) uint64 {
	shake := 1 + 0.5*noise(p.device.spec.Name+p.name+"queue", now)
	if n.faulty(p.device, "saturation", p.name) {
		return uint64(2e6 * shake)
	}
	return uint64(30_000 * n.busyness(now) * shake)
}

// powers is what a port gives to the device on it; nil where it gives no power.
func (p *port) powers(now time.Time) *PoE {
	if p.load.PoE == 0 {
		return nil
	}
	given := &PoE{Limit: 30, Class: 4}
	if p.load.PoE < 13 {
		given.Limit, given.Class = 15.4, 3
	}
	if p.up {
		given.Watts = p.load.PoE * (1 + 0.1*noise(p.device.spec.Name+p.name+"poe", now))
	}
	return given
}
