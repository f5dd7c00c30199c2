//go:build linux

package e2e

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestConfigCheckSaysWhereAndWhat(t *testing.T) {
	good := config("127.0.0.1:9", devicePassword, wrongFingerprint)
	for name, c := range map[string]struct{ config, says string }{
		"good":           {good, ""},
		"an unknown key": {good + "    colour: red\n", `netconf\.yml:10: .*colour`},
		"a missing auth": {strings.Replace(good, "auth: lab", "auth: laboratory", 1), `netconf\.yml:9: .*laboratory`},
		"no host key":    {strings.Replace(good, "    host_key", "    # host_key", 1), `netconf\.yml:\d+: .*host_key_fingerprints`},
		"not YAML":       {good + "\t]", `netconf\.yml:\d+: `},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr, status := run(t, "--config.check", "--config.file="+writeConfig(t, c.config))
			if wantStatus := map[bool]int{true: 0, false: 1}[c.says == ""]; status != wantStatus {
				t.Errorf("exit status %d, want %d", status, wantStatus)
			}
			if !regexp.MustCompile(c.says).MatchString(stderr) {
				t.Errorf("stderr is %q, want a line like %q", stderr, c.says)
			}
			if strings.Contains(stderr, "goroutine ") {
				t.Errorf("a stack trace:\n%s", stderr)
			}
		})
	}
	_, stderr, status := run(t, "--config.check", "--config.file=/nonexistent/netconf.yml")
	if status != 1 || !strings.Contains(stderr, "/nonexistent/netconf.yml") {
		t.Errorf("a missing file ends with %d and %q; want 1 and its name", status, stderr)
	}
}

func TestGetPrintsTheTreeThatYangcliPrints(t *testing.T) {
	d := startDevice(t)
	want := tree(t, d.yangcli("sget /interfaces-state"))
	stdout, stderr, status := run(t, "get", "targethost", "/ietf-interfaces:interfaces-state", "--config.file="+writeConfig(t, d.config()))
	if status != 0 {
		t.Fatalf("get ends with %d: %s", status, stderr)
	}
	got := tree(t, stdout)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("get prints\n%s\nyangcli prints\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// tree lists the elements from interfaces-state on, each with its depth, namespace and name, and with its text unless it is a number,
// because counters change.
func tree(t *testing.T, text string) (lines []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	var path []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local != "interfaces-state" && path == nil {
				continue // the envelope, if any
			}
			path = append(path, token.Name.Space+" "+token.Name.Local)
			lines = append(lines, strings.Repeat("  ", len(path))+path[len(path)-1])
		case xml.EndElement:
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		case xml.CharData:
			if value := strings.TrimSpace(string(token)); len(path) > 0 && value != "" && strings.Trim(value, "0123456789") != "" {
				lines[len(lines)-1] += " = " + value
			}
		}
	}
}

func TestProbePrintsMetricsAndATimeline(t *testing.T) {
	d := startDevice(t)
	stdout, stderr, status := run(t, "probe", "targethost", "--config.file="+writeConfig(t, d.config()))
	if status != 0 {
		t.Fatalf("probe ends with %d: %s", status, stderr)
	}
	scrape := parse(t, strings.NewReader(stdout))
	scrape.want(1, "netconf_up")
	scrape.value("netconf_interface_receive_bytes_total", "interface=lo")
	for _, phase := range []string{"tcp", "ssh", "auth", "hello", "rpc"} {
		if !strings.Contains(stderr, phase) {
			t.Errorf("the timeline on stderr does not name the phase %s:\n%s", phase, stderr)
		}
	}
}

func TestDiscoverNamesModelsAndModules(t *testing.T) {
	d := startDevice(t)
	stdout, stderr, status := run(t, "discover", "targethost", "--all", "--config.file="+writeConfig(t, d.config()))
	if status != 0 {
		t.Fatalf("discover ends with %d: %s", status, stderr)
	}
	for _, word := range []string{"ietf-interfaces", "2014-05-08", "ietf-system", "ietf-interfaces-nmda"} {
		if !strings.Contains(stdout, word) {
			t.Errorf("discover does not name %s:\n%s", word, stdout)
		}
	}
}

func TestTheLineOfHostkeyWorksAsKnownHosts(t *testing.T) {
	need(t, "ssh-keyscan")
	d := startDevice(t)
	stdout, stderr, status := run(t, "hostkey", d.address)
	if status != 0 {
		t.Fatalf("hostkey ends with %d: %s", status, stderr)
	}
	if !strings.Contains(stdout+stderr, d.fingerprint) {
		t.Errorf("the fingerprint %s is not in\n%s%s", d.fingerprint, stdout, stderr)
	}
	if d.logins()+d.refusals() != 0 {
		t.Error("hostkey tried to log in")
	}

	line := regexp.MustCompile(`(?m)^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+$`).FindString(stdout)
	if scanned, err := exec.Command("ssh-keyscan", "-t", "ed25519", "-p", strings.TrimPrefix(d.address, "127.0.0.1:"), "127.0.0.1").Output(); err != nil ||
		line == "" || !strings.Contains(string(scanned), line) {
		t.Fatalf("hostkey prints\n%s\nssh-keyscan prints\n%s", stdout, scanned)
	}
	file := writeConfig(t, regexp.MustCompile(`host_key_fingerprints: .*`).ReplaceAllString(d.config(), "known_hosts_file: known_hosts"))
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "known_hosts"), []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := run(t, "probe", "targethost", "--config.file="+file); status != 0 {
		t.Errorf("with that line as known_hosts, probe ends with %d: %s", status, stderr)
	}
}

func TestCtrlCEndsTheExporterCleanly(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	e.scrape("/metrics", enough).want(1, "netconf_up")
	if status := e.stop(syscall.SIGINT); status != 0 {
		t.Errorf("exit status %d after Ctrl-C, want 0", status)
	}
	// netconfd always logs that the peer closed the session; its log of rpcs shows how.
	waitFor(t, "netconfd to be sent a close-session", func() bool {
		return strings.Contains(d.netconfd.output.String(), "agt_rpc: <close-session>")
	})
}

func TestVersionIsTold(t *testing.T) {
	stdout, stderr, status := run(t, "--version")
	if status != 0 || !strings.Contains(stdout+stderr, "netconf_exporter, version") {
		t.Errorf("--version ends with %d and prints %q", status, stdout+stderr)
	}
}
