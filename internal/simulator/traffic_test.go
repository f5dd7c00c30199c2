package simulator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

var someTime = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)

func TestNumbersFollowFromSeedAndTime(t *testing.T) {
	read := func(seed uint64) []simulator.Interface {
		return start(t, simulator.Config{Interfaces: 50, Seed: seed}).Devices()[0].Interfaces(someTime)
	}
	if diff := cmp.Diff(read(1), read(1)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(read(1), read(2)) {
		t.Error("the seed makes no difference")
	}
}

func TestCountersOnlyGrow(t *testing.T) {
	d := start(t, simulator.Config{Interfaces: 100}).Devices()[0]
	for _, step := range []time.Duration{time.Millisecond, time.Second, time.Hour, 24 * time.Hour} {
		wrapped := false
		earlier := d.Interfaces(someTime)
		for n := range 200 {
			later := d.Interfaces(someTime.Add(time.Duration(n) * step))
			for i := range later {
				for _, pair := range [][2]simulator.Counters{{earlier[i].In, later[i].In}, {earlier[i].Out, later[i].Out}} {
					a, b := pair[0], pair[1]
					if b.Octets < a.Octets || b.UnicastPkts < a.UnicastPkts || b.BroadcastPkts < a.BroadcastPkts || b.MulticastPkts < a.MulticastPkts {
						t.Fatalf("%s went from %+v to %+v", later[i].Name, a, b)
					}
					if step < 24*time.Hour && (b.Errors < a.Errors || b.Discards < a.Discards) {
						t.Fatalf("%s went from %+v to %+v", later[i].Name, a, b)
					}
					wrapped = wrapped || b.Discards < a.Discards
				}
			}
			earlier = later
		}
		if wrapped != (step == 24*time.Hour) {
			t.Errorf("steps of %s: wrapped is %v", step, wrapped)
		}
	}
}

func TestRatesAreBelievable(t *testing.T) {
	d := start(t, simulator.Config{Interfaces: 100}).Devices()[0]
	earlier, later := d.Interfaces(someTime), d.Interfaces(someTime.Add(time.Minute))
	busy := 0
	for i, s := range later {
		bits := 8 * (s.In.Octets - earlier[i].In.Octets) / 60
		if s.Speed != 0 && bits > s.Speed {
			t.Errorf("%s carries %d of %d bit/s", s.Name, bits, s.Speed)
		}
		if s.OperStatus == "up" && bits > 1e6 {
			busy++
		}
		if packets := s.In.UnicastPkts; packets > 0 && (s.In.Octets/packets < 64 || s.In.Octets/packets > 1518) {
			t.Errorf("%s has packets of %d octets", s.Name, s.In.Octets/packets)
		}
	}
	if busy < 60 {
		t.Errorf("%d of 100 interfaces are busy", busy)
	}
}

func TestInterfacesShowAllThereIs(t *testing.T) {
	d := start(t, simulator.Config{Interfaces: 48}).Devices()[0]
	all := d.Interfaces(someTime)
	if first, second := all[0].Name, all[1].Name; first != "ethernet1/1" || second != "ethernet1/2" {
		t.Errorf("names are %s, %s", first, second)
	}
	count := func(is func(simulator.Interface) bool) int {
		return len(slices.DeleteFunc(slices.Clone(all), func(i simulator.Interface) bool { return !is(i) }))
	}
	for what, n := range map[string]int{
		"up":               count(func(i simulator.Interface) bool { return i.AdminStatus == "up" && i.OperStatus == "up" }),
		"down":             count(func(i simulator.Interface) bool { return i.AdminStatus == "up" && i.OperStatus == "down" }),
		"admin down":       count(func(i simulator.Interface) bool { return i.AdminStatus == "down" && i.OperStatus == "down" }),
		"of unknown speed": count(func(i simulator.Interface) bool { return i.Speed == 0 }),
		"undescribed":      count(func(i simulator.Interface) bool { return i.Description == "" }),
		"loopback":         count(func(i simulator.Interface) bool { return i.Type == "softwareLoopback" && i.PhysAddress == "" }),
	} {
		if n == 0 {
			t.Errorf("no interface is %s", what)
		}
	}
}

func TestFlaps(t *testing.T) {
	d := start(t, simulator.Config{Interfaces: 4}).Devices()[0]
	changes := 0
	earlier := d.Interfaces(someTime)[3]
	for at := someTime; at.Before(someTime.Add(10 * time.Minute)); at = at.Add(time.Second) {
		now := d.Interfaces(at)[3]
		if now.OperStatus != earlier.OperStatus {
			changes++
			if !now.LastChange.Equal(at) {
				t.Errorf("changed at %s, last-change says %s", at, now.LastChange)
			}
		} else if !now.LastChange.Equal(earlier.LastChange) {
			t.Errorf("last-change moved to %s without a change", now.LastChange)
		} else if still := now.In == earlier.In; at != someTime && still != (now.OperStatus == "down") {
			t.Errorf("%s at %s: counters stand still: %v", now.OperStatus, at, still)
		}
		earlier = now
	}
	if changes < 14 || changes > 28 {
		t.Errorf("%d changes in ten minutes", changes)
	}
}

func TestSetInterfaceDown(t *testing.T) {
	d := start(t, simulator.Config{Interfaces: 3}).Devices()[0]
	began := time.Now()
	if err := d.SetInterfaceDown("ethernet1/1", true); err != nil {
		t.Fatal(err)
	}
	// An hour of outage, as seen from then: nothing moves.
	down, still := d.Interfaces(time.Now())[0], d.Interfaces(time.Now().Add(time.Hour))[0]
	if down.AdminStatus != "up" || down.OperStatus != "down" || down.LastChange.Before(began) || !cmp.Equal(down, still) {
		t.Errorf("down: %+v, an hour later: %+v", down, still)
	}
	if other := d.Interfaces(time.Now())[1]; other.OperStatus != "up" {
		t.Errorf("down too: %+v", other)
	}
	ended := time.Now()
	if err := d.SetInterfaceDown("ethernet1/1", false); err != nil {
		t.Fatal(err)
	}
	up := d.Interfaces(time.Now().Add(time.Second))[0]
	if up.OperStatus != "up" || up.LastChange.Before(ended) || up.In.Octets <= down.In.Octets {
		t.Errorf("up again: %+v", up)
	}
	if err := d.SetInterfaceDown("eth0", true); err == nil {
		t.Error("no error for an unknown interface")
	}
}
