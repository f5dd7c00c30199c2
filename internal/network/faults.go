package network

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is something wrong with a device: of what kind, and where (a component, interface, neighbour or model) if the kind
// needs a place.
type Fault struct{ Device, Kind, Where string }

// ParseFault reads DEVICE:KIND or DEVICE:KIND:WHERE.
func ParseFault(text string) (Fault, error) {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) < 2 {
		return Fault{}, fmt.Errorf("fault %q: write it as DEVICE:KIND or DEVICE:KIND:WHERE", text)
	}
	return Fault{parts[0], parts[1], strings.Join(parts[2:], "")}, nil
}

func (f Fault) String() string {
	if f.Where == "" {
		return f.Device + ":" + f.Kind
	}
	return f.Device + ":" + f.Kind + ":" + f.Where
}

// FaultKind is a kind of fault.
type FaultKind struct {
	Name, Help string
	places     func(*device) []string // nil: the fault is the whole device's
	severity   string                 // of the alarm that the device raises; none where empty
	alarm      string                 // its text, before the place
}

// FaultKinds lists what can go wrong.
func FaultKinds() []FaultKind {
	return []FaultKind{
		{"psu", "A power supply fails; the others take its load.", componentsOf("power-supply"), "critical", "Power supply failed:"},
		{"fan", "A fan stops, and the device gets warmer.", componentsOf("fan"), "major", "Fan stopped:"},
		{"hot", "A sensor measures 45 degrees Celsius more.", func(d *device) []string {
			return d.componentNames(func(c componentSpec) bool { return c.Celsius > 0 })
		}, "major", "Temperature above its limit:"},
		{"light", "A transceiver receives 16 dB less light, and packets arrive damaged.", links, "minor", "Receive power below its limit:"},
		{"laser", "A transceiver's laser ages: it sends 8 dB less, at a higher bias current.", links, "warning", "Laser bias above its limit:"},
		{"errors", "One received packet in a hundred is damaged.", attachedPorts, "", ""},
		{"saturation", "An interface has more to send than it can; the rest is discarded.", attachedPorts, "", ""},
		{"down", "An interface loses its link.", attachedPorts, "major", "Link down:"},
		{"flap", "An interface loses its link for 7 seconds of every 20.", attachedPorts, "", ""},
		{"bgp", "The session with a neighbour does not come up.", neighbors, "", ""},
		{"bgpflap", "The session with a neighbour is lost for 7 seconds of every 20.", neighbors, "", ""},
		{"prefixes", "A neighbour announces few of its prefixes.", neighbors, "", ""},
		{"ospf", "The OSPF neighbour on an interface is lost.", adjacent(func(s linkSpec) bool { return s.OSPF }), "", ""},
		{"isis", "The IS-IS adjacency on an interface is lost.", adjacent(func(s linkSpec) bool { return s.ISIS }), "", ""},
		{"bfd", "The BFD session on an interface goes down.", adjacent(func(s linkSpec) bool { return s.OSPF }), "", ""},
		{"cpu", "The processors are busy.", nil, "", ""},
		{"memory", "The memory is nearly full.", nil, "", ""},
		{"clock", "The clock is ten minutes slow.", nil, "", ""},
		{"values", "Interfaces report a speed that cannot be.", nil, "", ""},
		{"model", "Reads of a model fail.", modelsOf, "", ""},
		{"empty", "Reads of a model give no data, and no error.", modelsOf, "", ""},
		{"reboot", "The device is off; when the fault is cleared it has just booted.", nil, "", ""},
		{"slow", "Each reply takes 4 seconds.", nil, "", ""},
		{"silent", "The device accepts connections and does not answer.", nil, "", ""},
		{"login", "The device refuses the password.", nil, "", ""},
		{"hostkey", "The device shows another host key.", nil, "", ""},
	}
}

// Places returns where in a device a kind of fault can be; none is the whole device.
func (n *Network) Places(deviceName, kindName string) ([]string, error) {
	d, err := n.find(deviceName)
	if err != nil {
		return nil, err
	}
	kinds := FaultKinds()
	i := slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == kindName })
	if i < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.Name)
		}
		return nil, fmt.Errorf("no fault is called %q; there are %s", kindName, strings.Join(names, ", "))
	}
	if kinds[i].places == nil {
		return nil, nil
	}
	places := kinds[i].places(d)
	if len(places) == 0 {
		return nil, fmt.Errorf("%s has nothing that the fault %s applies to; choose another device or fault", deviceName, kindName)
	}
	return places, nil
}

// locate completes a fault whose place was left to us: it is the first that is possible.
func (n *Network) locate(f Fault) (Fault, error) {
	places, err := n.Places(f.Device, f.Kind)
	switch {
	case err != nil:
		return f, err
	case places == nil && f.Where != "":
		return f, fmt.Errorf("the fault %s is the whole device's; leave out %q", f.Kind, f.Where)
	case places != nil && f.Where == "":
		f.Where = places[0]
	case places != nil && !slices.Contains(places, f.Where):
		return f, fmt.Errorf("%s has no %q for the fault %s; there are %s", f.Device, f.Where, f.Kind, strings.Join(places, ", "))
	}
	return f, nil
}

// errNotSet is what clearing a fault gives that is not there.
var errNotSet = errors.New("this fault is not set")

// Set begins a fault, or clears it, and returns it with its place. Setting one that is there changes nothing.
func (n *Network) Set(f Fault, on bool, now time.Time) (Fault, error) {
	f, err := n.locate(f)
	if err != nil {
		return f, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.advance(now)
	if _, set := n.faults[f]; set == on {
		if !on {
			return f, errNotSet
		}
		return f, nil
	}
	d := n.byName[f.Device]
	if on {
		n.faults[f] = n.now
	} else {
		delete(n.faults, f)
	}
	if f.Kind == "reboot" {
		d.off = on
	}
	n.settle()
	if f.Kind == "reboot" && !on {
		n.startCounting(d)
	}
	return f, nil
}

// Faults lists what is wrong now, in the order of devices and kinds.
func (n *Network) Faults() []Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]Fault, 0, len(n.faults))
	for f := range n.faults {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Where, b.Where))
	})
	return all
}

func (n *Network) faulty(d *device, kind, where string) bool {
	_, set := n.faults[Fault{d.spec.Name, kind, where}]
	return set
}

// What flaps is down at the beginning of each period.
const flapPeriod, flapDown = 20 * time.Second, 7 * time.Second

// flapsDown reports whether a fault that comes and goes has something down now: a port (flap) or a session (bgpflap).
func (n *Network) flapsDown(d *device, kind, where string) bool {
	since, set := n.faults[Fault{d.spec.Name, kind, where}]
	return set && n.now.Sub(since)%flapPeriod < flapDown
}

// nextChange is when what flaps next changes, but not later than now.
func (n *Network) nextChange(now time.Time) time.Time {
	for f, since := range n.faults {
		if f.Kind != "flap" && f.Kind != "bgpflap" {
			continue
		}
		within := n.now.Sub(since) % flapPeriod
		next := n.now.Add(flapPeriod - within)
		if within < flapDown {
			next = n.now.Add(flapDown - within)
		}
		if next.Before(now) {
			now = next
		}
	}
	return now
}

func componentsOf(class string) func(*device) []string {
	return func(d *device) []string {
		return d.componentNames(func(c componentSpec) bool { return c.Class == class })
	}
}

func (d *device) componentNames(holds func(componentSpec) bool) (names []string) {
	for _, c := range d.kind.Components {
		if holds(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// links are the ports with optics.
func links(d *device) (names []string) {
	for _, p := range d.ports {
		if p.optical() && !p.shutdown {
			names = append(names, p.name)
		}
	}
	return names
}

func attachedPorts(d *device) (names []string) {
	names = links(d)
	for _, p := range d.ports {
		if p.link != nil && !p.optical() && !p.load.Unused && !p.shutdown {
			names = append(names, p.name)
		}
	}
	return names
}

// adjacent are the interfaces over whose links a protocol has neighbours.
func adjacent(over func(linkSpec) bool) func(*device) []string {
	return func(d *device) (names []string) {
		for _, p := range d.ports {
			if p.link != nil && over(p.link.spec) {
				names = append(names, p.routed().name)
			}
		}
		return names
	}
}

func neighbors(d *device) (names []string) {
	for _, s := range d.sessions {
		if !s.session.spec.Shutdown {
			names = append(names, s.neighbor)
		}
	}
	return names
}

func modelsOf(d *device) []string { return d.kind.Models }
