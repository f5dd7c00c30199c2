//go:build linux

package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
)

// wrongFingerprint is valid, but no key has it.
const wrongFingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestAFailureIsNamedOnTheTargetAndCostsNoOtherOne(t *testing.T) {
	d := startDevice(t)
	plain := startSSHD(t, false)
	failures := []struct {
		name, config, reason string
		logins               int // that the device accepts for the wrong target
	}{
		{"wrong host key", config(d.address, devicePassword, wrongFingerprint), "host_key", 0},
		{"refused port", config(fmt.Sprintf("127.0.0.1:%d", freePort(t, 0)), devicePassword, d.fingerprint), "refused", 0},
		{"no such host", config("device.invalid", devicePassword, d.fingerprint), "dns", 0},
		{"no NETCONF subsystem", config(plain.address, devicePassword, plain.fingerprint), "no_netconf", 0},
	}
	for _, failure := range failures {
		t.Run(failure.name, func(t *testing.T) {
			before := d.logins() + d.refusals()
			e := startExporter(t, withGoodTarget(failure.config, d))
			scrape := e.scrape("/metrics", enough)
			scrape.want(0, "netconf_up", "target=targethost")
			if reasons := scrape.failures("target=targethost"); !slices.Equal(reasons, []string{failure.reason}) {
				t.Errorf("the reasons are %v, want %s alone", reasons, failure.reason)
			}
			if got := len(scrape.values("netconf_interface_info", "target=targethost")); got != 0 {
				t.Errorf("%d interfaces of a target that cannot be read", got)
			}
			scrape.want(1, "netconf_up", "target=good")
			scrape.value("netconf_interface_receive_bytes_total", "target=good", "interface=lo")
			// The password was sent to the good target only.
			if got := d.logins() + d.refusals() - before; got != 1 {
				t.Errorf("%d attempts to log in to the device, want 1", got)
			}
			// /probe answers the same, with status 200.
			e.scrape("/probe?target=targethost", enough).want(0, "netconf_up")

			_, stderr, status := run(t, "probe", "targethost", "--config.file="+e.file)
			if status != 1 || !strings.Contains(stderr, "targethost") {
				t.Errorf("probe ends with %d and says %q; want 1 and the target's name", status, stderr)
			}
		})
	}
}

func TestAWrongPasswordIsTriedOnceAndThenBackedOffFrom(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, config(d.address, "not-the-password", d.fingerprint))
	for i := range 3 {
		scrape := e.scrape("/metrics", enough)
		scrape.want(0, "netconf_up")
		reasons := scrape.failures()
		// Targets are dialled at the start, so that the first scrape may already find the back-off.
		if !slices.Equal(reasons, []string{"backoff"}) && (i > 0 || !slices.Equal(reasons, []string{"auth"})) {
			t.Errorf("scrape %d fails for %v, want auth once and then backoff", i+1, reasons)
		}
		scrape.want(1, "netconf_session_dials_total", "result=auth")
		if retry := scrape.value("netconf_login_retry_timestamp_seconds"); retry <= 0 {
			t.Errorf("netconf_login_retry_timestamp_seconds is %v while backing off", retry)
		}
	}
	if d.refusals() != 1 || d.logins() != 0 {
		t.Errorf("sshd counts %d refusals and %d logins, want 1 and 0", d.refusals(), d.logins())
	}
}

// TestSecretsComeOutNowhere gives the program right and wrong secrets of all kinds and searches all its output for them.
func TestSecretsComeOutNowhere(t *testing.T) {
	d := startDevice(t)
	const secret, inFile, inEnvironment, passphrase = "s3cr3t-of-the-wrong-kind", "s3cr3t-in-a-file", "s3cr3t-in-the-environment", "s3cr3t-phrase"
	t.Setenv("NETCONF_TEST_PASSWORD", inEnvironment)
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	armoured := string(pem.EncodeToMemory(block))
	text := withGoodTarget(config(d.address, secret, d.fingerprint), d)
	for name, how := range map[string]string{
		"file":        fmt.Sprintf("password_file: %q", write("password", inFile)),
		"environment": "password_env: NETCONF_TEST_PASSWORD",
		"key":         fmt.Sprintf("private_key_file: %q, private_key_passphrase_file: %q", write("key", armoured), write("phrase", passphrase)),
	} {
		auth := fmt.Sprintf("auths:\n  %s: {username: %s, %s, host_key_fingerprints: [%q]}\n", name, deviceUser, how, d.fingerprint)
		text = strings.Replace(text, "auths:\n", auth, 1) + fmt.Sprintf("  - {name: %s, address: %q, auth: %s}\n", name, d.address, name)
	}
	targets := []string{"good", "targethost", "file", "environment", "key"}

	e := startExporter(t, text, "--log.level=debug")
	outputs := map[string]string{"--version": combined(run(t, "--version")), "hostkey": combined(run(t, "hostkey", d.address))}
	paths := []string{"/metrics", "/", "/config", "/sd", "/debug/pprof/goroutine?debug=2", "/debug/pprof/cmdline", "/debug/pprof/heap?debug=1",
		"/probe?target=127.0.0.1&auth=lab", "/probe?target=no-such-target"}
	for _, target := range targets {
		paths = append(paths, "/probe?debug=true&target="+target)
	}
	for _, path := range paths {
		_, outputs[path] = e.get(path)
	}
	for what, broken := range map[string]string{ // mistakes next to secrets
		"an unknown key":             text + "surprise: true\n",
		"a secret as a list":         strings.Replace(text, "password: "+secret, "password: ["+secret+"]", 1),
		"a secret as a map":          strings.Replace(text, "password: "+secret, "password: {"+secret+": "+secret+"}", 1),
		"a misspelt key":             strings.Replace(text, "password: "+secret, "passwort: "+secret, 1),
		"a secret twice":             strings.Replace(text, "password: "+secret, "password: "+secret+"\n    password: "+secret, 1),
		"two kinds of secret":        strings.Replace(text, "password: "+secret, "password: "+secret+"\n    password_env: NETCONF_TEST_PASSWORD", 1),
		"a secret that is no YAML":   strings.Replace(text, "password: "+secret, "password: "+secret+": x", 1),
		"an alias":                   strings.Replace(text, "password: "+secret, "password: *"+secret, 1),
		"a tag":                      strings.Replace(text, "password: "+secret, "password: !!int "+secret, 1),
		"the wrong passphrase":       strings.Replace(text, filepath.Join(folder, "phrase"), filepath.Join(folder, "password"), 1),
		"a secret for its file":      strings.Replace(text, "password: "+secret, "password_file: "+secret, 1),
		"a secret with a slash":      strings.Replace(text, "password: "+secret, "password_file: /"+secret, 1),
		"a secret for its variable":  strings.Replace(text, "password: "+secret, "password_env: "+secret, 1),
		"a secret for a fingerprint": strings.Replace(text, fmt.Sprintf("%q", d.fingerprint), fmt.Sprintf("%q", secret), 1),
		"a key for its file":         strings.Replace(text, filepath.Join(folder, "key"), strings.ReplaceAll(armoured, "\n", "\\n"), 1),
		"a passphrase for its file":  strings.Replace(text, filepath.Join(folder, "phrase"), passphrase, 1),
		"a key for the passphrase":   strings.Replace(text, filepath.Join(folder, "phrase"), strings.ReplaceAll(armoured, "\n", "\\n"), 1),
		"a secret before an address": strings.Replace(text, fmt.Sprintf("address: %q", d.address), fmt.Sprintf("address: %q", deviceUser+":"+secret+"@"+d.address), 1),
		"a secret for a port":        strings.Replace(text, fmt.Sprintf("address: %q", d.address), "address: 127.0.0.1:"+secret, 1),
		"a secret after an address":  strings.Replace(text, fmt.Sprintf("address: %q", d.address), fmt.Sprintf("address: %q", d.address+"/"+secret), 1),
		"a file as another's key":    strings.Replace(text, "private_key_file: \""+filepath.Join(folder, "key"), "private_key_file: \""+filepath.Join(folder, "phrase"), 1),
	} {
		e.configure(broken)
		_, outputs["/-/reload of "+what] = e.reload()
		outputs["--config.check of "+what] = combined(run(t, "--config.check", "--config.file="+e.file))
	}
	e.configure(text)
	for _, target := range targets {
		for _, command := range []string{"probe", "get", "discover"} {
			outputs[command+" "+target] = combined(run(t, command, target, "--config.file="+e.file, "--log.level=debug"))
		}
	}
	e.stop(syscall.SIGQUIT) // which ends a Go program as a panic does
	outputs["the log and the stacks"] = e.output.String()
	lines := strings.Split(strings.TrimSpace(armoured), "\n")
	for what, output := range outputs {
		if output == "" {
			t.Errorf("%s is empty", what)
		}
		for _, hidden := range append(lines[1:len(lines)-1], secret, inFile, inEnvironment, passphrase, devicePassword) {
			if strings.Contains(output, hidden) {
				t.Errorf("%s shows the secret %q:\n%s", what, hidden, output)
			}
		}
	}
	if !strings.Contains(outputs["/config"], "<secret>") {
		t.Errorf("/config does not show secrets as <secret>:\n%s", outputs["/config"])
	}
	if !strings.Contains(outputs["the log and the stacks"], "\ngoroutine 1 ") {
		t.Error("there are no stacks after SIGQUIT")
	}
}

// withGoodTarget adds the device as the target "good", with a correct configuration.
func withGoodTarget(config string, d *device) string {
	good := strings.NewReplacer("auths:\n", "", "lab:", "good-lab:").Replace(d.config())
	auth, _, _ := strings.Cut(good, "targets:\n")
	return strings.Replace(config, "auths:\n", "auths:\n"+auth, 1) +
		fmt.Sprintf("  - {name: good, address: %q, auth: good-lab}\n", d.address)
}

func combined(stdout, stderr string, _ int) string { return stdout + stderr }
