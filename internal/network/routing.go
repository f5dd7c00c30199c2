package network

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// session is a BGP session, with one end or two in the network.
type session struct {
	spec sessionSpec
	ends []*sessionEnd
	over *port
	up   bool
}

// sessionEnd is what one device knows of a session.
type sessionEnd struct {
	session     *session
	device      *device
	neighbor    string // address
	as          uint32 // the neighbour's
	description string
	prefixes    map[string]prefixesOfBoth
	changed     time.Time // when the session came up or went down
	counted     sessionCounters
}

// sessionCounters are since the device booted.
type sessionCounters struct {
	established, flaps uint64
	messages, updates  float64 // received; as many are sent
}

func (n *Network) peer(spec sessionSpec) error {
	d, err := n.find(spec.Device)
	if err != nil {
		return err
	}
	s := &session{spec: spec}
	if spec.Over != "" {
		if s.over = d.port(spec.Over); s.over == nil {
			return fmt.Errorf("%s has no port %q", spec.Device, spec.Over)
		}
	}
	here := &sessionEnd{session: s, device: d, neighbor: spec.Neighbor, as: spec.AS, description: spec.Description, prefixes: spec.Families}
	s.ends = append(s.ends, here)
	switch {
	case spec.Peer != "":
		other, err := n.find(spec.Peer)
		if err != nil {
			return err
		}
		there := &sessionEnd{session: s, device: other, neighbor: d.spec.Router, as: d.spec.AS, description: d.spec.Name, prefixes: map[string]prefixesOfBoth{}}
		here.neighbor, here.as, here.description = other.spec.Router, other.spec.AS, other.spec.Name
		for family, p := range spec.Families {
			there.prefixes[family] = prefixesOfBoth{Received: p.Advertised, Accepted: p.Advertised, Installed: p.Advertised, Advertised: p.Accepted}
		}
		s.ends = append(s.ends, there)
	case spec.Neighbor == "":
		return errors.New("it needs a peer or a neighbor")
	}
	for _, e := range s.ends {
		if e.neighbor == "" {
			return fmt.Errorf("%s has a neighbour without router_id", e.device.spec.Name)
		}
		e.device.sessions = append(e.device.sessions, e)
	}
	n.sessions = append(n.sessions, s)
	return nil
}

// settleSession lets a session go up or down.
func (n *Network) settleSession(s *session) {
	up := !s.spec.Shutdown && (s.over == nil || s.over.up)
	for _, e := range s.ends {
		up = up && !e.device.off && !n.faulty(e.device, "bgp", e.neighbor) && !n.flapsDown(e.device, "bgpflap", e.neighbor) && e.device.connected()
	}
	if up == s.up {
		return
	}
	s.up = up
	for _, e := range s.ends {
		e.changed = n.now
		if up {
			e.counted.established++
		} else {
			e.counted.flaps++
		}
	}
}

// connected tells whether any link to another device or to the world is up.
func (d *device) connected() bool {
	for _, p := range d.ports {
		if p.link != nil && p.up && (p.link.b != nil || p.name == d.spec.Transit) {
			return true
		}
	}
	return false
}

func (n *Network) countSessions(seconds float64) {
	for _, s := range n.sessions {
		for _, e := range s.ends {
			if s.up {
				e.counted.updates += seconds * 0.4
				e.counted.messages += seconds * (0.4 + 1.0/30) // and keepalives
			}
		}
	}
}

// bare is an address without its prefix length.
func bare(address string) string {
	ip, _, _ := strings.Cut(address, "/")
	return ip
}
