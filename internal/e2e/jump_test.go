//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// TestJumpHosts reads netconfd through OpenSSH as a jump host: one, two in a chain, one that dies, and one that forbids it.
func TestJumpHosts(t *testing.T) {
	netconfd, outer, inner := startDevice(t), startSSHD(t, false), startSSHD(t, false)
	jump := func(name string, d *device, more string) string {
		return fmt.Sprintf("  %s: {address: %s, auth: %s%s}\n", name, d.address, name, more)
	}
	auth := func(name string, d *device) string {
		return fmt.Sprintf("  %s: {username: %s, password: %s, host_key_fingerprints: [%s]}\n", name, deviceUser, devicePassword, d.fingerprint)
	}
	file := "auths:\n" + auth("lab", netconfd) + auth("outer", outer) + auth("inner", inner) +
		"jump_hosts:\n" + jump("outer", outer, "") + jump("inner", inner, ", proxy_jump: outer") +
		fmt.Sprintf("defaults: {proxy_jump: inner}\ntargets:\n- {name: chained, address: %s, auth: lab}\n- {name: single, address: %s, auth: lab, proxy_jump: outer}\n",
			netconfd.address, netconfd.address)
	e := startExporter(t, file)
	up := func() bool {
		got := e.scrape("/metrics", 15*time.Second)
		return sum(got.values("netconf_up")) == 2 && len(got.values("netconf_interface_oper_status", "interface=lo")) == 2
	}
	waitFor(t, "both targets to be up", up)
	for range 5 {
		if !up() {
			t.Error("a target is not up")
		}
	}
	if a, b, c := outer.logins(), inner.logins(), netconfd.logins(); a != 1 || b != 1 || c != 2 {
		t.Errorf("%d logins at the outer jump host, %d at the inner one, %d at the device; want 1, 1, 2", a, b, c)
	}

	killSessions(t, inner)
	waitFor(t, "both targets to be up again", up)
	if n := netconfd.refusals() + outer.refusals() + inner.refusals(); n > 0 {
		t.Errorf("%d logins were refused", n)
	}

	config, err := os.ReadFile(outer.path("sshd_config"))
	if err != nil {
		t.Fatal(err)
	}
	outer.write("sshd_config", string(config)+"PermitOpen "+inner.address+"\n", 0o644)
	_ = outer.sshd.cmd.Process.Signal(syscall.SIGHUP) // it reads its configuration anew
	killSessions(t, outer)
	waitFor(t, "the probe to say that the jump host forbids the device", func() bool { // sshd listens again after a moment
		_, body := e.get("/probe?target=single&debug=true")
		return strings.Contains(body, "jump host outer does not allow to connect to "+netconfd.address)
	})
	if reasons := e.scrape("/metrics", 15*time.Second).failures("target=single"); !slices.Equal(reasons, []string{"jump"}) {
		t.Errorf("the reasons are %v, want jump", reasons)
	}
}

// killSessions ends the processes of sshd that serve sessions.
func killSessions(t *testing.T, d *device) {
	t.Helper()
	_ = exec.Command("pkill", "-P", fmt.Sprint(d.sshd.cmd.Process.Pid)).Run() // it fails where there are none
}

// TestThousandBehindOneJump has 1,000 devices behind one jump host: one login to it, no gap, and all are back within two scrapes after
// it was restarted, without a refused login.
func TestThousandBehindOneJump(t *testing.T) {
	const devices = 1000
	jump := netconftest.StartJump(t)
	text := strings.Replace(startSimulated(t, devices, 2).config, "auths:\n", fmt.Sprintf("auths:\n    jump: {username: %s, password: %s, host_key_fingerprints: [%s]}\n",
		netconftest.User, netconftest.Password, ssh.FingerprintSHA256(jump.Key)), 1)
	text += fmt.Sprintf("jump_hosts:\n  bastion: {address: %s, auth: jump}\ndefaults: {proxy_jump: bastion}\n", jump.Address)
	e := startExporter(t, text)
	up := func() int { return int(sum(e.scrape("/metrics", 30*time.Second).values("netconf_up"))) }
	waitFor(t, "all devices to be up", func() bool { return up() == devices })
	for range 5 {
		if n := up(); n != devices {
			t.Errorf("%d devices are up, want %d", n, devices)
		}
	}
	if n := jump.Offered.Load(); n != 1 {
		t.Errorf("%d logins to the jump host, want 1", n)
	}
	for range 2 {
		jump.Down()
		up()
		if err := jump.Up(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // an interval
		up()
		time.Sleep(2 * time.Second)
		if n := up(); n != devices {
			t.Errorf("%d devices are up two scrapes after the restart, want %d", n, devices)
		}
	}
	if n := jump.Offered.Load(); n != 3 {
		t.Errorf("%d logins to the jump host after two restarts, want 3", n)
	}
	if refused := sum(e.scrape("/metrics", 30*time.Second).values("netconf_session_dials_total", "result=auth")); refused > 0 {
		t.Errorf("%v logins were refused", refused)
	}
}
