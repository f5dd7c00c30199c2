package session_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestBackoff checks that a refused login is not tried again at once, unless the secret has changed.
func TestBackoff(t *testing.T) {
	secret := writeFile(t, "wrong\n")
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address, func(o *session.Options) { o.Auth.Password, o.Auth.PasswordFile = "", secret })
	began := time.Now()
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonAuth)
	retry := client.Stats().LoginRetry
	if wait := retry.Sub(began); wait < 5*time.Minute || wait > 7*time.Minute {
		t.Errorf("retry after %v, want 5 to 6 min", wait)
	}
	for range 3 {
		trace := session.NewTrace()
		_, err = client.Connect(deadline(t), trace)
		wantError(t, err, session.ReasonBackoff, "not tried again before "+retry.UTC().Format(time.RFC3339), "login refused", "password")
		if events := trace.Events(); len(events) != 1 || events[0].Phase != "auth" {
			t.Errorf("trace %+v", events)
		}
	}
	if n := device.Offered.Load(); n != 1 {
		t.Errorf("%d passwords sent, want 1", n)
	}
	if err := os.WriteFile(secret, []byte(netconftest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	if stats := client.Stats(); !stats.LoginRetry.IsZero() || stats.Dials["auth"] != 1 || stats.Dials["ok"] != 1 || stats.Dials["backoff"] != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// network starts devices that accept User with Password, and returns the dialer of an exporter that reads them.
func network(t *testing.T, n int, adjust ...func(*netconftest.Device)) ([]*netconftest.Device, *session.Dialer) {
	t.Helper()
	devices := make([]*netconftest.Device, n)
	for i := range devices {
		devices[i] = netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), adjust...)
	}
	return devices, session.NewDialer(64)
}

// offered is how many passwords reached the devices.
func offered(devices []*netconftest.Device) (n int) {
	for _, device := range devices {
		n += int(device.Offered.Load())
	}
	return n
}

// connectAll has a new client of each device log in, as after a reload that renames all targets, and returns how many did.
func connectAll(t *testing.T, devices []*netconftest.Device, dialer *session.Dialer, adjust func(*session.Options)) (in int) {
	t.Helper()
	results := make(chan error)
	for i, device := range devices {
		client := connect(t, device.Address, func(o *session.Options) {
			o.Dialer = dialer
			o.Target.Name = fmt.Sprint("router1-", i)
			adjust(o)
		})
		go func() {
			_, err := client.Connect(deadline(t), nil)
			results <- err
		}()
	}
	for range devices {
		switch err := <-results; session.ReasonOf(err) {
		case "":
			in++
		case session.ReasonAuth, session.ReasonBackoff, session.ReasonTimeout, session.ReasonQueue:
		default:
			t.Error(err)
		}
	}
	return in
}

// wantOffered checks that at most two passwords reached the devices.
func wantOffered(t *testing.T, devices []*netconftest.Device, want int) {
	t.Helper()
	if n := offered(devices); n != want {
		t.Errorf("%d passwords reached the devices, want %d", n, want)
	}
}

func wrongPassword(o *session.Options) { o.Auth.Password = "wrong" }

// TestWrongPasswordOfMany has 50 devices refuse one password, before and after a reload that renames them.
func TestWrongPasswordOfMany(t *testing.T) {
	devices, dialer := network(t, 50)
	for range 3 {
		connectAll(t, devices, dialer, wrongPassword)
	}
	wantOffered(t, devices, 2)
	untried := devices[slices.IndexFunc(devices, func(d *netconftest.Device) bool { return d.Offered.Load() == 0 })]
	eventually(t, func() bool { return untried.Connections() == 0 }) // the device needs a moment to see that those before have ended
	client := connect(t, untried.Address, func(o *session.Options) { o.Dialer = dialer; wrongPassword(o) })
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonBackoff, `user "monitor" has no login before`, "2 logins were refused", "login refused")
	if retry := time.Until(client.Stats().LoginRetry); retry < 9*time.Minute || retry > 10*time.Minute {
		t.Errorf("the next login is due in %v, want 10 min", retry)
	}
	if untried.Connections() > 0 {
		t.Error("connected to a device without a login")
	}
}

// TestSlowRefusals has authentication servers that refuse after the login has timed out.
func TestSlowRefusals(t *testing.T) {
	devices, dialer := network(t, 10, func(d *netconftest.Device) {
		d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			d.Offered.Add(1)
			time.Sleep(time.Second)
			return nil, netconftest.ErrWrong
		}
	})
	for range 5 {
		connectAll(t, devices, dialer, func(o *session.Options) { o.Timeouts.Login = 300 * time.Millisecond })
	}
	wantOffered(t, devices, 2)
}

// TestAlternatingPasswords has a password file with two wrong values in turn.
func TestAlternatingPasswords(t *testing.T) {
	devices, dialer := network(t, 1)
	secret := writeFile(t, "")
	client := connect(t, devices[0].Address, func(o *session.Options) {
		o.Dialer, o.Auth.Password, o.Auth.PasswordFile = dialer, "", secret
	})
	for i := range 20 {
		if err := os.WriteFile(secret, []byte([]string{"one", "two"}[i%2]), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Connect(deadline(t), nil); err == nil {
			t.Fatal("logged in with a wrong password")
		}
	}
	wantOffered(t, devices, 2)
}

// TestAddressSpellings has one device under many addresses.
func TestAddressSpellings(t *testing.T) {
	devices, dialer := network(t, 1)
	_, port, err := net.SplitHostPort(devices[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "localhost", "LOCALHOST"} {
		client := connect(t, host+":"+port, func(o *session.Options) { o.Dialer = dialer; wrongPassword(o) })
		if _, err := client.Connect(deadline(t), nil); err == nil {
			t.Fatal("logged in with a wrong password")
		}
	}
	wantOffered(t, devices, 1)
}

// TestHangUp has devices hang up after the password: each waits a minute, and two of them hold back those that were not tried.
func TestHangUp(t *testing.T) {
	devices, dialer := network(t, 10, func(d *netconftest.Device) {
		d.Config.MaxAuthTries = 1
		d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			d.Offered.Add(1)
			return nil, netconftest.ErrWrong
		}
	})
	first := connect(t, devices[0].Address, func(o *session.Options) { o.Dialer = dialer })
	_, err := first.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonAuth, "ended the connection at login")
	if retry := time.Until(first.Stats().LoginRetry); retry < 58*time.Second || retry > 72*time.Second {
		t.Errorf("the next login is due in %v, want a minute", retry)
	}
	for range 3 {
		connectAll(t, devices, dialer, func(*session.Options) {})
	}
	wantOffered(t, devices, 2)
}

// TestKeyHangUp has devices hang up upon a key: no account can be locked by that, so that the others are tried.
func TestKeyHangUp(t *testing.T) {
	file, _ := writeKey(t, "")
	var shown atomic.Int32
	devices, dialer := network(t, 5, func(d *netconftest.Device) {
		d.Config.MaxAuthTries = 1
		d.Config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			shown.Add(1)
			return nil, netconftest.ErrWrong
		}
	})
	for range 3 {
		connectAll(t, devices, dialer, func(o *session.Options) { o.Auth.Password, o.Auth.PrivateKeyFile = "", file })
	}
	if n := shown.Load(); n != 5 {
		t.Errorf("%d keys reached 5 devices, want one each", n)
	}
}

// TestKnownDevicesGoOn drops the sessions of devices that the password works on, after others have refused it.
func TestKnownDevicesGoOn(t *testing.T) {
	known, dialer := network(t, 5)
	right := func(*session.Options) {}
	if in := connectAll(t, known, dialer, right); in != 5 {
		t.Fatalf("%d of 5 logged in", in)
	}
	others, _ := network(t, 5, func(d *netconftest.Device) {
		d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			d.Offered.Add(1)
			return nil, netconftest.ErrWrong
		}
	})
	for i := range others {
		connectAll(t, others[i:i+1], dialer, right)
	}
	wantOffered(t, others, 2)
	for _, device := range known {
		device.Drop()
	}
	if in := connectAll(t, known, dialer, right); in != 5 {
		t.Errorf("%d of 5 devices came back", in)
	}
}

// TestWaitingHoldsNoSlot has the login server of one account take all logins and answer none: another account's device is
// dialled, though there are two slots for dials.
func TestWaitingHoldsNoSlot(t *testing.T) {
	answered := make(chan struct{})
	silent, _ := network(t, 3, func(d *netconftest.Device) {
		d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			d.Offered.Add(1)
			<-answered
			return nil, netconftest.ErrWrong
		}
	})
	answer := sync.OnceFunc(func() { close(answered) })
	t.Cleanup(answer) // before the devices' own
	good, _ := network(t, 1, func(d *netconftest.Device) { d.Config.NoClientAuth = true })
	dialer := session.NewDialer(2)
	var silenced sync.WaitGroup
	for _, device := range silent {
		client := connect(t, device.Address, func(o *session.Options) { o.Dialer, o.Timeouts.Login = dialer, time.Minute })
		ctx := deadline(t)
		silenced.Go(func() { _, _ = client.Connect(ctx, nil) })
	}
	eventually(t, func() bool { return dialer.Logins().UnderWay+dialer.Logins().Waiting >= 2 })
	client := connect(t, good[0].Address, func(o *session.Options) {
		o.Dialer, o.Auth.Username = dialer, "other"
	})
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Error(err)
	}
	answer()
	silenced.Wait()
}

// TestLateLogin holds that no password is sent when the read is about to end: the device would not have answered it.
func TestLateLogin(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address)
	trace := session.NewTrace()
	trace.Began = time.Now().Add(-time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
	defer cancel()
	if _, err := client.Connect(ctx, trace); err == nil || device.Offered.Load() > 0 {
		t.Errorf("%d passwords were sent: %v", device.Offered.Load(), err)
	}
	if _, err := client.Connect(deadline(t), session.NewTrace()); err != nil {
		t.Errorf("the next login: %v", err)
	}
}
