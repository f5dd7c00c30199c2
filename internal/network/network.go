package network

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Network is a scenario at work. Nothing ticks in it: time passes when somebody looks.
type Network struct {
	scenario *Scenario
	devices  []*device
	byName   map[string]*device

	mu       sync.Mutex // guards following fields and all that hangs below devices
	now      time.Time  // up to which everything is counted
	links    []*link
	sessions []*session
	faults   map[Fault]time.Time // since when
}

// device is one simulated device.
type device struct {
	spec     deviceSpec
	kind     kind
	seed     uint64
	booted   time.Time
	off      bool
	ports    []*port
	sessions []*sessionEnd
	rpcs     uint64
}

// port is an interface of a device: one end of a link, an aggregate or a loopback.
type port struct {
	device      *device
	name        string
	description string
	index       int
	speed       uint64 // bits per second
	shutdown    bool
	up          bool
	changed     time.Time
	transitions uint64 // of up
	address     string // with prefix length
	link        *link  // nil for aggregates and loopbacks
	out, in     *flow
	lag         *port // aggregate that this is a member of
	members     []*port
	neighbor    string // what is heard by LLDP where no other device is
	light       float64
	lanes       int
	load        portSpec // of a port without another device
	shape       shape
	ospf, isis  Relation // with the other end, where the link has it
	bfd         Relation
	base        struct{ in, out totals } // what had flowed when the device booted
}

// link connects two ports, or a port with the rest of the world (b is nil).
type link struct {
	a, b *port
	spec linkSpec // empty without b
	up   bool
}

// New starts a network at a time.
func New(s *Scenario, now time.Time) (*Network, error) {
	n := &Network{scenario: s, byName: map[string]*device{}, faults: map[Fault]time.Time{}}
	for name, shape := range s.Shapes {
		if len(shape) == 0 || slices.Min(shape) < 0 {
			return nil, fmt.Errorf("scenario: shape %s: it needs at least one value, and none below 0", name)
		}
	}
	boots := []time.Time{now}
	for _, spec := range s.Devices {
		d, err := n.newDevice(spec, now)
		if err != nil {
			return nil, fmt.Errorf("scenario: device %s: %w", spec.Name, err)
		}
		n.devices = append(n.devices, d)
		n.byName[spec.Name] = d
		boots = append(boots, d.booted)
	}
	for i, spec := range s.Links {
		if err := n.connect(spec); err != nil {
			return nil, fmt.Errorf("scenario: link %d: %w", i+1, err)
		}
	}
	for _, d := range n.devices {
		d.finish()
		if d.spec.Transit != "" && d.port(d.spec.Transit) == nil {
			return nil, fmt.Errorf("scenario: device %s has no port %q for its transit", d.spec.Name, d.spec.Transit)
		}
	}
	for i, spec := range s.Sessions {
		if err := n.peer(spec); err != nil {
			return nil, fmt.Errorf("scenario: bgp session %d: %w", i+1, err)
		}
	}
	// The past: each device counts from its boot on.
	slices.SortFunc(boots, time.Time.Compare)
	n.now = boots[0]
	n.settle()
	for _, at := range boots {
		n.advance(at)
		for _, d := range n.devices {
			if d.booted.Equal(at) {
				n.startCounting(d)
			}
		}
	}
	return n, nil
}

// advance counts what happened until now.
func (n *Network) advance(now time.Time) {
	for n.now.Before(now) {
		to := n.nextChange(now)
		n.count(n.now, to)
		n.now = to
		n.settle()
	}
}

// settle brings links and sessions into the state that follows from devices and faults at the network's present time.
func (n *Network) settle() {
	for _, l := range n.links {
		l.up = n.attached(l.a) && (l.b == nil || n.attached(l.b))
		l.a.set(l.up, n.now)
		if l.b != nil {
			l.b.set(l.up, n.now)
		}
	}
	for _, d := range n.devices {
		for _, p := range d.ports {
			switch {
			case p.members != nil:
				p.set(slices.ContainsFunc(p.members, func(m *port) bool { return m.up }), n.now)
			case p.link == nil:
				p.set(!p.shutdown, n.now)
			}
		}
	}
	for _, l := range n.links {
		n.settleRouting(l)
	}
	for _, s := range n.sessions {
		n.settleSession(s)
	}
}

// attached tells whether a port does its part for a link to be up.
func (n *Network) attached(p *port) bool {
	return !p.device.off && !p.shutdown && !p.load.Unused && !n.faulty(p.device, "down", p.name) && !n.flapsDown(p.device, "flap", p.name)
}

func (p *port) set(up bool, now time.Time) {
	if p.up == up {
		return
	}
	p.up, p.changed = up, now
	p.transitions++
}

// startCounting sets all counters of a device to zero, as a boot does.
func (n *Network) startCounting(d *device) {
	d.booted = n.now
	d.rpcs = 0
	for _, p := range d.ports {
		p.changed, p.transitions = n.now, 0
		for _, r := range []*Relation{&p.ospf, &p.isis, &p.bfd} {
			r.Changed, r.Transitions = n.now, 0
		}
		p.base.in, p.base.out = *p.received(), *p.sent()
	}
	for _, e := range d.sessions {
		e.counted, e.changed = sessionCounters{}, n.now
		if e.session.up {
			e.counted.established = 1
		}
	}
}

func (d *device) port(name string) *port {
	for _, p := range d.ports {
		if p.name == name {
			return p
		}
	}
	return nil
}

// find returns a device by its name.
func (n *Network) find(name string) (*device, error) {
	if d := n.byName[name]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("no device is called %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(n.byName)), ", "))
}
