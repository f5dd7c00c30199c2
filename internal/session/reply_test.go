package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const body = `<data><interfaces xmlns="urn:x"><name>]]&gt;]]></name>ü</interfaces></data></rpc-reply>`

// TestReply has devices answer in several ways; the first request has message-id 1. The client must pass on the bytes of the
// message unchanged, and read a plain answer to the next rpc.
func TestReply(t *testing.T) {
	plain := `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">` + body
	tests := []struct {
		name  string
		hello string
		raw   string // what the device sends
		want  string // what read gets
	}{
		{"end of message", netconftest.Hello10, plain + netconftest.EOM, plain},
		{"half an end-of-message mark in the text", netconftest.Hello10, "<rpc-reply>]]>]]" + body + netconftest.EOM, "<rpc-reply>]]>]]" + body},
		{"line feeds between messages", netconftest.Hello10, "\n\r\n \n" + plain + netconftest.EOM + "\n", "\n\r\n \n" + plain},
		{"empty messages", netconftest.Hello10, netconftest.EOM + "\n" + netconftest.EOM + plain + netconftest.EOM, plain},
		{"a large reply", netconftest.Hello10, "<rpc-reply>" + strings.Repeat("<a>]]]></a>", 50_000) + netconftest.EOM, "<rpc-reply>" + strings.Repeat("<a>]]]></a>", 50_000)},
		{"one chunk", netconftest.Hello11, netconftest.Chunks(plain, 1<<20), plain},
		{"netconftest.Chunks of one octet", netconftest.Hello11, netconftest.Chunks(plain, 1), plain},
		{"netconftest.Chunks that split tags and runes", netconftest.Hello11, netconftest.Chunks(plain, 7), plain},
		{"chunk marks in the text", netconftest.Hello11, netconftest.Chunks("<rpc-reply>\n##\n\n#5\nabc\n#4294967295\n"+netconftest.EOM+body, 20), "<rpc-reply>\n##\n\n#5\nabc\n#4294967295\n" + netconftest.EOM + body},
		{"surplus line feeds around chunks", netconftest.Hello11, "\n\n" + strings.ReplaceAll(netconftest.Chunks(plain, 50), "\n#", "\r\n\n#"), plain},
		{"ten digits", netconftest.Hello11, "\n#0000000011\n<rpc-reply>\n#0000000001\na\n##\n", "<rpc-reply>a"},
		{"empty chunked messages", netconftest.Hello11, "\n##\n\n##\n" + netconftest.Chunks(plain, 100), plain},
		{"a large chunk", netconftest.Hello11, netconftest.Chunks("<rpc-reply>"+strings.Repeat("x", 11_000_000), 11_000_011), "<rpc-reply>" + strings.Repeat("x", 11_000_000)},
		{"XML declaration in a chunk of its own", netconftest.Hello11, "\n#43\n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + netconftest.Chunks(plain, 30),
			`<?xml version="1.0" encoding="ISO-8859-1"?>` + plain},
		{"no namespace", netconftest.Hello11, netconftest.Chunks(`<rpc-reply message-id="1">`+body, 100), `<rpc-reply message-id="1">` + body},
		{"no message-id", netconftest.Hello11, netconftest.Chunks(`<rpc-reply>`+body, 100), `<rpc-reply>` + body},
		{"an empty message-id", netconftest.Hello11, netconftest.Chunks(`<rpc-reply message-id="">`+body, 100), `<rpc-reply message-id="">` + body},
		{"prefix", netconftest.Hello11, netconftest.Chunks(`<nc:rpc-reply xmlns:nc="urn:x" nc:message-id = '1'>`+body, 100), `<nc:rpc-reply xmlns:nc="urn:x" nc:message-id = '1'>` + body},
		{"attributes on lines of their own", netconftest.Hello10, "<nc:rpc-reply\n  xmlns:nc=\"urn:a>b\"\n  junos:x='\"'\n  message-id=\"1\"\n>" + body + netconftest.EOM,
			"<nc:rpc-reply\n  xmlns:nc=\"urn:a>b\"\n  junos:x='\"'\n  message-id=\"1\"\n>" + body},
		{"comments first", netconftest.Hello10, "<!-- <rpc-reply message-id='99'> --><?junos x?>" + plain + netconftest.EOM, "<!-- <rpc-reply message-id='99'> --><?junos x?>" + plain},
		{"byte order mark", netconftest.Hello10, "\ufeff" + plain + netconftest.EOM, "\ufeff" + plain},
		{"a self-closing reply", netconftest.Hello10, `<rpc-reply message-id="1"/>` + netconftest.EOM, `<rpc-reply message-id="1"/>`},
		{"an rpc-error without message-id", netconftest.Hello11, netconftest.Chunks(`<rpc-reply><rpc-error><error-tag>malformed-message</error-tag></rpc-error></rpc-reply>`, 9),
			`<rpc-reply><rpc-error><error-tag>malformed-message</error-tag></rpc-error></rpc-reply>`},
		{"bytes that are not UTF-8", netconftest.Hello10, "<rpc-reply>\xcd\xcd\x08\xfc" + body + netconftest.EOM, "<rpc-reply>\xcd\xcd\x08\xfc" + body},
		{"an old reply first", netconftest.Hello11, netconftest.Chunks(`<rpc-reply message-id="77">old</rpc-reply>`, 5) + netconftest.Chunks(plain, 100), plain},
		{"a notification first", netconftest.Hello11, netconftest.Chunks(`<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><eventTime/></notification>`, 5) +
			netconftest.Chunks(plain, 100), plain},
		{"an echo of the request first", netconftest.Hello10, `<rpc message-id="1"><get/></rpc>` + netconftest.EOM + plain + netconftest.EOM, plain},
		{"a second hello first", netconftest.Hello10, `<hello message-id="1"/>` + netconftest.EOM + plain + netconftest.EOM, plain},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(test.hello)
				p.Request()
				p.Send(test.raw)
				for {
					if _, id, ok := p.Request(); ok {
						p.Reply(netconftest.OKReply(id))
						continue
					}
					return
				}
			})
			client := connect(t, device.Address)
			if reply, err := get(deadline(t), client); err != nil || reply != test.want {
				t.Fatalf("got %.200q, %v; want %.200q", reply, err, test.want)
			}
			if reply, err := get(deadline(t), client); err != nil || strings.TrimLeft(reply, "\n") != netconftest.OKReply("2") {
				t.Errorf("the next reply: %q, %v", reply, err)
			}
			if n := device.Logins.Load(); n != 1 {
				t.Errorf("%d sessions, want 1", n)
			}
		})
	}
}

// TestSlowReply has a reply arrive octet by octet, in both framings.
func TestSlowReply(t *testing.T) {
	for name, hello := range map[string]string{"base:1.0": netconftest.Hello10, "base:1.1": netconftest.Hello11} {
		t.Run(name, func(t *testing.T) {
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(hello)
				_, id, _ := p.Request()
				raw := "<?xml version='1.0'?>" + netconftest.OKReply(id)
				if p.Chunked {
					raw = netconftest.Chunks(raw, 3)
				} else {
					raw += netconftest.EOM
				}
				io.Copy(p, iotest.OneByteReader(strings.NewReader(raw)))
				p.Request()
			})
			if reply, err := get(deadline(t), connect(t, device.Address)); err != nil || reply != "<?xml version='1.0'?>"+netconftest.OKReply("1") {
				t.Errorf("got %q, %v", reply, err)
			}
		})
	}
}

// TestBadReply checks what breaks an rpc, and that the session is replaced for the next one.
func TestBadReply(t *testing.T) {
	tests := []struct {
		name   string
		hello  string
		raw    string
		reason session.Reason
		words  []string
	}{
		{"closed before the reply", netconftest.Hello11, "", "rpc", []string{"the device closed the session"}},
		{"closed in the middle", netconftest.Hello10, "<rpc-reply><data>", "rpc", []string{"in the middle"}},
		{"closed in the middle of a chunk", netconftest.Hello11, "\n#100\n<rpc-reply>", "rpc", []string{"in the middle"}},
		{"closed between chunks", netconftest.Hello11, "\n#11\n<rpc-reply>", "rpc", []string{"in the middle"}},
		{"end-of-message framing after base:1.1", netconftest.Hello11, "<rpc-reply/>" + netconftest.EOM, "rpc", []string{"expected a chunk header", "<rpc-reply/>"}},
		{"a chunk of no size", netconftest.Hello11, "\n#0\n\n##\n", "rpc", []string{"bad chunk header"}},
		{"a chunk of a negative size", netconftest.Hello11, "\n#-1\nx\n##\n", "rpc", []string{"bad chunk header"}},
		{"a chunk that is too large", netconftest.Hello11, "\n#4294967296\nx\n##\n", "rpc", []string{"bad chunk header"}},
		{"a chunk size without an end", netconftest.Hello11, "\n#11111111111111111111111111", "rpc", []string{"bad chunk header"}},
		{"a chunk size that counts characters", netconftest.Hello11, "\n#13\n<rpc-reply>ü</rpc-reply>\n##\n", "rpc", []string{"expected a chunk header"}},
		{"a document type", netconftest.Hello10, "<!DOCTYPE x><rpc-reply/>" + netconftest.EOM, "rpc", []string{"document type"}},
		{"white space for ever", netconftest.Hello11, strings.Repeat("\n", 100_000), "rpc", []string{"white space"}},
		{"empty messages for ever", netconftest.Hello11, strings.Repeat("\n##\n", 2000), "rpc", []string{"answer nothing"}},
		{"notifications for ever", netconftest.Hello10, strings.Repeat("<notification/>"+netconftest.EOM, 2000), "rpc", []string{"answer nothing", "<notification>"}},
		{"an endless notification", netconftest.Hello10, "<notification>" + strings.Repeat("x", 17<<20), "rpc", []string{"answer nothing"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(test.hello)
				_, id, _ := p.Request()
				if p.Device.Logins.Load() > 1 {
					p.Reply(netconftest.OKReply(id))
					p.Request()
					return
				}
				p.Send(test.raw)
				if !strings.HasPrefix(test.name, "closed") {
					p.Request()
				}
			})
			client := connect(t, device.Address)
			_, err := get(deadline(t), client)
			wantError(t, err, test.reason, test.words...)
			if reply, err := get(deadline(t), client); err != nil || reply != netconftest.OKReply("1") {
				t.Errorf("the next reply: %q, %v", reply, err)
			}
		})
	}
}

// TestStderr fills the standard error of the session, which must not block it.
func TestStderr(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		p.Stderr().Write([]byte(strings.Repeat("debug\n", 1<<20)))
		_, id, _ := p.Request()
		p.Reply(netconftest.OKReply(id))
		p.Request()
	})
	if _, err := get(deadline(t), connect(t, device.Address)); err != nil {
		t.Fatal(err)
	}
}

// TestGiveUp checks that the end of the context or an error of read ends an rpc and its session at once.
func TestGiveUp(t *testing.T) {
	enough := errors.New("enough")
	tests := []struct {
		name   string
		answer func(p *netconftest.Peer, id string)
		read   func(io.Reader) error
		reason session.Reason
		words  []string
	}{
		{"silence", func(*netconftest.Peer, string) {}, nil, "timeout", []string{"no answer to the rpc", "raise the target's timeout"}},
		{"a reply that stops", func(p *netconftest.Peer, _ string) { p.Send("\n#100\n<rpc-reply>") }, nil, "timeout", []string{"not complete", "after 11 bytes"}},
		{"a reply without end", endless, nil, "timeout", []string{"not complete"}},
		{"read gives up", endless, func(r io.Reader) error {
			if _, err := io.CopyN(io.Discard, r, 1<<20); err != nil {
				return err
			}
			return enough
		}, "rpc", []string{"enough"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(netconftest.Hello11)
				_, id, _ := p.Request()
				if p.Device.Logins.Load() > 1 {
					p.Reply(netconftest.OKReply(id))
				} else {
					test.answer(p, id)
				}
				p.Request()
			})
			client := connect(t, device.Address)
			if _, err := client.Connect(deadline(t), nil); err != nil {
				t.Fatal(err)
			}
			ctx := deadline(t)
			if test.reason == session.ReasonTimeout {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Second) // in which the first of the reply must arrive
				defer cancel()
			}
			read := test.read
			if read == nil {
				read = func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
			}
			err := client.RPC(ctx, nil, "<get/>", read)
			wantError(t, err, test.reason, test.words...)
			if test.read != nil && !errors.Is(err, enough) {
				t.Errorf("the error of read is not in %v", err)
			}
			if reply, err := get(deadline(t), client); err != nil || reply != netconftest.OKReply("1") {
				t.Errorf("the next reply: %q, %v", reply, err)
			}
		})
	}
}

// TestPanicWhileReading has the code that reads a reply panic, which must end the session only.
func TestPanicWhileReading(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address)
	for range 20 {
		err := client.RPC(deadline(t), nil, "<get/>", func(r io.Reader) error {
			var none []byte
			_, _ = r.Read(make([]byte, 1))
			return fmt.Errorf("%d", none[device.Logins.Load()])
		})
		wantError(t, err, session.ReasonRPC, "index out of range", "reply_test.go", "this is a bug")
		if reply, err := get(deadline(t), client); err != nil || reply != netconftest.OKReply("1") {
			t.Fatalf("the next reply: %q, %v", reply, err)
		}
	}
}

// endless sends a reply until the client closes the session.
func endless(p *netconftest.Peer, _ string) {
	text := strings.Repeat("<a/>", 1000)
	p.Send("\n#11\n<rpc-reply>")
	for {
		if _, err := fmt.Fprintf(p, "\n#%d\n%s", len(text), text); err != nil {
			return
		}
	}
}

// TestUnreadReply leaves most of a reply unread. The rest must not be read as the next one.
func TestUnreadReply(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		for {
			_, id, ok := p.Request()
			if !ok {
				return
			}
			p.Send(netconftest.Chunks(`<rpc-reply message-id="`+id+`">`+strings.Repeat("x", 100_000), 999))
		}
	})
	client := connect(t, device.Address)
	for i := range 3 {
		start := make([]byte, 27)
		err := client.RPC(deadline(t), nil, "<get/>", func(r io.Reader) error { _, err := io.ReadFull(r, start); return err })
		if want := fmt.Sprintf(`<rpc-reply message-id="%d">x`, i+1); err != nil || string(start[:len(want)]) != want {
			t.Fatalf("got %q, %v; want %q", start, err, want)
		}
	}
	if n := device.Logins.Load(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}
