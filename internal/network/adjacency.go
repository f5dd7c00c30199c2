package network

import (
	"fmt"
	"strings"
	"time"
)

// Adjacency is a neighbour of a routing protocol on an interface, and the BFD session with it.
type Adjacency struct {
	Index                    int    // of the port
	Interface                string // the routed one: the aggregate, if the port is a member of one
	Local, Address, RouterID string // Local is this end's address, Address the neighbour's
	Name                     string // of the neighbour
	SystemID                 string // in IS-IS
	MAC                      string // of the neighbour's port
	Relation
	Hellos uint64 // sent and received: three a second
}

// Relation is whether a port's neighbour answers it in a protocol, since when, and how often it came up or went down since the device
// booted.
type Relation struct {
	Up          bool
	Changed     time.Time
	Transitions uint64
}

// Events are changes of state: three on the way up or down.
func (r Relation) Events() uint64 { return 3 * (r.Transitions + 1) }

// Flaps are those changes that went down.
func (r Relation) Flaps() uint64 { return (r.Transitions + 1) / 2 }

func (r *Relation) set(up bool, now time.Time) {
	if r.Up == up {
		return
	}
	r.Up, r.Changed = up, now
	r.Transitions++
}

// Group is a VRRP group on an interface.
type Group struct {
	Interface, Address, Master string // Master is the address of the master's interface
	Number, Priority           int
	IsMaster                   bool
	Transitions                uint64 // to master, since the device booted
	Sent, Received             uint64 // advertisements: one a second
}

// showRouting adds what is routed over a port's link.
func (n *Network) showRouting(v *View, p *port, now time.Time) {
	if p.link == nil || p.link.b == nil {
		return
	}
	if p.link.spec.OSPF {
		v.OSPF = append(v.OSPF, p.adjacency(p.ospf, now))
		v.BFD = append(v.BFD, p.adjacency(p.bfd, now))
	}
	if p.link.spec.ISIS {
		v.ISIS = append(v.ISIS, p.adjacency(p.isis, now))
	}
	if p.link.spec.VRRP.Group != 0 {
		v.Groups = append(v.Groups, p.group(now))
	}
}

// settleRouting lets the neighbours over a link come and go. A fault at either end is enough.
func (n *Network) settleRouting(l *link) {
	if l.b == nil {
		return
	}
	here, there := l.a.routed(), l.b.routed()
	up := func(kind string) bool {
		return here.up && there.up && !n.faulty(here.device, kind, here.name) && !n.faulty(there.device, kind, there.name)
	}
	for _, p := range []*port{l.a, l.b} {
		p.ospf.set(up("ospf"), n.now)
		p.isis.set(up("isis"), n.now)
		p.bfd.set(up("bfd"), n.now)
	}
}

func (p *port) adjacency(relation Relation, now time.Time) Adjacency {
	other, here := p.link.other(p), p.routed()
	id := fmt.Sprintf("%012x", other.device.seed&(1<<48-1))
	return Adjacency{
		Index: p.index, Interface: here.name, Local: bare(here.address), Address: bare(other.routed().address),
		RouterID: other.device.spec.Router, Name: other.device.spec.Name, MAC: other.mac(),
		SystemID: strings.Join([]string{id[:4], id[4:8], id[8:]}, "."),
		Relation: relation, Hellos: uint64(3 * now.Sub(p.device.booted).Seconds()),
	}
}

// group tells of VRRP: without the link both ends take themselves for the master.
func (p *port) group(now time.Time) Group {
	spec, other, here := p.link.spec.VRRP, p.link.other(p), p.routed()
	g := Group{
		Interface: here.name, Address: spec.Address, Number: spec.Group, Priority: 100,
		Master: bare(other.routed().address), Transitions: (here.transitions + 1) / 2,
	}
	seconds := uint64(now.Sub(p.device.booted).Seconds())
	if p == p.link.a {
		g.Priority, g.IsMaster, g.Sent = 200, true, seconds
	} else {
		g.IsMaster, g.Received = !here.up, seconds
	}
	if g.IsMaster {
		g.Master = bare(here.address)
	}
	return g
}

// routed is the interface that has a port's address: its aggregate, or itself.
func (p *port) routed() *port {
	if p.lag != nil {
		return p.lag
	}
	return p
}
