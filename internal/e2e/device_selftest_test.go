//go:build linux

package e2e

import (
	"strings"
	"testing"
)

// The other tests need the device; this one tests the device itself.
func TestTheReferenceDeviceAnswersYangcliAndSurvivesARestart(t *testing.T) {
	d := startDevice(t)
	for range 2 {
		if reply := d.yangcli("sget /interfaces-state"); !strings.Contains(reply, "<name>lo</name>") {
			t.Fatalf("no loopback interface in the reply:\n%s", reply)
		}
		d.restartNetconfd()
	}
	if d.logins() < 2 || d.refusals() != 0 {
		t.Errorf("sshd counts %d logins and %d refusals, want at least 2 and none", d.logins(), d.refusals())
	}
}
