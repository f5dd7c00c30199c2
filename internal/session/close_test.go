package session_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestClose checks how a session ends, with devices that answer close-session, hang up instead, or do neither.
func TestClose(t *testing.T) {
	for _, how := range []string{"answers", "hangs up", "is silent"} {
		t.Run(how, func(t *testing.T) {
			got := make(chan string, 2)
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(netconftest.Hello11)
				rpc, id, _ := p.Request()
				got <- rpc
				switch how {
				case "answers":
					p.Reply(netconftest.OKReply(id))
					fallthrough
				case "is silent":
					p.Request()
				}
			})
			client := connect(t, device.Address)
			if _, err := client.Connect(deadline(t), nil); err != nil {
				t.Fatal(err)
			}
			if err := client.Close(context.Background()); err != nil {
				t.Error(err)
			}
			if rpc := <-got; !strings.Contains(rpc, "<close-session></close-session>") {
				t.Errorf("sent %q", rpc)
			}
			if client.Stats().Established {
				t.Error("still established")
			}
			_, err := get(deadline(t), client)
			wantError(t, err, session.ReasonRPC, "the session is closed")
			if err := client.Close(context.Background()); err != nil {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

// TestCloseInFlight closes clients in the middle of a dial and of an rpc.
func TestCloseInFlight(t *testing.T) {
	for _, state := range []string{"dial", "rpc"} {
		t.Run(state, func(t *testing.T) {
			reached := make(chan struct{})
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				if state == "rpc" {
					p.Greet(netconftest.Hello11)
					p.Request()
				}
				close(reached)
				io.Copy(io.Discard, p)
			})
			client := connect(t, device.Address)
			done := make(chan error)
			go func() {
				_, err := get(deadline(t), client)
				done <- err
			}()
			<-reached
			client.Close(context.Background())
			if err := <-done; err == nil {
				t.Error("the rpc succeeded")
			}
		})
	}
}
