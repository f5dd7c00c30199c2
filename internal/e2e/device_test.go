//go:build linux

package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Port and credentials of the reference device.
const (
	devicePort     = 56734
	deviceUser     = "handsonadmin"
	devicePassword = "handsonpassword"
)

// device is the reference device: netconfd with the ietf-interfaces module, which has this host's interfaces, behind its own
// sshd.
type device struct {
	t           testing.TB
	dir         string
	port        int
	address     string // host:port
	fingerprint string // SHA256:... of its host key
	sshd        *process
	netconfd    *process
}

// startDevice starts netconfd and its sshd for one test.
func startDevice(t testing.TB) *device {
	t.Helper()
	need(t, "netconfd")
	d := startSSHD(t, true)
	d.startNetconfd()
	return d
}

// startSSHD starts a device without netconfd. Without the subsystem it is a server that has no NETCONF.
func startSSHD(t testing.TB, subsystem bool) *device {
	t.Helper()
	need(t, "sshd", "useradd")
	if os.Geteuid() != 0 {
		missing(t, "the tests with a real device need root, to make the account "+deviceUser)
	}
	if err := account(); err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the account must be able to read it, and the path of a socket has at most 108 characters.
	dir, err := os.MkdirTemp("", "device-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, dir: dir, port: freePort(t, devicePort)}
	d.address = fmt.Sprintf("127.0.0.1:%d", d.port)
	d.fingerprint = writeHostKey(t, d.path("host_key"))
	lines := []string{
		"ListenAddress " + d.address,
		"HostKey " + d.path("host_key"),
		"AllowUsers " + deviceUser,
		"PasswordAuthentication yes",
		"KbdInteractiveAuthentication no",
		"PubkeyAuthentication no",
		"UsePAM no",
		"UseDNS no",
		"PidFile none",
		"LogLevel VERBOSE",
	}
	if subsystem {
		lines = append(lines, fmt.Sprintf("Subsystem netconf %q",
			fmt.Sprintf("/usr/sbin/netconf-subsystem --ncxserver-sockname=%d@%s", d.port, d.path("ncx"))))
	}
	d.write("sshd_config", strings.Join(lines, "\n")+"\n", 0o644)
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // the chroot of sshd's unprivileged process
		t.Fatal(err)
	}
	sshd, _ := exec.LookPath("sshd") // sshd executes itself for each connection, for which it needs its absolute path
	d.sshd = start(t, exec.Command(sshd, "-D", "-f", d.path("sshd_config"), "-E", d.path("sshd.log")))
	waitFor(t, "sshd to listen", func() bool {
		if !d.sshd.running() {
			t.Fatalf("sshd ended: %s", d.log())
		}
		return strings.Contains(d.log(), "Server listening on")
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of sshd:\n%s", d.log())
		}
	})
	return d
}

// startNetconfd starts netconfd and waits until it answers.
func (d *device) startNetconfd() {
	d.t.Helper()
	if err := os.MkdirAll(d.path("bin"), 0o755); err != nil {
		d.t.Fatal(err)
	}
	// The interfaces module runs this program to get addresses. It may print none.
	d.write("bin/get-interface-ipv4", "#!/bin/sh\n", 0o755)
	os.Remove(d.path("ncx")) // netconfd does not remove its socket and does not start if it exists
	cmd := exec.Command("netconfd", "--no-startup", "--superuser="+deviceUser, "--module=ietf-interfaces", "--log-level=debug",
		fmt.Sprintf("--port=%d", d.port), "--ncxserver-sockname="+d.path("ncx"))
	cmd.Env = append(os.Environ(), "PATH="+d.path("bin")+":"+os.Getenv("PATH"), "HOME="+d.dir)
	d.netconfd = start(d.t, cmd)
	d.t.Cleanup(func() { d.netconfd.stop(syscall.SIGKILL) }) // SIGTERM takes a second
	waitFor(d.t, "netconfd to listen", func() bool {
		if !d.netconfd.running() {
			d.t.Fatalf("netconfd ended: %s", d.netconfd.output.String())
		}
		conn, err := net.Dial("unix", d.path("ncx"))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// restartNetconfd ends netconfd, and with it all sessions, and starts it again.
func (d *device) restartNetconfd() {
	d.t.Helper()
	d.netconfd.stop(syscall.SIGKILL)
	d.startNetconfd()
}

// yangcli runs one command of yangcli on the device and returns the reply's XML. About one run in a hundred of yangcli
// 2.13 loops for ever after the login, so a run that takes long is repeated.
func (d *device) yangcli(command string) string {
	d.t.Helper()
	need(d.t, "yangcli")
	var out []byte
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), patience/4)
		cmd := exec.CommandContext(ctx, "yangcli", "--server=127.0.0.1", fmt.Sprintf("--ncport=%d", d.port), "--user="+deviceUser,
			"--password="+devicePassword, "--batch-mode", "--display-mode=xml", "--run-command="+command)
		cmd.Env = append(os.Environ(), "HOME="+d.dir)
		var err error
		out, err = cmd.CombinedOutput()
		cancel()
		if _, reply, found := strings.Cut(string(out), "<rpc-reply"); err == nil && found {
			return "<rpc-reply" + reply
		}
	}
	d.t.Fatalf("yangcli %s prints no reply:\n%s", command, out)
	return ""
}

// logins is the number of logins that sshd accepted, refusals of those that it refused.
func (d *device) logins() int   { return strings.Count(d.log(), "Accepted ") }
func (d *device) refusals() int { return strings.Count(d.log(), "Failed password ") }

func (d *device) log() string {
	log, _ := os.ReadFile(d.path("sshd.log"))
	return string(log)
}

func (d *device) path(name string) string { return filepath.Join(d.dir, name) }

func (d *device) write(name, text string, mode os.FileMode) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), []byte(text), mode); err != nil {
		d.t.Fatal(err)
	}
}

func writeHostKey(t testing.TB, path string) (fingerprint string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintSHA256(key)
}
