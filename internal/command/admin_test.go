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

// adminAt is an exporter to which devices can be added.
func adminAt(address, storage string) *command.Serve {
	s := serveAt(address)
	s.Admin.Enabled, s.Admin.StoragePath = true, storage
	return s
}

func TestServeRefusesToLetEverybodyAddDevices(t *testing.T) {
	_, file := fleet(t, simulator.Config{Devices: 1, Interfaces: 1})
	storage := filepath.Join(t.TempDir(), "data")
	wantError(t, run(t, adminAt(":0", storage), file).err, "would let everybody", "--web.listen-address=127.0.0.1:10830", "--web.config.file")
	if _, err := os.Stat(storage); err == nil {
		t.Error("the storage was made all the same")
	}
	open := adminAt(":0", storage)
	*open.Web.WebConfigFile = write(t, "tls_server_config: {cert_file: none, key_file: none}\n")
	if err := run(t, open, file).err; err == nil {
		t.Error("it starts")
	}
	other := adminAt("127.0.0.1:0", storage)
	other.Admin.ExternalURL = "exporter.example"
	wantError(t, run(t, other, file).err, "--web.external-url=exporter.example is not the address of a web page")
	taken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, run(t, adminAt("127.0.0.1:0", taken), file).err, "cannot be written", "--storage.path")
}

func TestServeOverARestart(t *testing.T) {
	devices, file := fleet(t, simulator.Config{Devices: 2, Interfaces: 1})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config := write(t, strings.Replace(string(text), "targets:", "admin: {allowed_targets: [127.0.0.0/8]}\ntargets:", 1))
	storage := filepath.Join(t.TempDir(), "data")
	r, stop := start(t, adminAt("127.0.0.1:0", storage), config)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	body := `{"name": "added", "address": "` + devices[1].Address() + `", "username": "netconf", "password": "netconf", "host_key_fingerprint": "` + devices[1].Fingerprint() + `"}`
	response, err := http.Post(url+"/api/v1/targets", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	task := response.Header.Get("Location")
	if _, told := fetch(t, http.MethodGet, url+task+"/events"); !strings.Contains(told, `"name":"live","state":"succeeded"`) { // until it has ended
		t.Fatalf("%s", told)
	}
	wantError(t, run(t, adminAt("127.0.0.1:0", storage), config).err, "is used by another netconf_exporter")
	if status, _ := fetch(t, http.MethodPost, url+"/-/reload"); status != http.StatusOK {
		t.Errorf("a reload: %d", status)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	probed := run(t, &command.Probe{Device: command.Device{Target: "added", StoragePath: storage}}, config)
	if probed.err != nil || !strings.Contains(probed.stdout.String(), "netconf_up 1") {
		t.Errorf("the command line does not know the target that was added: %v", probed.err)
	}
	wantError(t, run(t, &command.Probe{Device: command.Device{Target: "addd", StoragePath: storage}}, config).err, "did you mean added?", storage+" (--storage.path): sim-0001, sim-0002, added;")

	again := serveAt("127.0.0.1:0") // what was added is read on, though nothing can be added any more
	again.Admin.StoragePath = storage
	r, stop = start(t, again, config)
	url = "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	if _, metrics := fetch(t, http.MethodGet, url+"/metrics"); !strings.Contains(metrics, `netconf_up{target="added"} 1`) {
		t.Error("/metrics is without the target that was added")
	}
	if _, sd := fetch(t, http.MethodGet, url+"/sd"); !strings.Contains(sd, `"added"`) {
		t.Errorf("/sd is without the target that was added: %s", sd)
	}
	if status, _ := fetch(t, http.MethodGet, url+task); status != http.StatusForbidden {
		t.Errorf("tasks can be read: %d", status)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	r, stop = start(t, adminAt("127.0.0.1:0", storage), config)
	url = "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	if _, known := fetch(t, http.MethodGet, url+task); !strings.Contains(known, `"state":"succeeded"`) {
		t.Errorf("after the restart the task is %s", known)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
