package network

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// newDevice makes a device with the ports that have no link.
func (n *Network) newDevice(spec deviceSpec, now time.Time) (*device, error) {
	kind, found := n.scenario.Kinds[spec.Kind]
	if !found {
		return nil, fmt.Errorf("no kind is called %q", spec.Kind)
	}
	if n.byName[spec.Name] != nil {
		return nil, errors.New("there are two of that name")
	}
	d := &device{spec: spec, kind: kind, seed: seedOf(spec.Name), booted: now.Add(-spec.Uptime)}
	for _, run := range spec.Ports {
		shape := n.scenario.Shapes[run.Shape]
		if len(shape) == 0 && !run.Unused && !run.Shutdown {
			return nil, fmt.Errorf("port %s: no shape is called %q", run.Name, run.Shape)
		}
		for i := run.First; i < run.First+max(run.Count, 1); i++ {
			p := d.add(numbered(run.Name, i), run.Speed)
			p.description, p.shutdown, p.load, p.shape, p.neighbor = numbered(run.Description, i), run.Shutdown, run, shape, numbered(run.Neighbor, i)
			p.in, p.out = &flow{}, &flow{}
			p.link = &link{a: p}
			n.links = append(n.links, p.link)
		}
	}
	return d, nil
}

func numbered(text string, i int) string {
	return strings.ReplaceAll(text, "%d", fmt.Sprint(i))
}

func (d *device) add(name string, speed uint64) *port {
	p := &port{device: d, name: name, speed: speed, index: len(d.ports) + 1, light: -3.5, lanes: 1}
	d.ports = append(d.ports, p)
	return p
}

// connect makes a link and its two ports.
func (n *Network) connect(spec linkSpec) error {
	a, err := n.port(spec.A, spec)
	if err != nil {
		return err
	}
	b, err := n.port(spec.B, spec)
	if err != nil {
		return err
	}
	a.out, b.out = &flow{}, &flow{}
	a.in, b.in = b.out, a.out
	for _, here := range []struct {
		port, other *port
		end         end
	}{{a, b, spec.A}, {b, a, spec.B}} {
		if here.port.description == "" {
			here.port.description = "to " + here.other.device.spec.Name + " " + here.other.name
		}
		if here.end.LAG == "" {
			here.port.address = here.end.Address
			continue
		}
		lag := here.port.device.port(here.end.LAG)
		if lag == nil {
			lag = here.port.device.add(here.end.LAG, 0)
			lag.description = "to " + here.other.device.spec.Name
		}
		if here.end.Address != "" {
			lag.address = here.end.Address
		}
		here.port.lag = lag
		lag.speed += here.port.speed
		lag.members = append(lag.members, here.port)
	}
	l := &link{a: a, b: b, spec: spec}
	a.link, b.link = l, l
	n.links = append(n.links, l)
	return nil
}

func (n *Network) port(e end, spec linkSpec) (*port, error) {
	d, err := n.find(e.Device)
	if err != nil {
		return nil, err
	}
	if d.port(e.Port) != nil {
		return nil, fmt.Errorf("%s has two ports called %q", e.Device, e.Port)
	}
	p := d.add(e.Port, spec.Speed)
	p.description, p.lanes = e.Description, max(spec.Lanes, 1)
	if spec.Light != 0 {
		p.light = spec.Light
	}
	return p, nil
}

// finish adds the loopback.
func (d *device) finish() {
	if d.spec.Router == "" {
		return
	}
	p := d.add("lo0", 0)
	p.description, p.address = "router id", d.spec.Router+"/32"
}
