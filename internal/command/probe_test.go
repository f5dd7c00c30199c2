package command_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestProbe(t *testing.T) {
	devices, file := fleet(t, simulator.Config{Devices: 2, Interfaces: 3})
	for name, probe := range map[string]*command.Probe{
		"by name":             {Device: command.Device{Target: "sim-0001"}},
		"by name and auth":    {Device: command.Device{Target: "sim-0001", Auth: "simulated"}},
		"by address and auth": {Device: command.Device{Target: devices[0].Address(), Auth: "simulated"}},
		"with modules":        {Device: command.Device{Target: "sim-0001"}, Modules: []string{"auto,ietf-interfaces"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, probe, file)
			if r.err != nil {
				t.Fatal(r.err)
			}
			for _, want := range []string{"\nnetconf_up 1\n", `netconf_interface_oper_status{interface="ethernet1/1"} `} {
				if !strings.Contains(r.stdout.String(), want) {
					t.Errorf("stdout has no %q:\n%s", want, r.stdout)
				}
			}
			for _, phase := range []string{"tcp", "ssh", "auth", "hello", "rpc", "decode"} {
				if !strings.Contains(r.stderr.String(), "  "+phase+" ") {
					t.Errorf("the timeline has no %s:\n%s", phase, r.stderr)
				}
			}
		})
	}
	if n := devices[1].Logins(); n != 0 {
		t.Errorf("%d logins on the target that was not probed", n)
	}
	for range 3000 { // the device needs a moment to see that a session has ended
		if devices[0].Sessions() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d sessions are left open", devices[0].Sessions())
}

func TestProbeOfADeviceThatDoesNotAnswer(t *testing.T) {
	devices, file := fleet(t, simulator.Config{})
	if err := devices[0].SetDown(true); err != nil {
		t.Fatal(err)
	}
	r := run(t, &command.Probe{Device: command.Device{Target: "sim-0001"}}, file)
	wantError(t, r.err, "target sim-0001", "connection refused", "check address and port")
	if !strings.Contains(r.stdout.String(), "netconf_up 0\n") {
		t.Errorf("stdout does not say that the device is down:\n%s", r.stdout)
	}
}

func TestProbeOfWhatThereIsNot(t *testing.T) {
	_, file := fleet(t, simulator.Config{})
	for name, c := range map[string]struct {
		probe command.Probe
		words []string
	}{
		"a target":   {command.Probe{Device: command.Device{Target: "sim"}}, []string{`"sim"`, "configured: sim-0001", "--auth"}},
		"an auth":    {command.Probe{Device: command.Device{Target: "sim-0001", Auth: "lab"}}, []string{`auth "lab"`}},
		"an address": {command.Probe{Device: command.Device{Target: "http://x/", Auth: "simulated"}}, []string{"http://x/", "is not an address"}},
		"a module":   {command.Probe{Device: command.Device{Target: "sim-0001"}, Modules: []string{"x"}}, []string{`"x"`, "discover"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, run(t, &c.probe, file).err, c.words...)
		})
	}
}

// TestProbeExplain has a device whose replies have none of the leaves of one module, and a module that does not fit.
func TestProbeExplain(t *testing.T) {
	_, file := fleet(t, simulator.Config{Interfaces: 3})
	probe := &command.Probe{Device: command.Device{Target: "sim-0001"}, Modules: []string{"ietf-interfaces"}}
	if r := run(t, probe, file); strings.Contains(r.stderr.String(), "rows /") {
		t.Errorf("an explanation that nobody asked for:\n%s", r.stderr)
	}
	probe.Explain = true
	r := run(t, probe, file)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, want := range []string{
		"\nmodule ietf-interfaces\n  rows /if:interfaces-state/interface: 3 elements\n", "\n    leaves: ", "oper-status 3", "\n  samples: netconf_interface_",
	} {
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("stderr has no %q:\n%s", want, r.stderr)
		}
	}
}
