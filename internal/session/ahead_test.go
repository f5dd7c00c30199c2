package session_test

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const opA, opB, opC = "<get><a/></get>", "<get><b/></get>", "<get><c/></get>"

// answerLarge answers with a large reply, in the middle of which it calls middle.
func answerLarge(p *netconftest.Peer, id string, middle func() bool) bool {
	reply := netconftest.Chunks(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="`+id+`"><data>`+
		strings.Repeat("<x>y</x>\n", 30_000)+`</data></rpc-reply>`, 10_000)
	half := len(reply) / 2
	return p.Send(reply[:half]) && middle() && p.Send(reply[half:])
}

// answer replies with the operation itself.
func answer(p *netconftest.Peer, rpc, id string) bool {
	for _, op := range []string{opA, opB, opC} {
		if strings.Contains(rpc, op) {
			return p.Reply(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">` + op + `</rpc-reply>`)
		}
	}
	return false
}

func wantAnswer(t *testing.T, client *session.Client, operation, next, want string) {
	t.Helper()
	err := client.RPC(deadline(t), nil, operation, next, func(r io.Reader) error {
		reply, err := io.ReadAll(r)
		if !strings.Contains(string(reply), want) {
			t.Errorf("%s is answered with %.200q, want %s in it", operation, reply, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAsksAhead has a device that finishes a large reply only when it has been given the next operation.
func TestAsksAhead(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		_, id, _ := p.Request()
		var rpc, ahead string
		answerLarge(p, id, func() (ok bool) { rpc, ahead, ok = p.Request(); return ok })
		answer(p, rpc, ahead)
		for {
			rpc, id, ok := p.Request()
			if !ok || !answer(p, rpc, id) {
				return
			}
		}
	})
	for name, then := range map[string]string{"as announced": opB, "something else after all": opC} {
		t.Run(name, func(t *testing.T) {
			client := connect(t, device.Address)
			wantAnswer(t, client, opA, opB, "<x>y</x>")
			wantAnswer(t, client, then, "", then)
			wantAnswer(t, client, opA, opB, opA)
			wantAnswer(t, client, opC, "", opC)
		})
	}
	t.Run("nothing after all", func(t *testing.T) {
		client := connect(t, device.Address)
		wantAnswer(t, client, opA, opB, "<x>y</x>")
	})
}

// TestAheadIsTooMuch has devices that give up a session on which they are asked ahead: they are not asked so twice, and no reply
// is lost.
func TestAheadIsTooMuch(t *testing.T) {
	for name, finishes := range map[string]bool{"after the reply": true, "in the middle of it": false} {
		t.Run(name, func(t *testing.T) {
			var logins atomic.Int32
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				first := logins.Add(1) == 1
				p.Greet(netconftest.Hello11)
				for {
					rpc, id, ok := p.Request()
					switch {
					case ok && strings.Contains(rpc, opA):
						ok = answerLarge(p, id, func() bool {
							if first {
								p.Request()
							}
							return !first || finishes
						}) && !first
					case ok:
						ok = answer(p, rpc, id)
					}
					if !ok {
						return
					}
				}
			})
			client := connect(t, device.Address)
			for range 3 {
				wantAnswer(t, client, opA, opB, "<x>y</x>")
				wantAnswer(t, client, opB, "", opB)
			}
			if n := logins.Load(); n != 2 {
				t.Errorf("%d logins, want 2", n)
			}
		})
	}
}

// TestAnswerThatNobodyFetched has a device hang up in the middle of an answer to what it was asked ahead: the next read begins on a
// session that is open.
func TestAnswerThatNobodyFetched(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		_, id, _ := p.Request()
		var ahead string
		if answerLarge(p, id, func() (ok bool) { _, ahead, ok = p.Request(); return ok }) {
			answerLarge(p, ahead, func() bool { return false })
		}
	})
	client := connect(t, device.Address)
	wantAnswer(t, client, opA, opB, "<x>y</x>")
	if _, err := client.Connect(deadline(t), nil); err != nil || !client.Stats().Established || device.Logins.Load() != 2 {
		t.Errorf("%v, established %v after %d logins; want a new session", err, client.Stats().Established, device.Logins.Load())
	}
}
