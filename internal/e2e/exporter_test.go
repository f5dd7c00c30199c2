//go:build linux

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// exporter is a running netconf_exporter.
type exporter struct {
	*process
	url  string
	file string // its configuration
}

// startExporter writes the configuration to a file and serves it on a free port.
func startExporter(t testing.TB, config string, flags ...string) *exporter {
	t.Helper()
	file := writeConfig(t, config)
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	flags = append([]string{"--config.file=" + file, "--web.listen-address=" + address}, flags...)
	e := &exporter{process: start(t, exec.Command(binary(t), flags...)), url: "http://" + address, file: file}
	waitFor(t, "the exporter to listen", func() bool {
		if !e.running() {
			t.Fatalf("the exporter ended: %s", e.output.String())
		}
		response, err := http.Get(e.url + "/-/healthy")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	return e
}

// get returns the answer to a request; header is pairs of names and values.
func (e *exporter) get(path string, header ...string) (status int, body string) {
	e.t.Helper()
	return e.do(http.MethodGet, path, header...)
}

// reload asks for a reload over HTTP.
func (e *exporter) reload() (status int, body string) {
	e.t.Helper()
	return e.do(http.MethodPost, "/-/reload")
}

func (e *exporter) do(method, path string, header ...string) (status int, body string) {
	e.t.Helper()
	request, err := http.NewRequest(method, e.url+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		e.t.Fatalf("%s: %v", path, err)
	}
	return response.StatusCode, string(data)
}

// scrape sends a request as Prometheus does. It fails the test if no metrics arrive within the budget.
func (e *exporter) scrape(path string, budget time.Duration) samples {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(budget.Seconds()))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		e.t.Fatalf("scrape with a budget of %s: %v", budget, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		e.t.Fatalf("%s: status %d: %s", path, response.StatusCode, body)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		e.t.Fatalf("scrape with a budget of %s: %v", budget, err)
	}
	return parse(e.t, bytes.NewReader(body)) // not part of the budget: Prometheus has a faster parser
}

func (e *exporter) configure(config string) {
	e.t.Helper()
	if err := os.WriteFile(e.file, []byte(config), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// run runs the binary to its end.
func run(t testing.TB, arguments ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, err bytes.Buffer
	cmd := exec.CommandContext(ctx, binary(t), arguments...)
	cmd.Stdout, cmd.Stderr = &out, &err
	if failure := cmd.Run(); failure != nil && !errors.As(failure, new(*exec.ExitError)) {
		t.Fatal(failure)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

func writeConfig(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// config is a configuration with one device. Tests may give a wrong address or fingerprint.
func config(address, password, fingerprint string) string {
	return fmt.Sprintf(`auths:
  lab:
    username: %s
    password: %s
    host_key_fingerprints: [%q]
targets:
  - name: targethost
    address: %s
    auth: lab
`, deviceUser, password, fingerprint, address)
}

// config is a configuration with this device, its password and its host key.
func (d *device) config() string { return config(d.address, devicePassword, d.fingerprint) }
