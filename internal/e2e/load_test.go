//go:build linux

package e2e

import (
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// startFleet starts simulated devices and an exporter for all of them with the given defaults, as YAML.
func startFleet(t *testing.T, fleet simulator.Config, defaults string, flags ...string) ([]*simulator.Device, *exporter) {
	t.Helper()
	if testing.Short() {
		t.Skip("many devices take long")
	}
	f, err := simulator.Start(fleet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	yaml, err := f.ConfigYAML("simulated")
	if err != nil {
		t.Fatal(err)
	}
	return f.Devices(), startExporter(t, string(yaml)+"defaults: {"+defaults+"}\n", flags...)
}

func TestSilentDevicesCostTheOthersNothing(t *testing.T) {
	const all, silent, interfaces = 200, 20, 50
	devices, e := startFleet(t, simulator.Config{Devices: all, Silent: silent, Interfaces: interfaces}, "")
	for range 2 { // the first opens the sessions, the second uses them
		scrape := e.scrape("/metrics", enough) // fails if the answer takes longer than the budget
		for i, d := range devices {
			target := "target=" + d.Name
			if i >= all-silent {
				scrape.want(0, "netconf_up", target)
				continue
			}
			scrape.want(1, "netconf_up", target)
			if got := len(scrape.values("netconf_interface_oper_status", target)); got != interfaces {
				t.Errorf("%s has %d interfaces, want %d", d.Name, got, interfaces)
			}
		}
	}
}

func TestAColdStartWithAThousandDevicesLogsInToEachOnce(t *testing.T) {
	const all = 1000
	devices, e := startFleet(t, simulator.Config{Devices: all, Interfaces: 5, LoginDelay: 120 * time.Millisecond}, "")
	e.scrape("/metrics", enough)
	scrape := e.scrape("/metrics", enough)
	if up := sum(scrape.values("netconf_up")); up != all {
		t.Errorf("%v devices are up at the second scrape, want all %d", up, all)
	}
	if queued := sum(scrape.values("netconf_scrape_failure", "reason=queue")); queued != 0 {
		t.Errorf("%v devices are down for queueing alone", queued)
	}
	for _, d := range devices {
		if d.Logins() != 1 {
			t.Errorf("%s saw %d logins, want 1", d.Name, d.Logins())
		}
	}
}
