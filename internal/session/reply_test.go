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

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const body = `<data><interfaces xmlns="urn:x"><name>]]&gt;]]></name>ü</interfaces></data></rpc-reply>`

// TestReply has devices answer in their various ways; the first request has message-id 1. The client must hand on the
// message's bytes as they are, and get a plain answer to the next rpc.
func TestReply(t *testing.T) {
	plain := `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">` + body
	tests := []struct {
		name  string
		hello string
		raw   string // what the device sends
		want  string // what read gets
	}{
		{"end of message", hello10, plain + eom, plain},
		{"half an end-of-message mark in the text", hello10, "<rpc-reply>]]>]]" + body + eom, "<rpc-reply>]]>]]" + body},
		{"line feeds between messages", hello10, "\n\r\n \n" + plain + eom + "\n", "\n\r\n \n" + plain},
		{"empty messages", hello10, eom + "\n" + eom + plain + eom, plain},
		{"a large reply", hello10, "<rpc-reply>" + strings.Repeat("<a>]]]></a>", 50_000) + eom, "<rpc-reply>" + strings.Repeat("<a>]]]></a>", 50_000)},
		{"one chunk", hello11, chunks(plain, 1<<20), plain},
		{"chunks of one octet", hello11, chunks(plain, 1), plain},
		{"chunks that split tags and runes", hello11, chunks(plain, 7), plain},
		{"chunk marks in the text", hello11, chunks("<rpc-reply>\n##\n\n#5\nabc\n#4294967295\n"+eom+body, 20), "<rpc-reply>\n##\n\n#5\nabc\n#4294967295\n" + eom + body},
		{"surplus line feeds around chunks", hello11, "\n\n" + strings.ReplaceAll(chunks(plain, 50), "\n#", "\r\n\n#"), plain},
		{"ten digits", hello11, "\n#0000000011\n<rpc-reply>\n#0000000001\na\n##\n", "<rpc-reply>a"},
		{"empty chunked messages", hello11, "\n##\n\n##\n" + chunks(plain, 100), plain},
		{"a large chunk", hello11, chunks("<rpc-reply>"+strings.Repeat("x", 11_000_000), 11_000_011), "<rpc-reply>" + strings.Repeat("x", 11_000_000)},
		{"XML declaration in a chunk of its own", hello11, "\n#43\n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + chunks(plain, 30),
			`<?xml version="1.0" encoding="ISO-8859-1"?>` + plain},
		{"no namespace", hello11, chunks(`<rpc-reply message-id="1">`+body, 100), `<rpc-reply message-id="1">` + body},
		{"no message-id", hello11, chunks(`<rpc-reply>`+body, 100), `<rpc-reply>` + body},
		{"an empty message-id", hello11, chunks(`<rpc-reply message-id="">`+body, 100), `<rpc-reply message-id="">` + body},
		{"prefix", hello11, chunks(`<nc:rpc-reply xmlns:nc="urn:x" nc:message-id = '1'>`+body, 100), `<nc:rpc-reply xmlns:nc="urn:x" nc:message-id = '1'>` + body},
		{"attributes on lines of their own", hello10, "<nc:rpc-reply\n  xmlns:nc=\"urn:a>b\"\n  junos:x='\"'\n  message-id=\"1\"\n>" + body + eom,
			"<nc:rpc-reply\n  xmlns:nc=\"urn:a>b\"\n  junos:x='\"'\n  message-id=\"1\"\n>" + body},
		{"comments first", hello10, "<!-- <rpc-reply message-id='99'> --><?junos x?>" + plain + eom, "<!-- <rpc-reply message-id='99'> --><?junos x?>" + plain},
		{"byte order mark", hello10, "\ufeff" + plain + eom, "\ufeff" + plain},
		{"a self-closing reply", hello10, `<rpc-reply message-id="1"/>` + eom, `<rpc-reply message-id="1"/>`},
		{"an rpc-error without message-id", hello11, chunks(`<rpc-reply><rpc-error><error-tag>malformed-message</error-tag></rpc-error></rpc-reply>`, 9),
			`<rpc-reply><rpc-error><error-tag>malformed-message</error-tag></rpc-error></rpc-reply>`},
		{"bytes that are not UTF-8", hello10, "<rpc-reply>\xcd\xcd\x08\xfc" + body + eom, "<rpc-reply>\xcd\xcd\x08\xfc" + body},
		{"an old reply first", hello11, chunks(`<rpc-reply message-id="77">old</rpc-reply>`, 5) + chunks(plain, 100), plain},
		{"a notification first", hello11, chunks(`<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><eventTime/></notification>`, 5) +
			chunks(plain, 100), plain},
		{"an echo of the request first", hello10, `<rpc message-id="1"><get/></rpc>` + eom + plain + eom, plain},
		{"a second hello first", hello10, `<hello message-id="1"/>` + eom + plain + eom, plain},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := startDevice(t, func(p *peer) {
				p.greet(test.hello)
				p.request()
				p.send(test.raw)
				for {
					if _, id, ok := p.request(); ok {
						p.reply(okReply(id))
						continue
					}
					return
				}
			})
			client := connect(t, device.address)
			if reply, err := get(deadline(t), client); err != nil || reply != test.want {
				t.Fatalf("got %.200q, %v; want %.200q", reply, err, test.want)
			}
			if reply, err := get(deadline(t), client); err != nil || strings.TrimLeft(reply, "\n") != okReply("2") {
				t.Errorf("the next reply: %q, %v", reply, err)
			}
			if n := device.logins.Load(); n != 1 {
				t.Errorf("%d sessions, want 1", n)
			}
		})
	}
}

// chunks frames a message in chunks of a size (RFC 6242 section 4.2).
func chunks(message string, size int) string {
	var framed strings.Builder
	for len(message) > 0 {
		n := min(size, len(message))
		fmt.Fprintf(&framed, "\n#%d\n%s", n, message[:n])
		message = message[n:]
	}
	return framed.String() + "\n##\n"
}

// TestSlowReply has a reply trickle in, octet by octet, in both framings.
func TestSlowReply(t *testing.T) {
	for name, hello := range map[string]string{"base:1.0": hello10, "base:1.1": hello11} {
		t.Run(name, func(t *testing.T) {
			device := startDevice(t, func(p *peer) {
				p.greet(hello)
				_, id, _ := p.request()
				raw := "<?xml version='1.0'?>" + okReply(id)
				if p.chunked {
					raw = chunks(raw, 3)
				} else {
					raw += eom
				}
				io.Copy(p, iotest.OneByteReader(strings.NewReader(raw)))
				p.request()
			})
			if reply, err := get(deadline(t), connect(t, device.address)); err != nil || reply != "<?xml version='1.0'?>"+okReply("1") {
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
		{"closed before the reply", hello11, "", "rpc", []string{"the device closed the session"}},
		{"closed in the middle", hello10, "<rpc-reply><data>", "rpc", []string{"in the middle"}},
		{"closed in the middle of a chunk", hello11, "\n#100\n<rpc-reply>", "rpc", []string{"in the middle"}},
		{"closed between chunks", hello11, "\n#11\n<rpc-reply>", "rpc", []string{"in the middle"}},
		{"end-of-message framing after base:1.1", hello11, "<rpc-reply/>" + eom, "rpc", []string{"expected a chunk header", "<rpc-reply/>"}},
		{"a chunk of no size", hello11, "\n#0\n\n##\n", "rpc", []string{"bad chunk header"}},
		{"a chunk of a negative size", hello11, "\n#-1\nx\n##\n", "rpc", []string{"bad chunk header"}},
		{"a chunk that is too large", hello11, "\n#4294967296\nx\n##\n", "rpc", []string{"bad chunk header"}},
		{"a chunk size without an end", hello11, "\n#11111111111111111111111111", "rpc", []string{"bad chunk header"}},
		{"a chunk size that counts characters", hello11, "\n#13\n<rpc-reply>ü</rpc-reply>\n##\n", "rpc", []string{"expected a chunk header"}},
		{"a document type", hello10, "<!DOCTYPE x><rpc-reply/>" + eom, "rpc", []string{"document type"}},
		{"white space for ever", hello11, strings.Repeat("\n", 100_000), "rpc", []string{"white space"}},
		{"empty messages for ever", hello11, strings.Repeat("\n##\n", 2000), "rpc", []string{"answer nothing"}},
		{"notifications for ever", hello10, strings.Repeat("<notification/>"+eom, 2000), "rpc", []string{"answer nothing", "<notification>"}},
		{"an endless notification", hello10, "<notification>" + strings.Repeat("x", 17<<20), "rpc", []string{"answer nothing"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := startDevice(t, func(p *peer) {
				p.greet(test.hello)
				_, id, _ := p.request()
				if p.device.logins.Load() > 1 {
					p.reply(okReply(id))
					p.request()
					return
				}
				p.send(test.raw)
				if !strings.HasPrefix(test.name, "closed") {
					p.request()
				}
			})
			client := connect(t, device.address)
			_, err := get(deadline(t), client)
			wantError(t, err, test.reason, test.words...)
			if reply, err := get(deadline(t), client); err != nil || reply != okReply("1") {
				t.Errorf("the next reply: %q, %v", reply, err)
			}
		})
	}
}

// TestStderr fills the standard error of the session, which must not stall it.
func TestStderr(t *testing.T) {
	device := startDevice(t, func(p *peer) {
		p.greet(hello11)
		p.Stderr().Write([]byte(strings.Repeat("debug\n", 1<<20)))
		_, id, _ := p.request()
		p.reply(okReply(id))
		p.request()
	})
	if _, err := get(deadline(t), connect(t, device.address)); err != nil {
		t.Fatal(err)
	}
}

// TestGiveUp checks that the end of the context, or of read's patience, ends an rpc at once and with it the session.
func TestGiveUp(t *testing.T) {
	enough := errors.New("enough")
	tests := []struct {
		name   string
		answer func(p *peer, id string)
		read   func(io.Reader) error
		reason session.Reason
		words  []string
	}{
		{"silence", func(*peer, string) {}, nil, "timeout", []string{"no answer to the rpc", "raise the target's timeout"}},
		{"a reply that stops", func(p *peer, _ string) { p.send("\n#100\n<rpc-reply>") }, nil, "timeout", []string{"not complete", "after 11 bytes"}},
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
			device := startDevice(t, func(p *peer) {
				p.greet(hello11)
				_, id, _ := p.request()
				if p.device.logins.Load() > 1 {
					p.reply(okReply(id))
				} else {
					test.answer(p, id)
				}
				p.request()
			})
			client := connect(t, device.address)
			if _, err := client.Connect(deadline(t), nil); err != nil {
				t.Fatal(err)
			}
			ctx := deadline(t)
			if test.reason == session.ReasonTimeout {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
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
			if reply, err := get(deadline(t), client); err != nil || reply != okReply("1") {
				t.Errorf("the next reply: %q, %v", reply, err)
			}
		})
	}
}

// endless sends a reply for as long as someone listens.
func endless(p *peer, _ string) {
	text := strings.Repeat("<a/>", 1000)
	p.send("\n#11\n<rpc-reply>")
	for {
		if _, err := fmt.Fprintf(p, "\n#%d\n%s", len(text), text); err != nil {
			return
		}
	}
}

// TestUnreadReply leaves most of a reply unread, which must not be taken for the next one.
func TestUnreadReply(t *testing.T) {
	device := startDevice(t, func(p *peer) {
		p.greet(hello11)
		for {
			_, id, ok := p.request()
			if !ok {
				return
			}
			p.send(chunks(`<rpc-reply message-id="`+id+`">`+strings.Repeat("x", 100_000), 999))
		}
	})
	client := connect(t, device.address)
	for i := range 3 {
		start := make([]byte, 27)
		err := client.RPC(deadline(t), nil, "<get/>", func(r io.Reader) error { _, err := io.ReadFull(r, start); return err })
		if want := fmt.Sprintf(`<rpc-reply message-id="%d">x`, i+1); err != nil || string(start[:len(want)]) != want {
			t.Fatalf("got %q, %v; want %q", start, err, want)
		}
	}
	if n := device.logins.Load(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}
