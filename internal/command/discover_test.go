package command_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestDiscover(t *testing.T) {
	for form, wants := range map[string][]string{
		simulator.FormState: {
			`(?m)^NMDA +no$`,
			`(?m)^Modules of ours that are read: 1$`,
			`(?m)^Modules of ours that do not fit: [0-9]+$`,
			`(?m)^untested: the module follows`,
			`(?m)^ +ietf-interfaces +interfaces +chosen +the device announces urn:ietf:params:xml:ns:yang:ietf-interfaces$`,
			`(?m)^ +ietf-interfaces-nmda +interfaces +does not fit +.*2018-02-20 or later is needed$`,
			`(?m)^ +ietf-interfaces +2014-05-08 +ietf-interfaces$`,
			`(?s)Models left unread.*iana-if-type`,
			`(?s)Capabilities.*urn:ietf:params:netconf:base:1.1`,
		},
		simulator.FormNMDA: {
			`(?m)^NMDA +yes`,
			`(?m)^ +ietf-interfaces-nmda +interfaces +chosen`,
			`(?m)^Modules of ours that fit and are passed over: 2$`,
			`(?m)^ +ietf-interfaces +interfaces +fits +ietf-interfaces-nmda gives interfaces too, and comes first$`,
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

// TestDiscoverSaysWhatIsRefused holds that what a device announces and does not give is not shown as had.
func TestDiscoverSaysWhatIsRefused(t *testing.T) {
	const hello = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>
		<capability>urn:ietf:params:netconf:base:1.1</capability>
		<capability>urn:ietf:params:netconf:capability:yang-library:1.1?revision=2019-01-04&amp;content-id=1</capability>
		<capability>urn:ietf:params:xml:ns:yang:ietf-netconf-nmda?module=ietf-netconf-nmda</capability>
		<capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2018-02-20</capability>
		</capabilities><session-id>1</session-id></hello>`
	file := scripted(t, func(p *netconftest.Peer) {
		p.Greet(hello)
		p.Answer(func(rpc, id string) string {
			content := "<data/>"
			if strings.Contains(rpc, "get-data") {
				content = `<rpc-error><error-type>protocol</error-type><error-tag>operation-not-supported</error-tag><error-severity>error</error-severity></rpc-error>`
			}
			return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">` + content + `</rpc-reply>`
		})
	})
	r := run(t, &command.Discover{Device: command.Device{Target: "router"}}, file)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, want := range []string{"NMDA          announced, but the device refuses get-data", "YANG library  announced, but empty for this user"} {
		if !strings.Contains(r.stdout.String(), want) {
			t.Errorf("%q is not in\n%s", want, r.stdout)
		}
	}
}

// TestDiscoverIsBrief leaves out what does not fit, and tells of modules that are named.
func TestDiscoverIsBrief(t *testing.T) {
	_, file := fleet(t, simulator.Config{Interfaces: 1})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	named := strings.Replace(string(text), "auth: simulated", "auth: simulated\n      modules: [auto, openconfig-interfaces]", 1)
	if err := os.WriteFile(file, []byte(named), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, &command.Discover{Device: command.Device{Target: "sim-0001"}}, file)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, want := range []string{
		`(?m)^ +ietf-interfaces +interfaces +chosen`,
		`(?m)^ +openconfig-interfaces +interfaces +named, does not fit +the device does not announce http://openconfig.net/yang/interfaces$`,
		`(?m)^[0-9]+ other modules do not fit; --all lists them`,
	} {
		if !regexp.MustCompile(want).MatchString(r.stdout.String()) {
			t.Errorf("no line like %s in\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout.String(), "junos") || strings.Contains(r.stdout.String(), "Capabilities\n") {
		t.Errorf("what does not fit is listed:\n%s", r.stdout)
	}
}
