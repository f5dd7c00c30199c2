package network

import "time"

// flow is what goes one way over a link: the sender's output is the receiver's input.
type flow struct {
	totals
	offered float64 // octets of the present interval
}

// totals are counts since the network began. Discards are the sender's, errors the receiver's.
type totals struct {
	octets, packets, discards, errors, corrected, uncorrectable float64
}

const (
	packetSize = 720 // octets, on average
	share      = 0.7 // of the traffic that a device with transit sends over its own
)

// send lets the octets that were offered go one way over a link. What there is no room for is discarded. The sender or
// the receiver is nil where it is outside the network.
func (n *Network) send(f *flow, from, to *port, speed uint64, seconds float64) {
	room := float64(speed) / 8 * seconds
	if from != nil && n.faulty(from.device, "saturation", from.name) {
		f.offered = 1.03 * room
	}
	over := max(0, f.offered-0.985*room)
	packets := (f.offered - over) / packetSize
	f.octets += f.offered - over
	f.packets += packets
	f.discards += over / packetSize
	f.corrected += packets * 2e-7
	if to != nil && (n.faulty(to.device, "errors", to.name) || n.faulty(to.device, "light", to.name)) {
		f.errors += packets * 0.01
		f.corrected += packets * 0.2
		f.uncorrectable += packets * 0.01
	}
	f.offered = 0
}

func (l *link) other(p *port) *port {
	if p == l.a {
		return l.b
	}
	return l.a
}

// count lets the traffic of an interval flow, in which no link changes. Access devices divide what their ports receive
// over the links that are up; devices with transit send most of what comes from below over it, the rest over the others'.
func (n *Network) count(from, to time.Time) {
	seconds := to.Sub(from).Seconds()
	sums := map[*device]*amounts{}
	for _, d := range n.devices {
		sums[d] = n.offerPorts(d, from, to)
	}
	for _, d := range n.devices {
		if d.spec.Transit == "" {
			n.offerUplinks(d, sums)
		}
	}
	for _, d := range n.devices {
		if d.spec.Transit != "" {
			n.offerTransit(d, sums[d])
		}
	}
	for _, l := range n.links {
		if l.up {
			n.send(l.a.out, l.a, l.b, l.a.speed, seconds)
			n.send(l.a.in, l.b, l.a, l.a.speed, seconds)
		}
	}
	n.countSessions(seconds)
}

// amounts are the octets of an interval that a device sends towards the rest of the world, and gets from there.
type amounts struct{ up, down float64 }

// offerPorts lets the ports without another device talk.
func (n *Network) offerPorts(d *device, from, to time.Time) *amounts {
	sum := &amounts{}
	seconds := to.Sub(from).Seconds()
	for _, p := range d.ports {
		if !p.up || p.link == nil || p.link.b != nil || p.name == d.spec.Transit {
			continue
		}
		seed := seedOf(d.spec.Name + p.name)
		busy := p.shape.integral(from, to)
		busy += 0.04 * (1.5*seconds + wave{11 * time.Minute, seed}.integral(from, to) + wave{97 * time.Second, seed >> 10}.integral(from, to)/2)
		busy *= float64(p.speed) / 8 * (0.6 + 0.8*float64(seed%100)/100)
		up, down := busy*p.load.Receive, busy*p.load.Transmit
		p.in.offered += up
		p.out.offered += down
		sum.up += up
		sum.down += down
	}
	return sum
}

func (n *Network) offerUplinks(d *device, sums map[*device]*amounts) {
	ports := d.linksTo(func(other *device) bool { return other.spec.Transit != "" })
	for _, p := range ports {
		above := sums[p.link.other(p).device]
		up, down := sums[d].up/float64(len(ports)), sums[d].down/float64(len(ports))
		p.out.offered += up
		p.in.offered += down
		above.up += up
		above.down += down
	}
}

func (n *Network) offerTransit(d *device, sum *amounts) {
	transit := d.port(d.spec.Transit)
	across := d.linksTo(func(other *device) bool { return other.spec.Transit != "" && other.port(other.spec.Transit).up })
	part := share
	switch {
	case !transit.up:
		part = 0
	case len(across) == 0:
		part = 1
	}
	transit.out.offered += sum.up * part
	transit.in.offered += sum.down * part
	for _, p := range across {
		other := p.link.other(p).device
		up, down := sum.up*(1-part)/float64(len(across)), sum.down*(1-part)/float64(len(across))
		p.out.offered += up
		p.in.offered += down
		beyond := other.port(other.spec.Transit)
		beyond.out.offered += up
		beyond.in.offered += down
	}
}

// linksTo returns the device's ports with a link that is up to a device of some kind.
func (d *device) linksTo(holds func(*device) bool) (ports []*port) {
	for _, p := range d.ports {
		if p.up && p.link != nil && p.link.b != nil && holds(p.link.other(p).device) {
			ports = append(ports, p)
		}
	}
	return ports
}

// received and sent are what a port, or the members of an aggregate, counted since the network began.
func (p *port) received() *totals { return p.sum(func(p *port) *flow { return p.in }) }
func (p *port) sent() *totals     { return p.sum(func(p *port) *flow { return p.out }) }

func (p *port) sum(of func(*port) *flow) *totals {
	var t totals
	for _, m := range p.members {
		t.add(of(m).totals, 1)
	}
	if f := of(p); f != nil {
		t.add(f.totals, 1)
	}
	return &t
}

// add adds b times a number.
func (t *totals) add(b totals, times float64) {
	t.octets += times * b.octets
	t.packets += times * b.packets
	t.discards += times * b.discards
	t.errors += times * b.errors
	t.corrected += times * b.corrected
	t.uncorrectable += times * b.uncorrectable
}
