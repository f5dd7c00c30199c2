//go:build linux

package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// caller calls on behalf of a device: it opens a connection and hands it to a server there, again and again until the test ends.
type caller struct {
	device  *device
	address string
	tls     *tls.Config // nil: the server is sshd
	over    chan struct{}

	mu      sync.Mutex
	serving *exec.Cmd // nil: none
}

// callHome has a device call at an address, as soon as it has no session.
func (d *device) callHome(address string, over *tls.Config) *caller {
	d.t.Helper()
	// netconfd accepts sessions only if the server's end of the connection has its port.
	d.write("called", fmt.Sprintf("#!/bin/sh\nSSH_CONNECTION='127.0.0.1 1 127.0.0.1 %d' exec /usr/sbin/netconf-subsystem --ncxserver-sockname=%d@%s\n",
		d.port, d.port, d.path("ncx")), 0o755)
	config, err := os.ReadFile(d.path("sshd_config"))
	if err != nil {
		d.t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(config), "Subsystem ")
	d.write("call_config", before+"Subsystem netconf "+d.path("called")+"\n", 0o644)
	c := &caller{device: d, address: address, tls: over, over: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if conn, err := net.Dial("tcp", c.address); err == nil {
				c.serve(conn.(*net.TCPConn))
				_ = conn.Close()
			}
			select {
			case <-c.over:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	d.t.Cleanup(func() {
		close(c.over)
		c.hangUp()
		<-ended
	})
	return c
}

// serve serves one connection until the session has ended.
func (c *caller) serve(conn *net.TCPConn) {
	if c.tls != nil {
		c.serveTLS(conn)
		return
	}
	socket, err := conn.File()
	if err != nil {
		return
	}
	_ = conn.Close() // sshd has it
	path, _ := exec.LookPath("sshd")
	cmd := exec.Command(path, "-i", "-f", c.device.path("call_config"), "-E", c.device.path("sshd.log"))
	cmd.Stdin, cmd.Stdout = socket, socket
	c.run(cmd, func() { _ = socket.Close() })
}

// serveTLS speaks TLS and starts what sshd starts.
func (c *caller) serveTLS(conn net.Conn) {
	server := tls.Server(conn, c.tls)
	if server.Handshake() != nil {
		return
	}
	cmd := exec.Command(c.device.path("called"))
	cmd.Env = append(os.Environ(), "USER="+deviceUser)
	cmd.Stdout = server
	in, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	c.run(cmd, func() {
		go func() { // ends with the connection
			_, _ = io.Copy(in, server)
			_ = in.Close()
		}()
	})
}

// run runs a program until it ends. started is called once it has been started.
func (c *caller) run(cmd *exec.Cmd, started func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	c.mu.Lock()
	select {
	case <-c.over:
	default:
		if cmd.Start() == nil {
			c.serving = cmd
		}
	}
	serving := c.serving
	c.mu.Unlock()
	started()
	if serving == nil {
		return
	}
	_ = serving.Wait()
	c.mu.Lock()
	c.serving = nil
	c.mu.Unlock()
}

// hangUp ends the session.
func (c *caller) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serving != nil {
		_ = syscall.Kill(-c.serving.Process.Pid, syscall.SIGKILL)
	}
}

// TestCallHome has two devices, OpenSSH with netconfd behind it, call from one address: steadily read, over reloads, restarts of the exporter and
// of a device.
func TestCallHome(t *testing.T) {
	devices := []*device{startDevice(t), startDevice(t)}
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	text := fmt.Sprintf("auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true}}\ncall_home: {ssh_listen_address: %q}\ntargets:\n",
		deviceUser, devicePassword, listen)
	for i, d := range devices {
		text += fmt.Sprintf("- {name: branch%d, auth: lab, call_home: true, host_key_fingerprints: [%q]}\n", i, d.fingerprint)
	}
	e := startExporter(t, text)
	if got := e.scrape("/probe?target=branch0", 10*time.Second); len(got.failures("")) != 1 || got.failures("")[0] != "timeout" {
		t.Errorf("the reasons before a call are %v, want timeout", got.failures(""))
	}
	_, body := e.get("/probe?target=branch0&debug=true")
	if !strings.Contains(body, "the device has not called yet") {
		t.Errorf("a probe before a call says\n%s", body)
	}
	callers := []*caller{devices[0].callHome(listen, nil), devices[1].callHome(listen, nil)}
	up := func() bool {
		got := e.scrape("/metrics", 15*time.Second)
		return sum(got.values("netconf_up")) == 2 && len(got.values("netconf_interface_oper_status", "interface=lo")) == 2
	}
	logins := func(want int) {
		t.Helper()
		for i, d := range devices {
			if n, refused := d.logins(), d.refusals(); n != want || refused > 0 {
				t.Errorf("device %d has %d logins and %d refused ones, want %d and 0", i, n, refused, want)
			}
		}
	}
	steady := func() {
		t.Helper()
		waitFor(t, "both devices to be up", up)
		for range 20 {
			if !up() {
				t.Error("a device is not up")
			}
		}
	}
	steady()
	logins(1)

	e.configure(text + "  # and more\n")
	if status, body := e.reload(); status != 200 {
		t.Fatalf("the reload gives %d: %s", status, body)
	}
	steady()
	logins(1)

	if stdout, stderr, status := run(t, "--config.file="+e.file, "probe", "branch0"); status != 1 || !strings.Contains(stderr, "/probe?target=NAME") || stdout != "" {
		t.Errorf("a command beside the exporter ends with %d and says %q and %q", status, stdout, stderr)
	}

	callers[0].hangUp() // the device restarts
	devices[0].restartNetconfd()
	steady()
	if n := devices[1].logins(); n != 1 {
		t.Errorf("the other device has %d logins, want 1", n)
	}

	before := devices[1].logins()
	e.stop(syscall.SIGTERM)
	stdout, stderr, status := run(t, "--config.file="+e.file, "get", "branch1", "/ietf-interfaces:interfaces-state")
	if status != 0 || !strings.Contains(stdout, "<name>lo</name>") || !strings.Contains(stderr, "waiting at "+listen) {
		t.Errorf("get ends with %d and says %q and\n%s", status, stderr, stdout)
	}
	e = startExporter(t, text)
	steady()
	if n := devices[1].logins(); n != before+2 {
		t.Errorf("%d more logins with a command and a restart, want 2", n-before)
	}
	got := e.scrape("/metrics", 10*time.Second)
	if n := sum(got.values("netconf_exporter_call_home_calls_total", "result=taken")); n != 2 {
		t.Errorf("%v calls were taken since the restart, want 2", n)
	}
	if n := sum(got.values("netconf_session_dials_total", "result=ok")); n != 2 {
		t.Errorf("%v sessions were opened since the restart, want 2", n)
	}
}

// TestCallHomeTLS has a device call over TLS, with netconfd behind it: steadily read, over restarts of the exporter and of the device.
func TestCallHomeTLS(t *testing.T) {
	d, lab := startDevice(t), netconftest.NewTLSLab(t)
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	text := fmt.Sprintf("auths: {cert: {tls_config: {ca_file: %s, cert_file: %s, key_file: %s}}}\ncall_home: {tls_listen_address: %q}\n"+
		"targets: [{name: r1.example.net, auth: cert, transport: tls, call_home: true}]\n", lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem"), listen)
	e := startExporter(t, text)
	caller := d.callHome(listen, lab.Server(lab.Authority, labcert.Leaf{Subject: "r1", Names: []string{"r1.example.net"}}))
	up := func() bool {
		got := e.scrape("/metrics", 15*time.Second)
		return sum(got.values("netconf_up")) == 1 && len(got.values("netconf_interface_oper_status", "interface=lo")) == 1
	}
	steady := func() {
		t.Helper()
		waitFor(t, "the device to be up", up)
		for range 20 {
			if !up() {
				t.Error("the device is not up")
			}
		}
		if n := sum(e.scrape("/metrics", 15*time.Second).values("netconf_session_dials_total", "result=ok")); n > 2 {
			t.Errorf("%v sessions were opened", n)
		}
	}
	steady()
	caller.hangUp()
	d.restartNetconfd()
	steady()
	e.stop(syscall.SIGTERM)
	e = startExporter(t, text)
	steady()
}

// TestThousandCallers has 1,000 devices call from one address, all at once, also after the exporter was restarted, and one that nobody knows
// call on and on. No login is refused, and none is repeated.
func TestThousandCallers(t *testing.T) {
	const devices = 1000
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	fleet, err := simulator.Start(simulator.Config{Devices: devices, Interfaces: 2, CallHome: listen})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	stranger, err := simulator.Start(simulator.Config{CallHome: listen, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stranger.Close() })
	text, err := fleet.ConfigYAML("simulated")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		e := startExporter(t, string(text))
		began := time.Now()
		up := func() bool { return sum(e.scrape("/metrics", 30*time.Second).values("netconf_up")) == devices }
		for !up() {
			if time.Since(began) > 5*patience {
				t.Fatal("not all devices are up in time")
			}
		}
		t.Logf("all are up after %v", time.Since(began).Round(100*time.Millisecond))
		for range 5 {
			if !up() {
				t.Error("a device is not up")
			}
		}
		got := e.scrape("/metrics", 30*time.Second)
		if n := sum(got.values("netconf_session_dials_total")); n != devices {
			t.Errorf("%v logins, want %d", n, devices)
		}
		for _, result := range []string{"unknown", "limited", "failed", "retry", "duplicate"} {
			t.Logf("calls %s: %v", result, sum(got.values("netconf_exporter_call_home_calls_total", "result="+result)))
		}
		if n := sum(got.values("netconf_exporter_call_home_calls_total", "result=unknown")); n == 0 {
			t.Error("the device that nobody knows was not seen")
		}
		e.stop(syscall.SIGTERM)
	}
	for _, d := range fleet.Devices() {
		if d.Logins() != 2 || d.RefusedLogins() > 0 {
			t.Errorf("%s has %d logins and %d refused ones, want 2 and 0", d.Name, d.Logins(), d.RefusedLogins())
		}
	}
	if n := stranger.Devices()[0].Logins() + stranger.Devices()[0].RefusedLogins(); n > 0 {
		t.Errorf("the device that nobody knows got %d passwords", n)
	}
}
