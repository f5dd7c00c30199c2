//go:build linux

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// wrongFingerprint is well formed and no one's.
const wrongFingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestAFailureIsNamedOnTheTargetAndCostsNoOtherOne(t *testing.T) {
	d := startDevice(t)
	plain := startSSHD(t, false)
	failures := []struct {
		name, config, reason string
		logins               int // that the device lets in for the wrong target
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
			// The password went to the good target alone.
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

func TestSecretsComeOutNowhere(t *testing.T) {
	d := startDevice(t)
	const secret = "s3cr3t-of-the-wrong-kind"
	text := withGoodTarget(config(d.address, secret, d.fingerprint), d)
	e := startExporter(t, text, "--log.level=debug")
	outputs := map[string]string{}
	for _, path := range []string{"/metrics", "/", "/config", "/sd", "/probe?target=good&debug=true", "/probe?target=targethost&debug=true"} {
		_, outputs[path] = e.get(path)
	}
	e.configure(text + "surprise: true\n")
	_, outputs["/-/reload"] = e.reload()
	outputs["--config.check"] = combined(run(t, "--config.check", "--config.file="+e.file))
	e.configure(text)
	for _, target := range []string{"good", "targethost"} {
		for _, command := range []string{"probe", "get", "discover"} {
			outputs[command+" "+target] = combined(run(t, command, target, "--config.file="+e.file, "--log.level=debug"))
		}
	}
	outputs["the log"] = e.output.String()
	for what, output := range outputs {
		if output == "" {
			t.Errorf("%s is empty", what)
		}
		for _, hidden := range []string{secret, devicePassword} {
			if strings.Contains(output, hidden) {
				t.Errorf("%s shows a password:\n%s", what, output)
			}
		}
	}
	if !strings.Contains(outputs["/config"], "<secret>") {
		t.Errorf("/config does not show secrets as <secret>:\n%s", outputs["/config"])
	}
}

// withGoodTarget adds the device, rightly configured, as the target "good".
func withGoodTarget(config string, d *device) string {
	good := strings.NewReplacer("auths:\n", "", "lab:", "good-lab:").Replace(d.config())
	auth, _, _ := strings.Cut(good, "targets:\n")
	return strings.Replace(config, "auths:\n", "auths:\n"+auth, 1) +
		fmt.Sprintf("  - {name: good, address: %q, auth: good-lab}\n", d.address)
}

func combined(stdout, stderr string, _ int) string { return stdout + stderr }
