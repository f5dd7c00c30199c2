package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// netconfExporter runs the program to its end.
func netconfExporter(t *testing.T, arguments ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), arguments, &out, &err)
	return out.String(), err.String(), status
}

// device starts one simulated device and writes the configuration for it.
func device(t *testing.T) (address, file string) {
	t.Helper()
	fleet, err := simulator.Start(simulator.Config{Interfaces: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	yaml, err := fleet.ConfigYAML("lab")
	if err != nil {
		t.Fatal(err)
	}
	return fleet.Devices()[0].Address(), write(t, string(yaml))
}

func write(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCommands(t *testing.T) {
	address, file := device(t)
	for name, c := range map[string]struct {
		arguments string
		stdout    string // patterns
		stderr    string
		status    int
	}{
		"probe":            {"probe sim-0001 --module=ietf-interfaces --config.file=FILE", `(?m)^netconf_up 1$`, ` rpc `, 0},
		"probe an address": {"--config.file=FILE probe --auth=lab " + address, `(?m)^netconf_up 1$`, ` rpc `, 0},
		"get":              {"get sim-0001 /ietf-interfaces:interfaces-state --config.file=FILE", `^<interfaces-state `, `^$`, 0},
		"get an operation": {"get sim-0001 <get-config><source><running/></source></get-config> --config.file=FILE", `^<interfaces `, `^$`, 0},
		"get everything":   {"get sim-0001 --config.file=FILE", `<interfaces-state `, `^$`, 0},
		"discover":         {"discover sim-0001 --all --config.file=FILE", `ietf-interfaces +interfaces +chosen`, `^$`, 0},
		"hash-password":    {"help hash-password", `basic_auth_users`, `^$`, 0},
		"hostkey":          {"hostkey " + address, `^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+\n(?s).*SHA256:`, `^$`, 0},
		"debug log":        {"probe sim-0001 --log.level=debug --log.format=json --config.file=FILE", `netconf_up 1`, `"level":"debug"`, 0},
		"check":            {"--config.check --config.file=FILE", `good: 1 target, 1 auth, \d+ modules\n$`, `^$`, 0},
		"check, in full":   {"serve --config.check --config.file=FILE", `good`, `^$`, 0},
		"no file":          {"--config.check --config.file=FILE.not", `^$`, `^\S+\.not: .*; .*\n$`, 1},
		"version":          {"--version", `^netconf_exporter, version`, `^$`, 0},
		"help":             {"--help", `(?s)probe.*get.*discover.*hostkey.*simulate.*demo`, `^$`, 0},
		"help of serve":    {"help serve", `(?s)--web\.listen-address=:10830.*--web\.config\.file.*--web\.telemetry-path.*--timeout-offset=0\.5.*--\[no-\]collector\.targets`, `^$`, 0},
		"bad offset":       {"--timeout-offset=-1 --config.file=FILE", `^$`, `^--timeout-offset=-1 would .*; use 0 or more seconds\n$`, 1},
		"no offset":        {"--timeout-offset=nan --config.file=FILE", `^$`, `^--timeout-offset=NaN would .*\n$`, 1},
		"unknown flag":     {"--colour", `^$`, `^unknown long flag '--colour'; .*--help\n$`, 1},
		"unknown command":  {"frobnicate", `^$`, `^unexpected frobnicate; .*--help\n$`, 1},
		"no target":        {"probe", `^$`, `^required argument 'target' .*--help\n$`, 1},
		"unknown target":   {"get router --config.file=FILE", `^$`, `^no target is called "router"; .*\n$`, 1},
		"refused":          {"get sim-0001 <edit-config/> --config.file=FILE", `^$`, `^operation <edit-config> is refused.*\n$`, 1},
		"bad framing":      {"simulate --framing=2", `^$`, `^enum value must be one of 1\.0,1\.1.*\n$`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, status := netconfExporter(t, strings.Fields(strings.ReplaceAll(c.arguments, "FILE", file))...)
			if status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			if !regexp.MustCompile(c.stdout).MatchString(stdout) {
				t.Errorf("stdout is not like %s:\n%s", c.stdout, stdout)
			}
			if !regexp.MustCompile(c.stderr).MatchString(stderr) {
				t.Errorf("stderr is not like %s:\n%s", c.stderr, stderr)
			}
		})
	}
}

func TestABadConfigurationIsToldLineByLine(t *testing.T) {
	file := write(t, `auths:
  lab: {username: u, password: hidden, insecure_ignore_host_key: true}
targets:
  - {name: a, address: 192.0.2.1, auth: lba}
  - {name: b, address: 192.0.2.2, auth: lab, modules: [nosuch]}
`)
	for _, arguments := range [][]string{{"--config.check"}, {"probe", "a"}, {}} {
		_, stderr, status := netconfExporter(t, append(arguments, "--config.file="+file)...)
		want := regexp.MustCompile(fmt.Sprintf(`^%[1]s:4: .*lba.*; .*\n%[1]s:5: .*nosuch.*; .*\n$`, regexp.QuoteMeta(file)))
		if status != 1 || !want.MatchString(stderr) {
			t.Errorf("%q ends with %d and says\n%s", arguments, status, stderr)
		}
		if strings.Contains(stderr, "hidden") {
			t.Errorf("the password is shown: %s", stderr)
		}
	}
}

func TestAModuleThatDoesNotCompileIsTold(t *testing.T) {
	file := write(t, `modules:
  mine:
    namespaces: {x: "urn:x"}
    reads: [{rpc: "<reboot/>"}]
    rows: [{path: /x:a, key: [n], labels: {interface: n}, metrics: {netconf_interface_info: n}}]
`)
	_, stderr, status := netconfExporter(t, "--config.check", "--config.file="+file)
	if want := regexp.MustCompile(`^\S+netconf\.yml:\d+: .*<reboot>.*\n$`); status != 1 || !want.MatchString(stderr) {
		t.Errorf("it ends with %d and says\n%s", status, stderr)
	}
}

func TestSomeoneWithoutAConfigurationIsToldHowToBegin(t *testing.T) {
	t.Chdir(t.TempDir())
	_, stderr, status := netconfExporter(t)
	if status != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "netconf_exporter demo") || !strings.Contains(stderr, "docs/") {
		t.Errorf("it ends with %d and says %q", status, stderr)
	}
}

func TestServeIsTheDefaultAndEndsCleanly(t *testing.T) {
	_, file := device(t)
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &stopping{when: "Listening on", stop: cancel}
	var stdout bytes.Buffer
	if status := run(ctx, []string{"--config.file=" + file, "--web.listen-address=127.0.0.1:0", "--no-collector.targets"}, &stdout, stderr); status != 0 {
		t.Errorf("it ends with %d", status)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout is for answers, not for %q", stdout.String())
	}
}

// stopping calls stop when a text is written to it.
type stopping struct {
	when string
	stop func()
}

func (s *stopping) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.when) {
		s.stop()
	}
	return len(p), nil
}
