package command_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

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

func TestGetOverRESTCONFSaysWhatItCannot(t *testing.T) {
	d := thermometerOverRESTCONF(t)
	file := write(t, fmt.Sprintf("auths: {web: {username: u, password: secret, tls_config: {ca_file: %q}}}\ntargets: [{name: t1, address: %q, auth: web, transport: restconf}]\n",
		d.CAFile(t), d.Address()))
	wantError(t, run(t, &command.Get{Device: command.Device{Target: "t1"}, What: "<get-thing/>"}, file).err, "has no namespace")
}
