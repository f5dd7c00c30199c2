package faults

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// TestCallHomeFaults plays faults of a device that calls home, whose scrapes cannot bring it back: it is away until it calls. After each fault
// it is read again, without anybody's help.
func TestCallHomeFaults(t *testing.T) {
	for name, test := range map[string]struct {
		begin, end func(*simulator.Device)
		reason     collector.Reason
		says       string
		session    bool // it has one meanwhile
		refused    int  // logins
	}{
		"it does not call":       {away(true), away(false), collector.ReasonTimeout, "that session ended", false, 0},
		"it shows another key":   {another(true), another(false), collector.ReasonTimeout, "has not called since", false, 0},
		"it says nothing":        {func(d *simulator.Device) { d.SetSilent(true) }, func(d *simulator.Device) { d.SetSilent(false) }, collector.ReasonTimeout, "has not called since", false, 0},
		"it calls once more":     {again, func(*simulator.Device) {}, "", "", true, 0},
		"it refuses every login": {refusesLogins, func(d *simulator.Device) { d.RefuseLogins(false) }, collector.ReasonBackoff, "login refused", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			listen := l.Addr().String()
			_ = l.Close()
			fleet, err := simulator.Start(simulator.Config{CallHome: listen, Devices: 2})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = fleet.Close() })
			text, err := fleet.ConfigYAML("lab")
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			e, err := collector.New(cfg, collector.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { e.Close(t.Context()) })
			device, faulty, other := fleet.Devices()[0], e.Targets()[0], e.Targets()[1]
			up := func(target *collector.Target) bool { return target.Scrape(t.Context(), nil).Up }
			wait := func(what string, holds func() bool) {
				t.Helper()
				for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("waited in vain for %s: %v", what, faulty.Scrape(t.Context(), nil).Err)
					}
				}
			}
			wait("both devices", func() bool { return up(faulty) && up(other) })

			calls := func() (n uint64) {
				for _, results := range e.Calls().Results {
					n += results
				}
				return n
			}
			before := calls()
			test.begin(device)
			var s *collector.Scrape
			wait("the fault to show", func() bool {
				s = faulty.Scrape(t.Context(), nil)
				said := ""
				if s.Err != nil {
					said = s.Err.Error()
				}
				return s.Up == test.session && s.Reason == test.reason && strings.Contains(said, test.says) && (!test.session || calls() > before)
			})
			for range 5 {
				if !up(other) {
					t.Error("the other device is down")
				}
			}
			if n := device.RefusedLogins(); n != test.refused {
				t.Errorf("%d refused logins, want %d", n, test.refused)
			}
			test.end(device)
			if test.refused > 0 { // its login is held back for minutes
				return
			}
			wait("the device to be back", func() bool { return up(faulty) })
			if test.session && device.Logins() != 1 {
				t.Errorf("%d logins beside a session that is alive", device.Logins())
			}
			if duplicates := e.Calls().Results[session.CallDuplicate]; (duplicates > 0) != test.session {
				t.Error(fmt.Errorf("%d calls beside a session that is alive", duplicates))
			}
		})
	}
}

func away(is bool) func(*simulator.Device) {
	return func(d *simulator.Device) { _ = d.SetDown(is) }
}

func another(key bool) func(*simulator.Device) {
	return func(d *simulator.Device) { d.ShowAnotherHostKey(key) }
}

func again(d *simulator.Device) { _ = d.CallAgain() }

func refusesLogins(d *simulator.Device) {
	d.RefuseLogins(true)
	d.DropSessions()
}
