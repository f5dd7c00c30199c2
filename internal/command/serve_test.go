package command_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/crypto/bcrypt"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// serveAt is the exporter with the flags' defaults.
func serveAt(address string) *command.Serve {
	return &command.Serve{
		Web:           &toolkit.FlagConfig{WebListenAddresses: &[]string{address}, WebSystemdSocket: new(bool), WebConfigFile: new(string)},
		TelemetryPath: "/metrics", TimeoutOffset: 0.5, Targets: true,
	}
}

// fetch returns the answer to a request.
func fetch(t *testing.T, method, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestServe(t *testing.T) {
	devices, file := fleet(t, simulator.Config{Devices: 2, Interfaces: 1})
	r, stop := start(t, serveAt("127.0.0.1:0"), file)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)

	want := func(wants ...string) {
		t.Helper()
		status, body := fetch(t, http.MethodGet, url+"/metrics")
		for _, want := range wants {
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("/metrics gives %d without %q", status, want)
			}
		}
	}
	const reloaded = "\nnetconf_exporter_config_last_reload_successful "
	want(`netconf_up{target="sim-0001"} 1`, `netconf_up{target="sim-0002"} 1`, reloaded+"1\n")

	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(string(good) + "colour: red\n")
	if status, body := fetch(t, http.MethodPost, url+"/-/reload"); status == http.StatusOK || !strings.Contains(body, "colour") {
		t.Errorf("the reload of a bad file gives %d %q", status, body)
	}
	want(`netconf_up{target="sim-0001"} 1`, reloaded+"0\n")
	if n := strings.Count(r.stderr.String(), "the old one stays"); n != 1 {
		t.Errorf("the bad file is logged %d times:\n%s", n, r.stderr)
	}

	rewrite(strings.ReplaceAll(string(good), "sim-0002", "renamed"))
	if status, body := fetch(t, http.MethodPost, url+"/-/reload"); status != http.StatusOK {
		t.Errorf("the reload of a good file gives %d %q", status, body)
	}
	want(`netconf_up{target="sim-0001"} 1`, `netconf_up{target="renamed"} 1`, reloaded+"1\n")
	if n := devices[0].Logins(); n != 1 {
		t.Errorf("%d logins on the target that was not changed, want 1", n)
	}

	if err := stop(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	for _, device := range devices {
		for deadline := time.Now().Add(10 * time.Second); device.Sessions() != 0 && time.Now().Before(deadline); { // the device takes a moment to see its end
			time.Sleep(10 * time.Millisecond)
		}
		if n := device.Sessions(); n != 0 {
			t.Errorf("%d sessions of %s are left open", n, device.Name)
		}
	}
	for line := range strings.Lines(r.stderr.String()) {
		if !strings.HasPrefix(line, "ts=") || !strings.Contains(line, " caller=") {
			t.Errorf("a log line without time or caller: %s", line)
		}
	}
}

func TestServeWithoutTargets(t *testing.T) {
	devices, file := fleet(t, simulator.Config{})
	serve := serveAt("127.0.0.1:0")
	serve.Targets, serve.TelemetryPath = false, "/own"
	r, _ := start(t, serve, file)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	if _, body := fetch(t, http.MethodGet, url+"/own"); !strings.Contains(body, "netconf_exporter_build_info") || strings.Contains(body, "netconf_up") {
		t.Errorf("/own gives\n%s", body)
	}
	if _, body := fetch(t, http.MethodGet, url+"/probe?target="+devices[0].Name); !strings.Contains(body, "netconf_up 1") {
		t.Errorf("/probe gives\n%s", body)
	}
}

func TestServeOnAPortThatIsTaken(t *testing.T) {
	devices, file := fleet(t, simulator.Config{})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	wantError(t, run(t, serveAt(taken.Addr().String()), file).err, taken.Addr().String(), "in use", "--web.listen-address")
	if n := devices[0].Logins(); n != 0 {
		t.Errorf("%d logins by an exporter that could not start", n)
	}
}

func TestServeWithABadWebConfiguration(t *testing.T) {
	_, file := fleet(t, simulator.Config{})
	serve := serveAt("127.0.0.1:0")
	missing := file + ".web"
	serve.Web.WebConfigFile = &missing
	wantError(t, run(t, serve, file).err, missing, "--web.config.file")
}

// TestHealthChecksNeedNoPassword holds that --web.config.file protects all but the health checks.
func TestHealthChecksNeedNoPassword(t *testing.T) {
	_, file := fleet(t, simulator.Config{Interfaces: 1})
	hash, err := bcrypt.GenerateFromPassword([]byte("hunter2"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(config, []byte("basic_auth_users: {prometheus: "+string(hash)+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := serveAt("127.0.0.1:0")
	serve.Web.WebConfigFile = &config
	r, _ := start(t, serve, file)
	address := r.stderr.after(t, `msg="Listening on" address=`)
	for path, want := range map[string]int{"/-/healthy": 200, "/-/ready": 200, "/metrics": 401, "/": 401, "/-/healthy/../config": 401, "//-/healthy": 401, "/sd": 401} {
		if status, _ := fetch(t, http.MethodGet, "http://"+address+path); status != want {
			t.Errorf("%s without a password gives %d, want %d", path, status, want)
		}
	}
	if status, _ := fetch(t, http.MethodGet, "http://prometheus:hunter2@"+address+"/sd"); status != http.StatusOK {
		t.Errorf("/sd with the password gives %d", status)
	}
}

// TestTheSameAnswerEverywhere has the check, the reload and the log tell the same of mistakes, and of what may be one.
func TestTheSameAnswerEverywhere(t *testing.T) {
	_, file := fleet(t, simulator.Config{Interfaces: 1})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, stop := start(t, serveAt("127.0.0.1:0"), file)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	for name, c := range map[string]struct {
		more, want string
		bad        bool
	}{
		"a mistake": {"colour: red\n", `unknown key "colour"`, true},
		"a bad module": {"modules: {m: {namespaces: {a: 'urn:a'}, reads: [{get: ['//a:x']}], rows: [{path: /a:x, metrics: {netconf_inteface_info: x}}]}}\n",
			`path "//a:x": // is not possible`, true},
		"a metric near another": {"modules: {m: {namespaces: {a: 'urn:a'}, reads: [{get: ['/a:x']}], rows: [{path: /a:x, metrics: {netconf_inteface_info: x}}]}}\n",
			"metric netconf_inteface_info is not in the catalogue; did you mean netconf_interface_info", true},
		"rows that no read asks for": {"modules: {m: {namespaces: {a: 'urn:a'}, reads: [{get: ['/a:y']}], rows: [{path: /a:x, labels: {interface: x}, metrics: {netconf_interface_speed_bytes: x}}]}}\n",
			"no read asks for /a:x", false},
		"target files that are not there": {"target_files: [targets.d/*.yml]\n", "targets.d/*.yml matches no file", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, append(slices.Clone(good), c.more...), 0o600); err != nil {
				t.Fatal(err)
			}
			checked := run(t, command.Check{}, file)
			said := checked.stderr.String()
			if checked.err != nil {
				said = checked.err.Error()
			}
			if (checked.err != nil) != c.bad || !strings.Contains(said, c.want) {
				t.Errorf("--config.check: error %v, %q", checked.err, said)
			}
			status, body := fetch(t, http.MethodPost, url+"/-/reload")
			if (status != http.StatusOK) != c.bad || !strings.Contains(body, c.want) {
				t.Errorf("/-/reload: %d %q", status, body)
			}
			if !strings.Contains(strings.ReplaceAll(r.stderr.String(), `\"`, `"`), c.want) {
				t.Errorf("the log does not say %q:\n%s", c.want, r.stderr)
			}
		})
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckOfAWebConfiguration(t *testing.T) {
	_, file := fleet(t, simulator.Config{})
	web := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(web, []byte("tls_server_config: {cert_file: gone, key_file: gone}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, run(t, command.Check{WebConfigFile: web}, file).err, "web.yml", "is not valid", "gone")
}

// TestAutoReload changes the configuration and a file of targets twenty times, well and badly, and tells the exporter nothing.
func TestAutoReload(t *testing.T) {
	devices, file := fleet(t, simulator.Config{Devices: 2, Interfaces: 1})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "targets:")
	more := filepath.Join(filepath.Dir(file), "more.d", "targets.yml")
	if err := os.Mkdir(filepath.Dir(more), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(file, text string) { // as a whole: the exporter reads it meanwhile
		t.Helper()
		if err := errors.Join(os.WriteFile(file+"~", []byte(text), 0o600), os.Rename(file+"~", file)); err != nil {
			t.Fatal(err)
		}
	}
	target := func(i int, name string) string {
		return fmt.Sprintf("- {name: %s, address: '%s', auth: simulated}\n", name, devices[i].Address())
	}
	write(more, target(0, "one-0"))
	write(file, head+"target_files: [more.d/*.yml]\n")
	serve := serveAt("127.0.0.1:0")
	serve.AutoReload = 10 * time.Millisecond
	r, stop := start(t, serve, file)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	eventually := func(path string, want func(body string) bool) {
		t.Helper()
		for range 1000 {
			if _, body := fetch(t, http.MethodGet, url+path); want(body) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%s never says what it should:\n%s", path, r.stderr)
	}
	for round := 1; round <= 20; round++ {
		name := fmt.Sprintf("one-%d", round)
		write(more, target(0, name))
		eventually("/sd", func(body string) bool { return strings.Contains(body, `"`+name+`"`) })
		write(file, head+"target_files: [more.d/*.yml]\ntargets:\n"+target(1, "two-"+name))
		eventually("/sd", func(body string) bool { return strings.Contains(body, `"two-`+name+`"`) })
	}
	write(file, "colour: red\n")
	const failed = "\nnetconf_exporter_config_last_reload_successful 0\n"
	eventually("/metrics", func(body string) bool { return strings.Contains(body, failed) })
	time.Sleep(100 * time.Millisecond)
	if n := strings.Count(r.stderr.String(), "the old one stays"); n != 1 {
		t.Errorf("the bad file is tried %d times", n)
	}
	write(file, head+"target_files: [more.d/*.yml]\n")
	eventually("/metrics", func(body string) bool {
		return !strings.Contains(body, failed) && strings.Contains(body, `target="one-20"`)
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// Clients that take their answers slowly must not fill what is beside the memory of the devices.
func TestServeHasFewRequestsAtATimeWithLittleMemory(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	file := filepath.Join(t.TempDir(), "netconf.yml")
	text := "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\n" +
		"targets: [{name: silent, address: \"" + silent.Addr().String() + "\", auth: lab, timeout: 5m}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveAt("127.0.0.1:0")
	s.MaxScrapes, s.MemoryLimit = 2000, "1MiB"
	r, stop := start(t, s, file)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	const many, most = 70, 64
	statuses := make(chan int, many)
	for range many {
		go func() {
			if response, err := http.Get(url + "/probe?target=silent"); err == nil {
				_ = response.Body.Close()
				statuses <- response.StatusCode
			}
		}()
	}
	for range many - most { // the others wait for the device
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", status)
		}
	}
	_ = stop()
}
