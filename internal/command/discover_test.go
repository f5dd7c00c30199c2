package command_test

import (
	"regexp"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestDiscover(t *testing.T) {
	for form, wants := range map[string][]string{
		simulator.FormState: {
			`(?m)^NMDA +no$`,
			`(?m)^ +ietf-interfaces +interfaces +chosen +the device announces urn:ietf:params:xml:ns:yang:ietf-interfaces$`,
			`(?m)^ +ietf-interfaces-nmda +interfaces +does not fit +.*2018-02-20 or later is needed$`,
			`(?m)^ +ietf-interfaces +2014-05-08 +ietf-interfaces$`,
			`(?s)Models left unread.*iana-if-type`,
			`(?s)Capabilities.*urn:ietf:params:netconf:base:1.1`,
		},
		simulator.FormNMDA: {
			`(?m)^NMDA +yes`,
			`(?m)^ +ietf-interfaces-nmda +interfaces +chosen`,
			`(?m)^ +ietf-interfaces +interfaces +fits`,
		},
	} {
		_, file := fleet(t, simulator.Config{Interfaces: 1, Form: form})
		r := run(t, &command.Discover{Device: command.Device{Target: "sim-0001"}, All: true}, file)
		if r.err != nil {
			t.Fatal(r.err)
		}
		for _, want := range wants {
			if !regexp.MustCompile(want).MatchString(r.stdout.String()) {
				t.Errorf("no line like %s in\n%s", want, r.stdout)
			}
		}
	}
}

func TestDiscoverOfADeviceThatIsDown(t *testing.T) {
	devices, file := fleet(t, simulator.Config{})
	if err := devices[0].SetDown(true); err != nil {
		t.Fatal(err)
	}
	wantError(t, run(t, &command.Discover{Device: command.Device{Target: "sim-0001"}}, file).err, "target sim-0001", "connection refused")
}
