package network_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/network"
)

var morning = time.Date(2026, time.March, 4, 6, 0, 0, 0, time.UTC)

func demo(t *testing.T) *network.Network {
	t.Helper()
	scenario, err := network.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(scenario, morning)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// look returns all interfaces at a time, by device and name.
func look(t *testing.T, n *network.Network, now time.Time) map[[2]string]network.Interface {
	t.Helper()
	all := map[[2]string]network.Interface{}
	for _, name := range n.Devices() {
		v, err := n.View(name, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range v.Interfaces {
			all[[2]string{name, i.Name}] = i
		}
	}
	return all
}

func set(t *testing.T, n *network.Network, text string, on bool, now time.Time) {
	t.Helper()
	fault, err := network.ParseFault(text)
	if err == nil {
		_, err = n.Set(fault, on, now)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestBothEndsOfALinkAgree(t *testing.T) {
	n := demo(t)
	// Faults on the way, of which both ends must know.
	set(t, n, "core-1:saturation:xe-0/1/0", true, morning)
	set(t, n, "core-2:flap:et-0/0/1", true, morning)
	before, after := look(t, n, morning.Add(time.Minute)), look(t, n, morning.Add(20*time.Minute+10*time.Second))
	pairs := 0
	for here, a := range after {
		if a.Peer == nil {
			continue
		}
		there := [2]string{a.Peer.Name, a.Peer.Port}
		b, found := after[there]
		if !found { // outside the network
			continue
		}
		pairs++
		if b.Peer == nil || b.Peer.Name != here[0] || b.Peer.Port != here[1] || a.Up != b.Up || a.Speed != b.Speed {
			t.Errorf("%v sees %+v, and %v sees %+v", here, a.Peer, there, b.Peer)
		}
		sent, received := a.Out.Octets-before[here].Out.Octets, b.In.Octets-before[there].In.Octets
		if math.Abs(float64(sent)-float64(received)) > 16 || sent == 0 {
			t.Errorf("%v sent %d octets, %v received %d", here, sent, there, received)
		}
	}
	if pairs != 24 {
		t.Errorf("%d ends of links, want 24", pairs)
	}
}

func TestAnAggregateIsTheSumOfItsMembers(t *testing.T) {
	n := demo(t)
	set(t, n, "access-1:down:xe-0/1/1", true, morning)
	before, after := look(t, n, morning), look(t, n, morning.Add(time.Hour))
	ae, one, two := [2]string{"access-1", "ae1"}, [2]string{"access-1", "xe-0/1/0"}, [2]string{"access-1", "xe-0/1/1"}
	if got, want := after[ae].Out.Octets-before[ae].Out.Octets, after[one].Out.Octets-before[one].Out.Octets; got != want || want == 0 {
		t.Errorf("the aggregate sent %d octets, the member that is up %d", got, want)
	}
	if after[two].Out.Octets != before[two].Out.Octets || after[two].Up || !after[ae].Up || !after[ae].Members[0].Up || after[ae].Members[1].Up {
		t.Errorf("the member that is down: %+v, and its aggregate: %+v", after[two], after[ae])
	}
}

// What comes in at the ports goes out at the uplinks, and the other way round.
func TestTrafficIsConserved(t *testing.T) {
	n := demo(t)
	before, after := look(t, n, morning), look(t, n, morning.Add(3*time.Hour))
	var ports, transit float64
	for key, i := range after {
		octets := float64(i.In.Octets - before[key].In.Octets)
		switch {
		case i.Kind != "ethernet" || key[0] == "cpe-1" || key[0] == "spare-1":
		case i.Name == "et-0/0/30":
			transit += float64(i.Out.Octets - before[key].Out.Octets)
		case i.Peer == nil || after[[2]string{i.Peer.Name, i.Peer.Port}].Name == "":
			ports += octets
		}
	}
	if math.Abs(ports-transit) > 1e-6*ports || ports == 0 {
		t.Errorf("%.0f octets came in, %.0f went out", ports, transit)
	}
}

func TestTrafficFollowsTheDay(t *testing.T) {
	n := demo(t)
	key := [2]string{"access-1", "ge-0/0/1"}
	rate := func(at time.Time) float64 {
		before := look(t, n, at)[key].Out.Octets
		return float64(look(t, n, at.Add(15*time.Minute))[key].Out.Octets-before) / 900
	}
	if early, late := rate(morning), rate(morning.Add(4*time.Hour)); late < 3*early {
		t.Errorf("a desk takes %.0f bytes per second at six and %.0f at ten", early, late)
	}
}

// Whatever is set and cleared, and however often somebody looks, no counter goes back, but for a reboot.
func TestCountersNeverGoBack(t *testing.T) {
	n := demo(t)
	chance := rand.New(rand.NewPCG(1, 2))
	now := morning
	was := look(t, n, now)
	kinds := network.FaultKinds()
	for range 400 {
		now = now.Add(time.Duration(chance.Int64N(int64(90 * time.Second))))
		devices := n.Devices()
		device, kind := devices[chance.IntN(len(devices))], kinds[chance.IntN(len(kinds))].Name
		if kind != "reboot" {
			if places, err := n.Places(device, kind); err == nil {
				fault := network.Fault{Device: device, Kind: kind}
				if places != nil {
					fault.Where = places[chance.IntN(len(places))]
				}
				_, _ = n.Set(fault, !slices.Contains(n.Faults(), fault), now)
			}
		}
		is := look(t, n, now)
		for key, i := range is {
			before := was[key]
			for what, pair := range map[string][2]uint64{
				"in octets": {before.In.Octets, i.In.Octets}, "out octets": {before.Out.Octets, i.Out.Octets},
				"in unicast": {before.In.Unicast, i.In.Unicast}, "in errors": {before.In.Errors, i.In.Errors},
				"out discards": {before.Out.Discards, i.Out.Discards}, "transitions": {before.Transitions, i.Transitions},
			} {
				if pair[1] < pair[0] {
					t.Fatalf("%s of %v went from %d to %d with %v", what, key, pair[0], pair[1], n.Faults())
				}
			}
			if i.Changed.Before(before.Changed) || i.Changed.After(now) || i.Up != before.Up && i.Changed.Equal(before.Changed) {
				t.Fatalf("%v changed at %v, before that at %v", key, i.Changed, before.Changed)
			}
		}
		was = is
	}
	if len(n.Faults()) == 0 {
		t.Error("no fault was set")
	}
}

func TestARebootStartsCountersAnew(t *testing.T) {
	n := demo(t)
	set(t, n, "core-1:reboot", true, morning)
	off := look(t, n, morning.Add(30*time.Second))
	if off[[2]string{"access-1", "ae1"}].Up || off[[2]string{"core-2", "ae0"}].Up {
		t.Error("links to a device that is off are up")
	}
	set(t, n, "core-1:reboot", false, morning.Add(time.Minute))
	v, err := n.View("core-1", morning.Add(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if !v.Booted.Equal(morning.Add(time.Minute)) {
		t.Errorf("it booted at %v", v.Booted)
	}
	for _, i := range v.Interfaces {
		if most := uint64(float64(i.Speed) / 8 * 61); i.In.Octets > most || i.Out.Octets > most || i.Cleared != v.Booted {
			t.Errorf("%s has counted %d and %d octets in a minute", i.Name, i.In.Octets, i.Out.Octets)
		}
	}
	for _, b := range v.Neighbors {
		if !b.Shutdown && (!b.Up || b.Established != 1) {
			t.Errorf("neighbour %s: %+v", b.Address, b)
		}
	}
}

func TestTheOtherEndSeesASession(t *testing.T) {
	n := demo(t)
	neighbor := func(device, address string, now time.Time) network.Neighbor {
		v, err := n.View(device, now)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(v.Neighbors, func(b network.Neighbor) bool { return b.Address == address })
		return v.Neighbors[i]
	}
	a, b := neighbor("core-1", "10.255.0.2", morning), neighbor("core-2", "10.255.0.1", morning)
	if !a.Up || !b.Up || a.Families[0].Advertised != b.Families[0].Received || a.Families[0].Accepted != b.Families[0].Advertised {
		t.Errorf("core-1 has %+v, core-2 %+v", a, b)
	}
	set(t, n, "core-2:bgp:10.255.0.1", true, morning.Add(time.Minute))
	a, b = neighbor("core-1", "10.255.0.2", morning.Add(2*time.Minute)), neighbor("core-2", "10.255.0.1", morning.Add(2*time.Minute))
	if a.Up || b.Up || a.Flaps != b.Flaps || a.Flaps != 1 || a.Families[0].Received != 0 {
		t.Errorf("with the fault core-1 has %+v, core-2 %+v", a, b)
	}
	set(t, n, "core-1:down:et-0/0/30", true, morning.Add(3*time.Minute))
	if transit := neighbor("core-1", "192.0.2.1", morning.Add(4*time.Minute)); transit.Up {
		t.Error("a session is up without its link")
	}
}

// A fault shows in what the device reports, and its end too.
func TestFaultsShowAndGo(t *testing.T) {
	for text, value := range map[string]func(*network.View) float64{
		"core-1:psu":                  func(v *network.View) float64 { return component(v, "PSU 1").Power.OutWatts },
		"core-1:fan:Fan 2":            func(v *network.View) float64 { return component(v, "Fan 2").RPM },
		"core-1:hot:Routing Engine":   func(v *network.View) float64 { return component(v, "Routing Engine").Celsius },
		"core-1:light:xe-0/1/0":       func(v *network.View) float64 { return port(v, "xe-0/1/0").Optics.Lanes[0].Receive },
		"access-1:laser:xe-0/1/0":     func(v *network.View) float64 { return port(v, "xe-0/1/0").Optics.Lanes[0].Receive },
		"core-1:laser:xe-0/1/0":       func(v *network.View) float64 { return port(v, "xe-0/1/0").Optics.Lanes[0].Bias },
		"core-1:down:xe-0/1/0":        func(v *network.View) float64 { return port(v, "xe-0/1/0").Optics.Lanes[0].Receive },
		"core-1:bgp:192.0.2.1":        func(v *network.View) float64 { return float64(v.Neighbors[2].Families[0].Received) },
		"core-1:prefixes:192.0.2.1":   func(v *network.View) float64 { return float64(v.Neighbors[2].Families[0].Received) },
		"core-1:cpu":                  func(v *network.View) float64 { return v.CPUs[0].Utilization },
		"core-1:memory":               func(v *network.View) float64 { return float64(v.Memory.Used) },
		"core-1:clock":                func(v *network.View) float64 { return float64(v.Clock.Sub(v.Now)) },
		"core-1:values":               func(v *network.View) float64 { return map[bool]float64{true: 1}[v.BadValues] },
		"core-1:light:et-0/0/1":       func(v *network.View) float64 { return float64(len(v.Alarms)) },
		"core-1:saturation:et-0/0/30": func(v *network.View) float64 { return rateOf(t, v, "et-0/0/30") },
	} {
		t.Run(text, func(t *testing.T) {
			n := demo(t)
			at := func(minutes int) float64 {
				v, err := n.View("core-1", morning.Add(time.Duration(minutes)*time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				return value(v)
			}
			before := at(0)
			set(t, n, text, true, morning)
			during := at(1)
			set(t, n, text, false, morning.Add(time.Minute))
			after := at(2)
			if math.Abs(during-before) < 0.3*math.Abs(before) || during == before {
				t.Errorf("%v became %v", before, during)
			}
			if math.Abs(after-before) > 0.2*math.Abs(before) && text != "core-1:saturation:et-0/0/30" {
				t.Errorf("%v before, %v after", before, after)
			}
		})
	}
}

// rateOf is the number of discards, which only saturation makes.
func rateOf(t *testing.T, v *network.View, name string) float64 {
	t.Helper()
	return float64(port(v, name).Out.Discards)
}

func component(v *network.View, name string) network.Component {
	i := slices.IndexFunc(v.Components, func(c network.Component) bool { return c.Name == name })
	return v.Components[i]
}

func port(v *network.View, name string) network.Interface {
	i := slices.IndexFunc(v.Interfaces, func(p network.Interface) bool { return p.Name == name })
	return v.Interfaces[i]
}

func TestFaultsThatCannotBe(t *testing.T) {
	n := demo(t)
	for text, want := range map[string]string{
		"core-1":                  "DEVICE:KIND",
		"core-9:psu":              "core-9",
		"core-1:fire":             "there are psu, fan",
		"core-1:psu:PSU 9":        "there are PSU 1, PSU 2",
		"core-1:slow:PSU 1":       "leave out",
		"cpe-1:bgp":               "nothing that",
		"cpe-1:light":             "nothing that",
		"access-1:down:ge-0/0/45": "has no",
	} {
		fault, err := network.ParseFault(text)
		if err == nil {
			_, err = n.Set(fault, true, morning)
		}
		wantError(t, text, err, want)
	}
	if len(n.Faults()) != 0 {
		t.Errorf("set all the same: %v", n.Faults())
	}
	if _, err := n.Set(network.Fault{Device: "core-1", Kind: "psu"}, false, morning); err == nil {
		t.Error("a fault that is not set was cleared")
	}
	if names := slices.Collect(maps.Keys(look(t, n, morning))); len(names) < 100 {
		t.Errorf("%d interfaces", len(names))
	}
}
