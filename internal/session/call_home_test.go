package session_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// callCenter is where the devices of a test call.
type callCenter struct {
	*testing.T
	*session.CallHome
	dialer  *session.Dialer
	address string
}

func startCallHome(t *testing.T) *callCenter {
	t.Helper()
	dialer := newDialer(t, 8)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dialer.CallHome().Serve(config.TransportSSH, listener)
	return &callCenter{t, dialer.CallHome(), dialer, listener.Addr().String()}
}

// client is that of a target that is known by the keys of a device.
func (c *callCenter) client(device *netconftest.Device, adjust ...func(*session.Options)) *session.Client {
	c.Helper()
	client := connect(c.T, "", append([]func(*session.Options){func(o *session.Options) {
		o.Target.CallHome, o.Target.HostKeyFingerprints = true, []string{ssh.FingerprintSHA256(device.Key)}
		o.Auth = &config.Auth{Username: netconftest.User, Password: netconftest.Password}
		o.Dialer = c.dialer
	}}, adjust...)...)
	client.AnswerCalls(func() {})
	return client
}

// call has a device call, and waits until one more call has a result.
func (c *callCenter) call(device *netconftest.Device, want session.CallResult) {
	c.Helper()
	before := c.results(want)
	if err := device.Call(c.address); err != nil {
		c.Fatal(err)
	}
	eventually(c.T, func() bool { return c.results(want) > before })
}

func (c *callCenter) results(of session.CallResult) uint64 { return c.Stats().Results[of] }

// connected has a device call until its client has a session.
func (c *callCenter) connected(device *netconftest.Device, client *session.Client) {
	c.Helper()
	eventually(c.T, func() bool {
		before := c.all()
		if err := device.Call(c.address); err != nil {
			c.Fatal(err)
		}
		for {
			if _, err := client.Connect(deadline(c.T), nil); err == nil {
				return true
			}
			if c.all() > before { // it was of no use: the device calls again
				return false
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// all is how many calls have had their result.
func (c *callCenter) all() (n uint64) {
	for _, results := range c.Stats().Results {
		n += results
	}
	return n
}

// TestCallHome has a device call: it is read over the connection that it opened, which is used again and again.
func TestCallHome(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device)
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonTimeout, "the device has not called yet", "firewalls")

	if err := device.Call(home.address); err != nil {
		t.Fatal(err)
	}
	<-client.Called()
	trace := session.NewTrace()
	if _, err := client.Connect(deadline(t), trace); err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(trace.Events()); !strings.Contains(text, "the device called from 127.0.0.1") || trace.Sum("auth") == 0 {
		t.Errorf("the timeline is %s", text)
	}
	for range 20 {
		if _, err := get(deadline(t), client); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { return home.results(session.CallTaken) == 1 })
	if logins, offered := device.Logins.Load(), device.Offered.Load(); logins != 1 || offered != 1 {
		t.Errorf("%d logins with %d passwords, want 1 with 1", logins, offered)
	}

	device.Drop()
	eventually(t, func() bool { return !client.Stats().Established })
	_, err = client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonTimeout, "the device has not called since "+time.Now().Format("2006-"), "that session ended: the device closed the session")
	home.connected(device, client)
}

// TestCallHomeTellsDevicesApart has two devices behind one address, and one that nobody knows.
func TestCallHomeTellsDevicesApart(t *testing.T) {
	home := startCallHome(t)
	var devices []*netconftest.Device
	var clients []*session.Client
	for i := range 2 {
		device := netconftest.Start(t, netconftest.ServeOK(strings.Replace(netconftest.Hello11, "<session-id>", fmt.Sprintf("<capability>urn:%d</capability><session-id>", i), 1)))
		devices, clients = append(devices, device), append(clients, home.client(device))
	}
	stranger := netconftest.Start(t, nil)
	for range 3 {
		home.call(stranger, session.CallUnknown)
	}
	for i := range devices {
		home.connected(devices[i], clients[i])
	}
	if n := stranger.Offered.Load(); n > 0 {
		t.Errorf("a device that nobody knows got %d passwords", n)
	}
	for i, device := range devices {
		if n := device.Logins.Load(); n != 1 {
			t.Errorf("device %d has %d logins, want 1", i, n)
		}
	}
	unknown := home.Unknown()
	if len(unknown) != 1 || unknown[0].Fingerprint != ssh.FingerprintSHA256(stranger.Key) || unknown[0].Calls != 3 || !strings.HasPrefix(unknown[0].Address, "127.0.0.1:") {
		t.Errorf("the unknown callers are %+v", unknown)
	}
	client := home.client(stranger)
	if unknown := home.Unknown(); len(unknown) > 0 {
		t.Errorf("a device that is a target now is still listed: %+v", unknown)
	}
	stranger.Change(func(d *netconftest.Device) { d.Script = netconftest.ServeOK(netconftest.Hello11) })
	home.connected(stranger, client)
}

// TestCallHomeUserNames has devices behind one address that want different users, and one with several keys of which one is known.
func TestCallHomeUserNames(t *testing.T) {
	home := startCallHome(t)
	users := []string{"ann", "ben", "cat"}
	for i, user := range users {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
			d.Config = &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, _ []byte) (*ssh.Permissions, error) {
				d.Offered.Add(1)
				if c.User() != user {
					return nil, netconftest.ErrWrong
				}
				return nil, nil
			}}
			known := netconftest.NewKey(t, "ecdsa")
			d.Config.AddHostKey(known)
			d.Key = known.PublicKey()
			if i > 0 {
				d.Config.AddHostKey(netconftest.NewKey(t, "ed25519"))
			}
		})
		client := home.client(device, func(o *session.Options) { o.Auth.Username = user })
		t.Cleanup(func() {
			if n := device.Offered.Load(); n != 1 {
				t.Errorf("%s got %d passwords, want 1", user, n)
			}
		})
		home.connected(device, client)
	}
}

// TestCallHomeReplacesADeadSession has devices call again: a session that answers stays, one that is dead is replaced.
func TestCallHomeReplacesADeadSession(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device)
	home.connected(device, client)
	for range 3 {
		home.call(device, session.CallDuplicate)
	}
	if n := device.Logins.Load(); n != 1 {
		t.Errorf("%d logins beside a session that is alive, want 1", n)
	}
	device.NoReplies.Store(true) // to keepalives
	before := client.Stats().Start
	if err := device.Call(home.address); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !client.Stats().Established })
	if _, err := get(deadline(t), client); err != nil || !client.Stats().Start.After(before) {
		t.Errorf("error %v on a session of %v, want one after %v", err, client.Stats().Start, before)
	}
	if n := device.Logins.Load(); n != 2 {
		t.Errorf("%d logins after the dead session was replaced, want 2", n)
	}
}

// TestCallHomeDuringTheFirstRPC has a device lose a session before it answers the first rpc, and call again: the rpc is sent again.
func TestCallHomeDuringTheFirstRPC(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		if p.Device.Logins.Load() > 1 {
			netconftest.ServeOK(netconftest.Hello11)(p)
			return
		}
		p.Greet(netconftest.Hello11)
		p.Request()
		p.Device.NoReplies.Store(true) // to keepalives
		if err := p.Device.Call(home.address); err != nil {
			t.Error(err)
		}
		p.Wait()
	})
	client := home.client(device)
	if err := device.Call(home.address); err != nil {
		t.Fatal(err)
	}
	<-client.Called()
	if _, err := get(deadline(t), client); err != nil || device.Logins.Load() != 2 {
		t.Errorf("%v after %d logins, want none after 2", err, device.Logins.Load())
	}
}

// TestCallHomeDoesNotLockAccounts has a device refuse the login and call on and on.
func TestCallHomeDoesNotLockAccounts(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device, func(o *session.Options) { o.Auth.Password = "wrong" })
	for range 20 {
		if err := device.Call(home.address); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			_, err := client.Connect(deadline(t), nil)
			return err != nil && !strings.Contains(err.Error(), "has not called")
		})
	}
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonBackoff, "has not called since", "login refused")
	if n := device.Offered.Load(); n != 1 {
		t.Errorf("the device got %d passwords, want 1", n)
	}
	if client.Stats().LoginRetry.IsZero() {
		t.Error("no login is held back")
	}
}

// TestCallHomeAllowedTargets holds that a target that was added is not logged in to outside the networks of its auth.
func TestCallHomeAllowedTargets(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device, func(o *session.Options) { o.RequireAllowed, o.Auth.AllowedTargets = true, []string{"192.0.2.0/24"} })
	home.call(device, session.CallNotTaken)
	_ = client.Close(t.Context())
	home.connected(device, home.client(device, func(o *session.Options) { o.RequireAllowed, o.Auth.AllowedTargets = true, []string{"127.0.0.0/8"} }))
}

// TestCallHomeListensElsewhere moves the listener: the session stays, and the old address is closed.
func TestCallHomeListensElsewhere(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device)
	home.connected(device, client)
	_, port, _ := net.SplitHostPort(home.address)
	for _, address := range []string{":" + port, "127.0.0.2:" + port, "127.0.0.2:" + port} { // the port is taken by the listener before
		if err := home.Listen(config.TransportSSH, address); err != nil {
			t.Fatal(err)
		}
	}
	taken := netconftest.Listen(t, func(net.Conn) {})
	if err := home.Listen(config.TransportSSH, taken); err == nil || !strings.Contains(err.Error(), "call_home: listen tcp "+taken) {
		t.Errorf("listening where another program does: %v", err)
	}
	if _, err := net.Dial("tcp", home.address); err == nil {
		t.Error("the old address is still open")
	}
	if _, err := get(deadline(t), client); err != nil || device.Logins.Load() != 1 {
		t.Errorf("the session is gone: %v, %d logins", err, device.Logins.Load())
	}
	device.Drop()
	eventually(t, func() bool { return !client.Stats().Established })
	home.address = "127.0.0.2:" + port
	home.connected(device, client)
	if err := home.Listen(config.TransportSSH, ""); err != nil {
		t.Fatal(err)
	}
	if err := device.Call(home.address); err == nil {
		t.Error("the address is still open")
	}
	if _, err := get(deadline(t), client); err != nil {
		t.Error(err)
	}
}

// TestCallHomeLinesBeforeSSH has a device say who it is before SSH begins, as Junos does (RFC 4253 section 4.2 allows it).
func TestCallHomeLinesBeforeSSH(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device)
	conn, err := net.Dial("tcp", home.address)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan bool)
	go func() {
		defer close(served)
		_, _ = conn.Write([]byte("MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: r1\r\n"))
		device.Serve(conn)
	}()
	<-client.Called()
	if _, err := get(deadline(t), client); err != nil {
		t.Error(err)
	}
	_ = client.Close(t.Context())
	<-served
}
