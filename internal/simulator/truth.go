package simulator

import (
	"fmt"
	"math"
	"time"
)

// Interface is all that a device reports of one interface at one time.
type Interface struct {
	Name        string
	Description string // empty: not configured
	Type        string // identity of iana-if-type, without prefix
	Index       int    // if-index
	PhysAddress string
	AdminStatus string // "up" or "down"
	OperStatus  string // "up" or "down"
	LastChange  time.Time
	Speed       uint64 // bits per second; 0: not reported
	// Discontinuity is when the counters began.
	Discontinuity time.Time
	In, Out       Counters
	// InUnknownProtos wraps at 2^32, as RFC 7223 has it.
	InUnknownProtos uint32
}

// Counters are those that exist for both directions. Discards and errors wrap at 2^32.
type Counters struct {
	Octets, UnicastPkts, BroadcastPkts, MulticastPkts uint64
	Discards, Errors                                  uint32
}

// outage has the effects of SetInterfaceDown on an interface.
type outage struct {
	down  bool
	began time.Time     // of the present outage, or else of the last one
	ended time.Time     // of the last outage
	lost  time.Duration // duration of all outages that have ended
}

// Interfaces returns what the device reports of each interface at that time.
func (d *Device) Interfaces(now time.Time) []Interface {
	all := make([]Interface, d.fleet.config.Interfaces)
	for i := range all {
		d.read(i, now, &all[i])
	}
	return all
}

// SetInterfaceDown takes the link of one interface down, or up again. Its counters do not change while it is down.
func (d *Device) SetInterfaceDown(name string, down bool) error {
	for i := range d.fleet.config.Interfaces {
		if d.fleet.labels[i].name != name {
			continue
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		o, now := d.outages[i], time.Now()
		switch {
		case down && !o.down:
			o.down, o.began = true, now
		case !down && o.down:
			o.down, o.ended, o.lost = false, now, o.lost+now.Sub(o.began)
		}
		d.outages[i] = o
		return nil
	}
	return fmt.Errorf("simulator: %s has no interface %q", d.Name, name)
}

// read sets s to the state of interface i at that time.
func (d *Device) read(i int, now time.Time, s *Interface) {
	d.mu.Lock()
	o := d.outages[i]
	d.mu.Unlock()
	p := d.profile(i)
	// The clock of an interface stands still while it is taken down.
	clock := now.Sub(p.since) - o.lost
	if o.down {
		clock = o.began.Sub(p.since) - o.lost
	}
	active, up, changed := p.life.at(max(clock, 0))
	*s = Interface{
		Name:          d.fleet.labels[i].name,
		Description:   d.fleet.labels[i].description,
		Type:          "ethernetCsmacd",
		Index:         i + 1,
		PhysAddress:   p.physAddress(),
		AdminStatus:   "up",
		OperStatus:    "down",
		LastChange:    p.since.Add(changed + o.lost),
		Speed:         p.speed,
		Discontinuity: p.since,
	}
	if p.role == roleAdminDown {
		s.AdminStatus = "down"
	}
	if p.role == roleUnknownSpeed {
		s.Speed = 0
	}
	if p.role == roleLoopback {
		s.Type, s.PhysAddress = "softwareLoopback", ""
	}
	s.LastChange = later(s.LastChange, o.ended)
	switch {
	case up && o.down:
		s.LastChange = o.began
	case up:
		s.OperStatus = "up"
	}
	p.count(active, s)
}

// count sets the counters of an interface that has been up for the time active.
func (p *profile) count(active time.Duration, s *Interface) {
	in, out := p.work(active, p.phase), p.work(active, p.phase+math.Pi/3)
	for _, c := range []struct {
		counters *Counters
		work     float64
		load     float64
	}{{&s.In, in, p.loadIn}, {&s.Out, out, p.loadOut}} {
		octets := uint64(float64(p.speed) / 8 * c.load * c.work)
		*c.counters = Counters{
			Octets:        octets,
			UnicastPkts:   octets / p.packet,
			BroadcastPkts: uint64(p.chatter * c.work),
			MulticastPkts: uint64(3 * p.chatter * c.work),
			Discards:      uint32(uint64(p.discards * c.work)),
			Errors:        uint32(uint64(p.errors * c.work)),
		}
	}
	s.InUnknownProtos = uint32(uint64(p.chatter / 4 * in))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
