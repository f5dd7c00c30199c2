package command_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestSimulateWritesAConfigurationToReadThemWith(t *testing.T) {
	file := filepath.Join(t.TempDir(), "netconf.yml")
	simulate := &command.Simulate{Config: simulator.Config{Devices: 2, Interfaces: 1}, WriteConfig: file}
	r, stop := start(t, simulate)
	address := r.stdout.after(t, "sim-0002")
	r.stdout.after(t, "Ctrl-C") // the file is there
	for _, target := range []command.Device{{Target: "sim-0001"}, {Target: address, Auth: "simulated"}} {
		if err := run(t, &command.Probe{Device: target}, file).err; err != nil {
			t.Error(err)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := run(t, &command.Probe{Device: command.Device{Target: "sim-0001"}}, file).err; err == nil {
		t.Error("the devices are still there")
	}
}

func TestSimulateWritesToStdout(t *testing.T) {
	r, _ := start(t, &command.Simulate{WriteConfig: "-"})
	r.stderr.after(t, "Ctrl-C")
	file := filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(r.stdout.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if checked := run(t, command.Check{}, file); checked.err != nil {
		t.Errorf("%v:\n%s", checked.err, r.stdout)
	}
}

func TestSimulateWhereItCannot(t *testing.T) {
	wantError(t, run(t, &command.Simulate{WriteConfig: "/nonexistent/netconf.yml"}).err, "/nonexistent/netconf.yml", "--write-config")
	wantError(t, run(t, &command.Simulate{Config: simulator.Config{Listen: "nowhere"}}).err, "nowhere")
}

func TestDemo(t *testing.T) {
	r, stop := start(t, &command.Demo{ListenAddress: "127.0.0.1:0"})
	url := strings.TrimSuffix(r.stdout.after(t, "Open "), "/")
	_, metrics := fetch(t, http.MethodGet, url+"/metrics")
	for _, target := range []string{"core-1", "access-1", "access-2"} {
		if !strings.Contains(metrics, `netconf_up{target="`+target+`"} 1`) {
			t.Errorf("%s is not up:\n%s", target, r.stderr)
		}
	}
	for _, module := range []string{"ietf-interfaces", "ietf-interfaces-nmda"} {
		if !strings.Contains(metrics, `{module="`+module+`",target=`) {
			t.Errorf("the demo does not show the module %s", module)
		}
	}
	for _, path := range []string{"/", "/probe?target=core-1&debug=true", "/config", "/probe?target=access-1"} {
		if status, body := fetch(t, http.MethodGet, url+path); status != http.StatusOK {
			t.Errorf("%s, which the demo names, gives %d: %s", path, status, body)
		}
	}
	if status, body := fetch(t, http.MethodPost, url+"/-/reload"); status != http.StatusOK {
		t.Errorf("a reload gives %d: %s", status, body)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
