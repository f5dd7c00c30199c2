package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// hop is a jump host as the configuration names it.
func hop(name string, j *netconftest.Jump, adjust ...func(*config.NamedJumpHost)) config.NamedJumpHost {
	h := config.NamedJumpHost{Name: name, Host: &config.JumpHost{Address: j.Address, Auth: "jump"},
		Auth: &config.Auth{Username: netconftest.User, Password: netconftest.Password, HostKeyFingerprints: []string{ssh.FingerprintSHA256(j.Key)}}}
	for _, f := range adjust {
		f(&h)
	}
	return h
}

// behind returns an option that reaches a target by jump hosts.
func behind(dialer *session.Dialer, hops ...config.NamedJumpHost) func(*session.Options) {
	return func(o *session.Options) { o.Dialer, o.Via = dialer, hops }
}

// newDialer returns a Dialer that closes its jump hosts when the test ends.
func newDialer(t *testing.T, limit int) *session.Dialer {
	t.Helper()
	dialer := session.NewDialer(limit)
	t.Cleanup(func() { nothingLeft(t) })
	t.Cleanup(dialer.Close)
	checked.Store(t, true)
	return dialer
}

// connectTogether connects clients at the same time.
func connectTogether(t *testing.T, clients []*session.Client) []error {
	t.Helper()
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() { _, errs[i] = client.Connect(deadline(t), nil) })
	}
	all.Wait()
	return errs
}

// TestJumpIsShared has many targets behind one jump host: it sees one login, also for the sessions that replace lost ones.
func TestJumpIsShared(t *testing.T) {
	jump := netconftest.StartJump(t)
	dialer := newDialer(t, 8)
	var clients []*session.Client
	var devices []*netconftest.Device
	for range 30 {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
		devices = append(devices, device)
		clients = append(clients, connect(t, device.Address, behind(dialer, hop("bastion", jump))))
	}
	for round := range 5 {
		for i, err := range connectTogether(t, clients) {
			if err != nil {
				t.Errorf("round %d, device %d: %v", round, i, err)
			}
		}
		for _, device := range devices {
			device.Drop()
		}
	}
	if n, forwarded := jump.Offered.Load(), jump.Forwarded.Load(); n != 1 || forwarded < 30 {
		t.Errorf("%d logins to the jump host and %d connections through it; want 1 and at least 30", n, forwarded)
	}
}

// TestJumpComesBack has the jump host die and return: all targets are back, without a failed login at a device.
func TestJumpComesBack(t *testing.T) {
	jump := netconftest.StartJump(t)
	dialer := newDialer(t, 8)
	var clients []*session.Client
	var devices []*netconftest.Device
	for range 10 {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
		devices = append(devices, device)
		clients = append(clients, connect(t, device.Address, behind(dialer, hop("bastion", jump))))
	}
	for range 3 {
		for _, err := range connectTogether(t, clients) {
			if err != nil {
				t.Fatal(err)
			}
		}
		jump.Down()
		for _, client := range clients {
			eventually(t, func() bool { return !client.Stats().Established })
		}
		for _, err := range connectTogether(t, clients) {
			wantError(t, err, session.ReasonJump, "jump host bastion", "connection refused")
		}
		if err := jump.Up(); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return errors.Join(connectTogether(t, clients)...) == nil })
	}
	for i, device := range devices {
		if n, logins := device.Offered.Load(), device.Logins.Load(); n != logins {
			t.Errorf("device %d: %d passwords and %d logins", i, n, logins)
		}
		if !clients[i].Stats().LoginRetry.IsZero() {
			t.Errorf("device %d has a back-off", i)
		}
	}
}

// TestJumpIsToldOnce holds that the log tells of a jump host that fails once for each cause, and that what follows from a cause is none.
func TestJumpIsToldOnce(t *testing.T) {
	jump := netconftest.StartJump(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	var lines netconftest.Buffer
	wrong := hop("bastion", jump, func(h *config.NamedJumpHost) { h.Auth.Password = "wrong" })
	client := connect(t, device.Address, behind(newDialer(t, 1), wrong), func(o *session.Options) { o.Logger = slog.New(slog.NewTextHandler(&lines, nil)) })
	fails := func(words string) {
		t.Helper()
		eventually(t, func() bool {
			_, err := client.Connect(deadline(t), nil)
			return err != nil && strings.Contains(err.Error(), words)
		})
	}
	jump.Down()
	fails("connection refused")
	if err := jump.Up(); err != nil {
		t.Fatal(err)
	}
	fails("login refused")
	fails("not tried again before")
	eventually(t, func() bool { return strings.Count(lines.String(), "the jump host failed") >= 2 })
	if log := lines.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "connection refused") || !strings.Contains(log, "login refused") {
		t.Errorf("the log has not one line for each of two causes:\n%s", log)
	}
}

// TestJumpChain reaches a device by two jump hosts.
func TestJumpChain(t *testing.T) {
	outer, inner := netconftest.StartJump(t), netconftest.StartJump(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	dialer := newDialer(t, 1) // a jump host on the way needs no slot of the target's
	trace := session.NewTrace()
	if _, err := connect(t, device.Address, behind(dialer, hop("outer", outer), hop("inner", inner))).Connect(deadline(t), trace); err != nil {
		t.Fatal(err)
	}
	if a, b := outer.Forwarded.Load(), inner.Forwarded.Load(); a != 1 || b != 1 {
		t.Errorf("%d and %d connections are forwarded; want 1 and 1", a, b)
	}
	if trace.Sum("jump") == 0 {
		t.Error("no time in the phase jump")
	}
	outer.Down()
	client := connect(t, netconftest.Start(t, nil).Address, behind(dialer, hop("outer", outer), hop("inner", inner)))
	eventually(t, func() bool {
		_, err := client.Connect(deadline(t), nil)
		return err != nil && session.ReasonOf(err) == session.ReasonJump
	})
}

// TestJumpRefuses has jump hosts answer in the ways that OpenSSH does.
func TestJumpRefuses(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	reject := func(reason ssh.RejectionReason, text string) func(*netconftest.Jump) {
		return func(j *netconftest.Jump) {
			j.Refuse = func(string) (bool, ssh.RejectionReason, string) { return true, reason, text }
		}
	}
	for name, tc := range map[string]struct {
		jump   func(*netconftest.Jump)
		hop    func(*config.NamedJumpHost)
		reason session.Reason
		words  []string
	}{
		"PermitOpen forbids it": {reject(ssh.Prohibited, "administratively prohibited: open failed"), nil, session.ReasonJump, []string{"does not allow", "PermitOpen"}},
		"nothing listens":       {reject(ssh.ConnectionFailed, "Connection refused"), nil, session.ReasonRefused, []string{"jump host bastion cannot connect to " + device.Address}},
		"a firewall":            {reject(ssh.ConnectionFailed, "Connection timed out"), nil, session.ReasonTimeout, []string{"behind it"}},
		"an unknown name":       {reject(ssh.ConnectionFailed, "Name or service not known"), nil, session.ReasonDNS, []string{"looked up there"}},
		"out of descriptors":    {reject(ssh.ConnectionFailed, "open failed"), nil, session.ReasonJump, []string{"no file descriptors left", "max_channels"}},
		"out of channels":       {reject(ssh.ResourceShortage, ""), nil, session.ReasonJump, []string{"no more channels"}},
		"another host key": {nil, func(h *config.NamedJumpHost) {
			h.Auth.HostKeyFingerprints = []string{"SHA256:" + ssh.FingerprintSHA256(device.Key)[7:]}
		}, session.ReasonJump, []string{"jump host bastion", "host key", "see `netconf_exporter hostkey 127.0.0.1:"}},
		"nothing at its port":        {nil, func(h *config.NamedJumpHost) { h.Host.Address = "127.0.0.1:1" }, session.ReasonJump, []string{"check address and port, and that the jump host's SSH server runs"}},
		"a wrong password":           {nil, func(h *config.NamedJumpHost) { h.Auth.Password = "wrong" }, session.ReasonJump, []string{"jump host bastion", "login refused"}},
		"a secret that is not there": {nil, func(h *config.NamedJumpHost) { h.Auth.Password, h.Auth.PasswordFile = "", "/gone" }, session.ReasonJump, []string{`jump host bastion: auth "jump"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var jump *netconftest.Jump
			if tc.jump != nil {
				jump = netconftest.StartJump(t, tc.jump)
			} else {
				jump = netconftest.StartJump(t)
			}
			var adjust []func(*config.NamedJumpHost)
			if tc.hop != nil {
				adjust = append(adjust, tc.hop)
			}
			dialer := newDialer(t, 8)
			var clients []*session.Client
			for range 20 {
				clients = append(clients, connect(t, device.Address, behind(dialer, hop("bastion", jump, adjust...))))
			}
			for range 3 {
				for _, err := range connectTogether(t, clients) {
					wantError(t, err, tc.reason, tc.words...)
				}
			}
			if n := jump.Offered.Load(); n > 1 {
				t.Errorf("the jump host got %d passwords", n)
			}
		})
	}
	if n := device.Offered.Load(); n > 0 {
		t.Errorf("the device got %d passwords", n)
	}
}

// TestHostKeyBehindJump names the command that shows the key of a device that is reached by a jump host.
func TestHostKeyBehindJump(t *testing.T) {
	jump := netconftest.StartJump(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address, behind(newDialer(t, 1), hop("bastion", jump)), func(o *session.Options) {
		o.Auth = &config.Auth{Username: "u", Password: "p", HostKeyFingerprints: []string{ssh.FingerprintSHA256(jump.Key)}}
	})
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonHostKey, "see `netconf_exporter hostkey --proxy-jump=bastion "+device.Address+"`")
}

// TestFrozenJump has a jump host that goes silent with its connection open: a read behind it ends with its own time, and not with that connection.
func TestFrozenJump(t *testing.T) {
	jump, network := netconftest.StartJump(t), netconftest.StartProxy(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address, behind(newDialer(t, 1), hop("bastion", jump)), func(o *session.Options) {
		o.Target.ProxyURL = new(config.ProxyURL("socks5://" + network.Address))
		o.Timeouts.KeepaliveInterval = time.Hour
	})
	if _, err := get(deadline(t), client); err != nil {
		t.Fatal(err)
	}
	network.Swallows.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := get(ctx, client)
	wantError(t, err, session.ReasonTimeout)
}

// TestClosedWhileAJumpHostIsOpened leaves no connection to a jump host that answers when all is closed.
func TestClosedWhileAJumpHostIsOpened(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	jump := netconftest.StartJump(t)
	jump.Change(func(j *netconftest.Jump) {
		j.TCP = func(conn net.Conn) {
			close(reached)
			<-release
			j.Change(func(j *netconftest.Jump) { j.TCP = nil })
			j.Serve(conn)
		}
	})
	dialer := newDialer(t, 1)
	client := connect(t, "127.0.0.1:830", behind(dialer, hop("bastion", jump)))
	var all sync.WaitGroup
	all.Go(func() {
		_, err := client.Connect(deadline(t), nil)
		wantError(t, err, session.ReasonJump)
	})
	<-reached
	_ = client.Close(t.Context())
	dialer.Close()
	close(release)
	all.Wait()
}

// TestMaxChannels bounds the sessions through a jump host: those that are in use stay, and who waits for them holds no dial slot.
func TestMaxChannels(t *testing.T) {
	jump := netconftest.StartJump(t)
	dialer := newDialer(t, 1)
	few := hop("bastion", jump, func(h *config.NamedJumpHost) { h.Host.MaxChannels = 2 })
	serve := func(options ...func(*session.Options)) *session.Client {
		return connect(t, netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)).Address, options...)
	}
	var busy sync.WaitGroup
	release := make(chan struct{})
	for range 2 {
		client, reading := serve(behind(dialer, few)), make(chan struct{})
		busy.Go(func() {
			err := client.RPC(deadline(t), nil, "<get/>", func(r io.Reader) error {
				close(reading)
				<-release
				_, err := io.Copy(io.Discard, r)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-reading
	}
	waiting := serve(behind(dialer, few))
	soon, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	refused := make(chan error)
	go func() {
		_, err := waiting.Connect(soon, nil)
		refused <- err
	}()
	if _, err := serve(func(o *session.Options) { o.Dialer = dialer }).Connect(deadline(t), nil); err != nil {
		t.Error(err)
	}
	wantError(t, <-refused, session.ReasonJump, "all of its 2 channels are in use", "max_channels")
	close(release)
	busy.Wait()
	if _, err := waiting.Connect(deadline(t), nil); err != nil {
		t.Error(err)
	}
}

// TestChannelsInTurns has more targets than a jump host has channels: all are read, again and again.
func TestChannelsInTurns(t *testing.T) {
	jump := netconftest.StartJump(t)
	dialer := newDialer(t, 8)
	few := hop("bastion", jump, func(h *config.NamedJumpHost) { h.Host.MaxChannels = 2 })
	var clients []*session.Client
	for range 6 {
		clients = append(clients, connect(t, netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)).Address, behind(dialer, few)))
	}
	for range 2 {
		var all sync.WaitGroup
		for _, client := range clients {
			all.Go(func() {
				if _, err := get(deadline(t), client); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	open := 0
	for _, client := range clients {
		if client.Stats().Established {
			open++
		}
	}
	if open > 2 {
		t.Errorf("%d sessions are open through 2 channels", open)
	}
}

// TestAllowedBehindJump holds that allowed_targets are checked on the address as written, and that a name is none.
func TestAllowedBehindJump(t *testing.T) {
	jump := netconftest.StartJump(t)
	dialer := newDialer(t, 8)
	for address, allowed := range map[string]bool{"192.0.2.1:830": false, "localhost:830": false} {
		client := connect(t, address, behind(dialer, hop("bastion", jump)), func(o *session.Options) {
			o.RequireAllowed, o.Auth.AllowedTargets = true, []string{"127.0.0.0/8"}
		})
		if _, err := client.Connect(deadline(t), nil); errors.Is(err, session.ErrNotAllowed) == allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
	if n := jump.Forwarded.Load(); n > 0 {
		t.Errorf("%d connections are forwarded", n)
	}
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address, behind(dialer, hop("bastion", jump)), func(o *session.Options) {
		o.RequireAllowed, o.Auth.AllowedTargets = true, []string{"127.0.0.0/8"}
	})
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Error(fmt.Errorf("inside the networks: %w", err))
	}
}
