package collector_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// accounts writes a configuration with one target for each device.
func accounts(password, prefix string, devices []*netconftest.Device) string {
	var text strings.Builder
	fmt.Fprintf(&text, "auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true, allowed_targets: [127.0.0.0/8]}}\ntargets:\n",
		netconftest.User, password)
	for i, device := range devices {
		fmt.Fprintf(&text, "- {name: %s%d, address: %q, auth: lab}\n", prefix, i, device.Address)
	}
	return text.String()
}

// TestWrongPasswordOverReloads has 50 devices refuse a password, over scrapes and reloads that rename all of them.
func TestWrongPasswordOverReloads(t *testing.T) {
	devices := make([]*netconftest.Device, 50)
	for i := range devices {
		devices[i] = netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	}
	e := start(t, load(t, accounts("wrong", "a", devices)))
	for _, prefix := range []string{"b", "c"} {
		for range 3 {
			e.Gather(within(t, 10*time.Second))
		}
		if err := e.Apply(load(t, accounts("wrong", prefix, devices))); err != nil {
			t.Fatal(err)
		}
	}
	e.Gather(within(t, 10*time.Second))
	offered := 0
	for _, device := range devices {
		offered += int(device.Offered.Load())
	}
	if offered != 2 {
		t.Errorf("%d passwords reached the devices, want 2", offered)
	}
	if held := e.Logins().Held; held != 1 {
		t.Errorf("%d user names are held back, want 1", held)
	}
}

// spellings are ways to write 127.0.0.1.
func spellings(port string) (all []string) {
	zeros := []string{"0", "00", "000", "0000"}
	for _, a := range zeros {
		for _, b := range zeros {
			for _, last := range []string{"ffff:7f00:1", "FFFF:7F00:0001", "ffff:127.0.0.1"} {
				all = append(all, fmt.Sprintf("[%s:%s:0:0:0:%s]:%s", a, b, last, port), fmt.Sprintf("[%s:%s::%s]:%s", a, b, last, port))
			}
		}
	}
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "LOCALHOST", "LocalHost"} {
		all = append(all, host+":"+port)
	}
	return all
}

// TestSpellingsOfOneAddress probes one device under a hundred spellings of its address: it has one session, or one refused login.
func TestSpellingsOfOneAddress(t *testing.T) {
	for password, want := range map[string]int32{netconftest.Password: 1, "wrong": 1} {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
		_, port, err := net.SplitHostPort(device.Address)
		if err != nil {
			t.Fatal(err)
		}
		e := start(t, load(t, accounts(password, "", nil)))
		seen := map[*collector.Target]bool{}
		for _, address := range spellings(port) {
			target, err := e.AdHoc(t.Context(), address, "lab")
			if err != nil {
				t.Fatal(err)
			}
			seen[target] = true
			target.Scrape(within(t, 10*time.Second), nil)
		}
		if got := device.Offered.Load(); got != want || device.Connections() > 1 || len(seen) != 1 {
			t.Errorf("password %q: %d logins, %d sessions, %d targets, want one of each", password, got, device.Connections(), len(seen))
		}
	}
}

// TestNameOutsideAllowedTargets looks up a host name before a target is made of it.
func TestNameOutsideAllowedTargets(t *testing.T) {
	c := load(t, accounts("wrong", "", nil))
	c.Auths["lab"].AllowedTargets = []string{"192.0.2.0/24"}
	if _, err := start(t, c).AdHoc(t.Context(), "localhost", "lab"); !errors.Is(err, collector.ErrNotAllowed) {
		t.Errorf("error %v, want ErrNotAllowed", err)
	}
}
