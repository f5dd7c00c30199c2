package command_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestSimulateWritesAConfigurationToReadThemWith(t *testing.T) {
	for _, transport := range simulator.Transports() {
		t.Run(transport, func(t *testing.T) { testWrittenConfiguration(t, transport) })
	}
}

func testWrittenConfiguration(t *testing.T, transport string) {
	file := filepath.Join(t.TempDir(), "netconf.yml")
	simulate := &command.Simulate{Config: simulator.Config{Devices: 2, Interfaces: 1, Transport: transport}, WriteConfig: file}
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

// TestSimulateDevicesThatCall reads devices that call by the configuration that is written for them. Over TLS it knows them by their names in
// certificates of one authority.
func TestSimulateDevicesThatCall(t *testing.T) {
	for _, transport := range []string{simulator.TransportSSH, simulator.TransportTLS} {
		t.Run(transport, func(t *testing.T) {
			file, listen := filepath.Join(t.TempDir(), "netconf.yml"), netconftest.FreeAddress(t)
			r, _ := start(t, &command.Simulate{Config: simulator.Config{Devices: 2, Interfaces: 1, Transport: transport, CallHome: listen}, WriteConfig: file})
			r.stdout.after(t, "Ctrl-C") // the file is there
			for _, name := range []string{"sim-0001", "sim-0002"} {
				probed := run(t, &command.Probe{Device: command.Device{Target: name}}, file)
				if probed.err != nil || !strings.Contains(probed.stdout.String(), "netconf_up 1") {
					t.Errorf("%v\n%s", probed.err, probed.stdout)
				}
			}
		})
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

func TestSimulateANetworkWithFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "netconf.yml")
	r, _ := start(t, &command.Simulate{Scenario: "demo", Faults: []string{"core-1:psu:PSU 2", "core-2:login"}, WriteConfig: file})
	r.stdout.after(t, "Ctrl-C")
	probe := func(target string) result {
		return run(t, &command.Probe{Device: command.Device{Target: target}}, file)
	}
	if one := probe("core-1"); one.err != nil || !strings.Contains(one.stdout.String(), `netconf_hardware_oper_status{component="PSU 2"} 2`) {
		t.Errorf("%v\n%s", one.err, one.stdout)
	}
	if two := probe("core-2"); !strings.Contains(two.stdout.String(), `netconf_scrape_failure{reason="auth"} 1`) {
		t.Errorf("%v\n%s", two.err, two.stdout)
	}
}

func TestSimulateWhereItCannot(t *testing.T) {
	wantError(t, run(t, &command.Simulate{Faults: []string{"core-1:psu"}}).err, "--scenario")
	wantError(t, run(t, &command.Simulate{Scenario: "demo", Faults: []string{"core-1:fire"}}).err, "--fault", "fire")
	wantError(t, run(t, &command.Simulate{Scenario: "/nonexistent/scenario.yml"}).err, "/nonexistent/scenario.yml")
	wantError(t, run(t, &command.Simulate{WriteConfig: "/nonexistent/netconf.yml"}).err, "/nonexistent/netconf.yml", "--write-config")
	wantError(t, run(t, &command.Simulate{Config: simulator.Config{Listen: "nowhere"}}).err, "nowhere")
	wantError(t, run(t, &command.Simulate{Config: simulator.Config{Transport: simulator.TransportTLS}, WriteConfig: "-"}).err, "certificates", "name a file")
	wantError(t, run(t, &command.Simulate{Config: simulator.Config{Transport: simulator.TransportRESTCONF, CallHome: "127.0.0.1:4334"}}).err, "ssh and tls only")
}

func TestDemo(t *testing.T) {
	r, stop := start(t, &command.Demo{ListenAddress: "127.0.0.1:0", FaultsAddress: "127.0.0.1:0"})
	url := strings.TrimSuffix(r.stdout.after(t, "Open "), "/")
	faults := strings.TrimSuffix(r.stdout.after(t, "curl -X PUT "), "/faults/core-1:psu")
	spare := r.stdout.after(t, "spare-1 at ")
	_, metrics := fetch(t, http.MethodGet, url+"/metrics")
	for _, target := range []string{"core-1", "core-2", "access-1", "access-2", "access-3", "cpe-1"} {
		if !strings.Contains(metrics, `netconf_up{target="`+target+`"} 1`) {
			t.Errorf("%s is not up:\n%s", target, r.stderr)
		}
	}
	for _, module := range []string{"ietf-interfaces", "ietf-interfaces-nmda", "openconfig-interfaces", "ietf-hardware", "ietf-hardware-nmda", "openconfig-platform", "openconfig-bgp", "openconfig-lldp", "junos-interfaces", "junos-bgp"} {
		if !strings.Contains(metrics, `netconf_module_success{module="`+module+`",target=`) {
			t.Errorf("the demo does not show the module %s", module)
		}
	}
	// What the devices send is read in full.
	for _, bad := range regexp.MustCompile(`(?m)^netconf_module_(success\{.* 0|skipped_values\{.* [1-9].*)$`).FindAllString(metrics, -1) {
		t.Error(bad)
	}
	supply := `netconf_hardware_oper_status{component="PSU 1",target="core-1"}`
	if status, body := fetch(t, http.MethodPut, faults+"/faults/core-1:psu"); status != http.StatusNoContent {
		t.Errorf("setting a fault gives %d: %s", status, body)
	}
	if _, metrics := fetch(t, http.MethodGet, url+"/metrics"); !strings.Contains(metrics, supply+" 2") {
		t.Error("the fault does not show")
	}
	if status, body := fetch(t, http.MethodDelete, faults+"/faults/core-1:psu"); status != http.StatusNoContent {
		t.Errorf("clearing a fault gives %d: %s", status, body)
	}
	if _, metrics := fetch(t, http.MethodGet, url+"/metrics"); !strings.Contains(metrics, supply+" 1") {
		t.Error("the fault does not go")
	}
	if _, err := net.Dial("tcp", strings.TrimSuffix(spare, ",")); err != nil || strings.Contains(metrics, "spare-1") {
		t.Errorf("the device that is not configured: %v", err)
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
