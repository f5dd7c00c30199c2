package simulator_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestLogins(t *testing.T) {
	d := start(t, simulator.Config{LoginDelay: time.Millisecond}).Devices()[0]
	for _, method := range []ssh.AuthMethod{ssh.Password("netconf"), answer("netconf")} {
		conn, err := login(d, method)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	for _, method := range []ssh.AuthMethod{ssh.Password("wrong"), answer("wrong")} {
		if conn, err := login(d, method); err == nil {
			conn.Close()
			t.Error("wrong password accepted")
		}
	}
	d.RefuseLogins(true)
	if conn, err := login(d); err == nil {
		conn.Close()
		t.Error("login accepted while refusing")
	}
	d.RefuseLogins(false)
	dial(t, d)
	if d.Logins() != 3 || d.RefusedLogins() != 3 {
		t.Errorf("%d logins and %d refused, want 3 and 3", d.Logins(), d.RefusedLogins())
	}
}

// answer is keyboard-interactive with one prompt.
func answer(text string) ssh.AuthMethod {
	return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range answers {
			answers[i] = text
		}
		return answers, nil
	})
}

func TestSilentDevices(t *testing.T) {
	fleet := start(t, simulator.Config{Devices: 3, Silent: 1})
	dial(t, fleet.Devices()[1])
	conn, err := net.Dial("tcp", fleet.Devices()[2].Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "SSH-2.0-test\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := fleet.Close(); err != nil {
		t.Fatal(err)
	}
	if said, _ := io.ReadAll(conn); len(said) != 0 {
		t.Errorf("said %q", said)
	}
}

func TestDropSessions(t *testing.T) {
	d := start(t, simulator.Config{}).Devices()[0]
	first, second := dial(t, d, base11), dial(t, d, base11)
	first.rpc("<get/>")
	second.rpc("<get/>")
	if d.Sessions() != 2 {
		t.Errorf("%d sessions, want 2", d.Sessions())
	}
	d.DropSessions()
	if d.Sessions() != 0 {
		t.Errorf("%d sessions after the drop", d.Sessions())
	}
	if text, err := first.read(); err == nil {
		t.Errorf("session lives on: %q", text)
	}
	dial(t, d, base11).rpc("<get/>")
	if d.Logins() != 3 {
		t.Errorf("%d logins, want 3", d.Logins())
	}
}

func TestDownAndUpAgain(t *testing.T) {
	d := start(t, simulator.Config{}).Devices()[0]
	address := d.Address()
	dial(t, d)
	for range 3 {
		for range 2 { // once more makes no difference
			if err := d.SetDown(true); err != nil {
				t.Fatal(err)
			}
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Error("connected to a device that is down")
		}
		if d.Sessions() != 0 {
			t.Errorf("%d sessions while down", d.Sessions())
		}
		for range 2 {
			if err := d.SetDown(false); err != nil {
				t.Fatal(err)
			}
		}
		dial(t, d)
	}
	if d.Address() != address {
		t.Errorf("moved from %s to %s", address, d.Address())
	}
}

// A reply with a delay of hours must neither keep a device from going down nor outlive its client.
func TestDelayedReplyEndsWithItsSession(t *testing.T) {
	d := start(t, simulator.Config{ReplyDelay: time.Hour}).Devices()[0]
	dial(t, d).send("<rpc/>")
	d.DropSessions()
	c := dial(t, d)
	c.send("<rpc/>")
	c.ssh.Close()
	for d.Sessions() > 0 { // until the device has noticed
		runtime.Gosched()
	}
	d.SetReplyDelay(0)
	dial(t, d, base11).rpc("<get/>")
}

func TestConsecutivePorts(t *testing.T) {
	free := start(t, simulator.Config{Devices: 2})
	port := free.Devices()[0].Address()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	if fleet := start(t, simulator.Config{Listen: port}); fleet.Devices()[0].Address() != port {
		t.Errorf("listens on %s, want %s", fleet.Devices()[0].Address(), port)
	}
	if _, err := simulator.Start(simulator.Config{Listen: port}); err == nil || !strings.Contains(err.Error(), "sim-0001 cannot listen") {
		t.Errorf("taken port: %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	for want, config := range map[string]simulator.Config{
		`unknown form "xml"; use state or nmda`:    {Form: "xml"},
		"2 silent devices of 1; use 0 to 1":        {Silent: 2},
		"cannot be negative":                       {LoginDelay: -1},
		`listen address "localhost": `:             {Listen: "localhost"},
		`listen address "localhost:netconf-ssh": `: {Listen: "localhost:netconf-ssh"},
	} {
		fleet, err := simulator.Start(config)
		if err == nil {
			fleet.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", config, err, want)
		}
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	fleet, err := simulator.Start(simulator.Config{Devices: 5, Silent: 1, ReplyDelay: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range fleet.Devices()[:4] {
		c := dial(t, d)
		c.send("<rpc/>")
		defer c.ssh.Close()
	}
	conn, err := net.Dial("tcp", fleet.Devices()[4].Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := fleet.Close(); err != nil {
		t.Fatal(err)
	}
	for runtime.NumGoroutine() > before { // the clients' own end when they notice
		runtime.Gosched()
	}
}
