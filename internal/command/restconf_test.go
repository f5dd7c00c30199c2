package command_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// thermometers is a device that gives its own YANG, at the address in its YANG library.
func thermometers(t *testing.T) (file string) {
	t.Helper()
	d := (&netconftest.RESTCONF{Username: "u", Password: "secret", Answers: map[string]string{
		"/restconf/data/ietf-yang-library:modules-state/module-set-id": `<module-set-id xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">1</module-set-id>`,
		"/restconf/data/ietf-yang-library:modules-state": `<modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"><module><name>thermometer</name><revision/>
			<schema>/yang/thermometer</schema><namespace>urn:thermometer</namespace><conformance-type>implement</conformance-type></module></modules-state>`,
		"/restconf/data/thermometer:now": `<now xmlns="urn:thermometer"><temperature>21500</temperature></now>`,
		"/yang/thermometer":              thermometer,
	}}).Start(t, nil)
	file = filepath.Join(t.TempDir(), "netconf.yml")
	text := fmt.Sprintf(`
auths: {web: {username: u, password: secret, tls_config: {ca_file: %q}}}
defaults: {transport: restconf}
targets: [{name: t1, address: "%s", auth: web}]
`, d.CAFile(t), d.Address())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCommandsOverRESTCONF(t *testing.T) {
	file := thermometers(t)
	device := command.Device{Target: "t1"}
	if r := run(t, &command.Get{Device: device, What: "/thermometer:now"}, file); r.err != nil || !strings.Contains(r.stdout.String(), "<temperature>21500</temperature>") {
		t.Errorf("get: %v\n%s", r.err, r.stdout)
	}
	if r := run(t, &command.Get{Device: device, What: "<get-thing/>"}, file); r.err == nil || !strings.Contains(r.err.Error(), "has no namespace") {
		t.Errorf("an operation without a namespace: %v", r.err)
	}
	generated := filepath.Join(t.TempDir(), "generated.yml")
	if r := run(t, &command.Generate{Device: device, Paths: []string{"/thermometer:now"}, Output: generated}, file); r.err != nil {
		t.Fatal(r.err)
	}
	if r := run(t, &command.Probe{Device: device, Modules: []string{"thermometer"}}, file, generated); r.err != nil || !strings.Contains(r.stdout.String(), "thermometer_now_temperature_celsius 21.5\n") {
		t.Errorf("probe: %v\n%s", r.err, r.stdout)
	}
}

func TestDiscoverOverRESTCONF(t *testing.T) {
	_, file := fleet(t, simulator.Config{Transport: simulator.TransportRESTCONF})
	r := run(t, &command.Discover{Device: command.Device{Target: "sim-0001"}}, file)
	if text := r.stdout.String(); r.err != nil || !strings.Contains(text, "ietf-interfaces") || !strings.Contains(text, "chosen") {
		t.Errorf("%v\n%s", r.err, text)
	}
	text := `modules: {commands: {namespaces: {if: "urn:ietf:params:xml:ns:yang:ietf-interfaces"}, requires: [if], reads: [{rpc: <get-thing/>, optional: true}], rows: [{path: /if:x, key: [a], labels: {interface: a}, metrics: {netconf_interface_oper_status: {leaf: b}}}]}}`
	more := filepath.Join(t.TempDir(), "commands.yml")
	if err := os.WriteFile(more, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, &command.Discover{Device: command.Device{Target: "sim-0001"}}, file, more); r.err != nil || !strings.Contains(r.stdout.String(), "<get-thing> is not read: the operation <get-thing> has no namespace") {
		t.Errorf("%v\n%s", r.err, r.stdout)
	}
}
