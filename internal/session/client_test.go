package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestOneSession sends rpcs from several goroutines, which run one after the other on one session.
func TestOneSession(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address)
	if stats := client.Stats(); stats.Established || !stats.Start.IsZero() || stats.Dials["ok"] != 0 {
		t.Errorf("before the first rpc: %+v", stats)
	}
	var reading atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := client.RPC(deadline(t), nil, "<get/>", func(r io.Reader) error {
				if reading.Add(1) != 1 {
					return errors.New("two replies are read at a time")
				}
				defer reading.Add(-1)
				_, err := io.ReadAll(r)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	stats := client.Stats()
	if device.Logins.Load() != 1 || stats.Dials["ok"] != 1 || !stats.Established || stats.Start.IsZero() {
		t.Errorf("%d logins, %+v", device.Logins.Load(), stats)
	}
}

// TestDropped has the device close sessions. A session that was used before or idle is replaced within the rpc.
func TestDropped(t *testing.T) {
	answer := func(p *netconftest.Peer, n int) bool {
		for range n {
			_, id, ok := p.Request()
			if !ok {
				return false
			}
			p.Reply(netconftest.OKReply(id))
		}
		return true
	}
	tests := []struct {
		name   string
		drop   func(*netconftest.Peer) // the first session's end, after one reply
		fails  bool
		logins int32
	}{
		{"on the next rpc", func(p *netconftest.Peer) { p.Request() }, false, 2},
		{"with the TCP connection", func(p *netconftest.Peer) { p.Request(); p.Conn.Close() }, false, 2},
		{"in mid-reply", func(p *netconftest.Peer) { p.Request(); p.Send("\n#11\n<rpc-reply>") }, true, 1},
		{"with a broken reply", func(p *netconftest.Peer) { p.Request(); p.Send("oops") }, true, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(netconftest.Hello11)
				if p.Device.Logins.Load() > 1 {
					answer(p, 100)
				} else if answer(p, 1) {
					test.drop(p)
				}
			})
			client := connect(t, device.Address)
			if _, err := get(deadline(t), client); err != nil {
				t.Fatal(err)
			}
			reply, err := get(deadline(t), client)
			if test.fails {
				wantError(t, err, session.ReasonRPC)
			} else if err != nil || reply != netconftest.OKReply("1") {
				t.Errorf("got %q, %v", reply, err)
			}
			if n := device.Logins.Load(); n != test.logins {
				t.Errorf("%d logins, want %d", n, test.logins)
			}
		})
	}
}

// TestDroppedAtOnce has a device that closes the session at each first rpc: the rpc is not sent twice.
func TestDroppedAtOnce(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) { p.Greet(netconftest.Hello11); p.Request() })
	client := connect(t, device.Address)
	for want := range int32(3) {
		_, err := get(deadline(t), client)
		wantError(t, err, session.ReasonRPC, "closed the session")
		if n := device.Logins.Load(); n != want+1 {
			t.Fatalf("%d logins, want %d", n, want+1)
		}
	}
}

// TestDroppedTwice has the device close the replacement too.
func TestDroppedTwice(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		if _, id, ok := p.Request(); ok && p.Device.Logins.Load() == 1 {
			p.Reply(netconftest.OKReply(id))
			p.Request()
		}
	})
	client := connect(t, device.Address)
	if _, err := get(deadline(t), client); err != nil {
		t.Fatal(err)
	}
	_, err := get(deadline(t), client)
	wantError(t, err, session.ReasonRPC, "closed the session")
	if n := device.Logins.Load(); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
}

// TestIdle checks that the client notices without an rpc that the device closed an idle session.
func TestIdle(t *testing.T) {
	drop := make(chan struct{})
	device := netconftest.Start(t, func(p *netconftest.Peer) { p.Greet(netconftest.Hello11); <-drop })
	client := connect(t, device.Address)
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	if !client.Stats().Established {
		t.Error("not established after Connect")
	}
	close(drop)
	eventually(t, func() bool { return !client.Stats().Established })
}

// TestIdleNoise has a device send messages that answer no request while the session is idle.
func TestIdleNoise(t *testing.T) {
	sent := make(chan struct{})
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		p.Reply(netconftest.Hello11)
		p.Reply("<notification/>")
		p.Send("\n\n\n")
		close(sent)
		_, id, _ := p.Request()
		p.Reply(strings.Replace(netconftest.OKReply(id), "<data/>", "<mine/>", 1))
		p.Request()
	})
	client := connect(t, device.Address)
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	<-sent
	if reply, err := get(deadline(t), client); err != nil || !strings.Contains(reply, "<mine/>") {
		t.Errorf("got %q, %v", reply, err)
	}
}

// TestKeepalive has a device stop answering keepalives: an idle session is closed, one with an rpc in flight is not.
func TestKeepalive(t *testing.T) {
	impatient := func(o *session.Options) {
		o.Timeouts.KeepaliveInterval, o.Timeouts.KeepaliveAnswer = 100*time.Millisecond, 100*time.Millisecond
	}
	t.Run("idle and answering", func(t *testing.T) {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
		client := connect(t, device.Address, func(o *session.Options) { o.Timeouts.KeepaliveInterval = time.Millisecond })
		for range 3 {
			if _, err := get(deadline(t), client); err != nil {
				t.Fatal(err)
			}
			heard := device.Keepalives.Load()
			eventually(t, func() bool { return device.Keepalives.Load() > heard+1 })
		}
		if n := device.Logins.Load(); n != 1 {
			t.Errorf("%d logins, want 1", n)
		}
	})
	t.Run("idle and unanswered", func(t *testing.T) {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.NoReplies.Store(true) })
		client := connect(t, device.Address, impatient)
		if _, err := get(deadline(t), client); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return !client.Stats().Established })
	})
	t.Run("never answered", func(t *testing.T) {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.NoReplies.Store(true) })
		client := connect(t, device.Address, impatient)
		for range 3 { // two sessions are lost, the third one is not asked
			if _, err := get(deadline(t), client); err != nil {
				t.Fatal(err)
			}
			if device.Logins.Load() < 3 {
				eventually(t, func() bool { return !client.Stats().Established })
			}
		}
		asked := device.Keepalives.Load()
		time.Sleep(500 * time.Millisecond) // several times the patience
		if _, err := get(deadline(t), client); err != nil || device.Logins.Load() != 3 || device.Keepalives.Load() != asked {
			t.Errorf("error %v, %d logins, %d keepalives more", err, device.Logins.Load(), device.Keepalives.Load()-asked)
		}
	})
	t.Run("busy and unanswered", func(t *testing.T) {
		device := netconftest.Start(t, func(p *netconftest.Peer) {
			p.Greet(netconftest.Hello11)
			p.Answer(func(_, id string) string {
				time.Sleep(time.Second)
				return netconftest.OKReply(id)
			})
		}, func(d *netconftest.Device) { d.NoReplies.Store(true) })
		client := connect(t, device.Address, impatient)
		if reply, err := get(deadline(t), client); err != nil || reply != netconftest.OKReply("1") {
			t.Errorf("got %q, %v", reply, err)
		}
	})
}

// TestWaiting ends a context while another caller's rpc is in flight.
func TestWaiting(t *testing.T) {
	reached := make(chan struct{})
	device := netconftest.Start(t, func(p *netconftest.Peer) { p.Greet(netconftest.Hello11); p.Request(); close(reached); p.Request() })
	client := connect(t, device.Address)
	go get(deadline(t), client)
	<-reached
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := get(ctx, client)
	wantError(t, err, session.ReasonTimeout, "an earlier rpc")
}

// TestCancelRace ends contexts at about the time that the reply arrives, after which no goroutine may be left (see connect).
func TestCancelRace(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.Config.NoClientAuth = true // a login that is cut off after a password would hold back the next ones
	})
	client := connect(t, device.Address)
	for i := range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%20)*100*time.Microsecond)
		get(ctx, client)
		cancel()
	}
	if reply, err := get(deadline(t), client); err != nil || !strings.Contains(reply, "<data/>") {
		t.Errorf("got %q, %v", reply, err)
	}
}

// TestOperation checks that an operation is sent unchanged.
func TestOperation(t *testing.T) {
	got := make(chan string, 1)
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		rpc, id, _ := p.Request()
		got <- rpc
		p.Reply(netconftest.OKReply(id))
		p.Request()
	})
	operation := fmt.Sprintf("<get><filter type=\"subtree\"><a xmlns='urn:ä'>%s</a></filter></get>", strings.Repeat("<b/>\n", 10_000))
	err := connect(t, device.Address).RPC(deadline(t), nil, operation, func(r io.Reader) error { _, err := io.ReadAll(r); return err })
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">` + operation + `</rpc>`
	if rpc := <-got; rpc != want {
		t.Errorf("sent %.300q", rpc)
	}
}
