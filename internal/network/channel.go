package network

import (
	"strings"
	"time"
)

// Channel is the optical channel of a coherent transceiver. Powers are in dBm, ratios in decibels, the chromatic dispersion in
// ps/nm, that of polarization modes in ps, the bias current in milliamperes.
type Channel struct {
	Index                     int
	Name, Line, Description   string
	Up                        bool
	Megahertz                 uint64
	Target, Transmit, Receive float64
	Bias                      float64
	OSNR, ESNR, Q             float64
	Dispersion, Polarization  float64
	PreFEC, PostFEC           float64 // bit error ratios
	Uncorrectable             uint64
}

// channel follows from what the transceiver measures: each decibel of light less is one of signal-to-noise ratio less.
func (n *Network) channel(p *port, now time.Time) Channel {
	i := n.showInterface(p, now)
	lane := i.Optics.Lanes[0]
	_, place, _ := strings.Cut(p.name, "-")
	c := Channel{
		Index: p.index, Name: "och-" + place, Line: p.name, Description: p.description, Up: p.up,
		Megahertz: 193_100_000 + 50_000*uint64(p.index), Target: -1, Transmit: lane.Transmit, Receive: lane.Receive, Bias: lane.Bias,
		Dispersion: 1180 + 4*noise(p.name+"dispersion", now), Polarization: 1.4 + 0.1*noise(p.name+"polarization", now),
		Uncorrectable: i.In.Uncorrectable,
	}
	lost := max(0, -3.5-lane.Receive)
	c.OSNR, c.ESNR, c.Q = max(0, 27.5-lost), max(0, 17.2-lost), max(0, 9.8-lost/2)
	c.PreFEC = 2.1e-4 * (1 + lost)
	if i.Up && lost > 10 {
		c.PostFEC = 1e-6
	}
	return c
}
