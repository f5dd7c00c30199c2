package session_test

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestFloods has devices log in and then send what answers nothing, while the session is idle and during an rpc.
func TestFloods(t *testing.T) {
	block := []byte(strings.Repeat("x", 16_000))
	floods := map[string]func(*netconftest.Peer) error{
		"global requests": func(p *netconftest.Peer) error {
			_, _, err := p.Conn.SendRequest("x@example.com", false, block)
			return err
		},
		"channel requests": func(p *netconftest.Peer) error {
			_, err := p.SendRequest("x@example.com", false, block)
			return err
		},
		"channels": func(p *netconftest.Peer) error {
			err := openChannel(p, block)
			if err != nil && strings.Contains(err.Error(), "unknown channel type") {
				return nil
			}
			return err
		},
		"standard error": func(p *netconftest.Peer) error {
			_, err := p.Stderr().Write(block)
			return err
		},
		"notifications": func(p *netconftest.Peer) error {
			_, err := p.Write([]byte(p.Frame("<notification>" + strings.Repeat("x", 16_000) + "</notification>")))
			return err
		},
		"white space": func(p *netconftest.Peer) error {
			_, err := fmt.Fprint(p, strings.Repeat("\n", 60<<10)+p.Frame("<notification/>"))
			return err
		},
	}
	var all sync.WaitGroup
	for name, send := range floods {
		for _, when := range []string{"idle", "rpc"} {
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(netconftest.Hello11)
				if _, id, ok := p.Request(); ok && when == "idle" {
					p.Reply(netconftest.OKReply(id))
				}
				for send(p) == nil {
					time.Sleep(10 * time.Millisecond)
				}
			})
			client := connect(t, device.Address)
			ctx := deadline(t)
			all.Go(func() {
				_, err := get(ctx, client)
				for err == nil && client.Stats().Established && ctx.Err() == nil {
					time.Sleep(5 * time.Millisecond)
				}
				if when == "idle" {
					_, err = get(ctx, client)
				}
				if session.ReasonOf(err) != session.ReasonRPC || !strings.Contains(fmt.Sprint(err), "answers nothing: ") {
					t.Errorf("%s, %s: %v", name, when, err)
				}
				if n := device.Logins.Load(); n != 1 {
					t.Errorf("%s, %s: %d logins, want 1", name, when, n)
				}
				if _, err := client.Connect(ctx, nil); err != nil {
					t.Errorf("%s, %s: the device has no other chance: %v", name, when, err)
				}
			})
		}
	}
	all.Wait()
}

// openChannel asks for a channel. The library may wait for ever for the answer if the connection ends as the request is sent.
func openChannel(p *netconftest.Peer, data []byte) error {
	answered, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := p.Conn.OpenChannel("x@example.com", data)
		answered <- err
	}()
	go func() { ended <- p.Conn.Wait() }()
	select {
	case err := <-answered:
		return err
	case err := <-ended:
		return cmp.Or(err, io.EOF)
	}
}

// TestRepliesAreNoFlood has a device send a reply in single octets, each of which becomes an SSH message of its own, and another
// one that is large.
func TestRepliesAreNoFlood(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello10)
		for i := 0; ; i++ {
			_, id, ok := p.Request()
			if !ok {
				return
			}
			reply := strings.Replace(netconftest.OKReply(id), "<data/>", "<data>"+strings.Repeat("x", 100_000*(1+199*(i%2)))+"</data>", 1)
			if i%2 == 1 {
				p.Reply(reply)
				continue
			}
			for _, octet := range []byte(p.Frame(reply)) {
				if _, err := p.Write([]byte{octet}); err != nil {
					return
				}
			}
		}
	})
	client := connect(t, device.Address)
	for range 4 {
		if _, err := get(deadline(t), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
	}
	if n := device.Logins.Load(); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

// TestFloodBeforeTheHello has a device send standard error instead of its hello.
func TestFloodBeforeTheHello(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		for {
			if _, err := p.Stderr().Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	_, err := connect(t, device.Address).Connect(deadline(t), nil)
	wantError(t, err, session.ReasonHello, "before the end of its hello")
}
