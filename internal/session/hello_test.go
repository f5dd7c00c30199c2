package session_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const (
	base10 = "urn:ietf:params:netconf:base:1.0"
	base11 = "urn:ietf:params:netconf:base:1.1"
)

// TestHello gives the client the hellos of real devices, and checks what it makes of them and how it frames the first rpc.
func TestHello(t *testing.T) {
	tests := []struct {
		name      string
		hello     string
		first     string // the first capability
		sessionID string
		chunked   bool
	}{
		{"base:1.0", netconftest.Hello10, base10, "7", false},
		{"base:1.1", netconftest.Hello11, base10, "7", true},
		{"base:1.1 alone", strings.Replace(netconftest.Hello11, "<capability>"+base10+"</capability>", "", 1), base11, "7", true},
		{"no namespace", strings.Replace(netconftest.Hello10, ` xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"`, "", 1), base10, "7", false},
		{"prefix", `<nc:hello xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"><nc:capabilities><nc:capability>` + base11 +
			`</nc:capability></nc:capabilities><nc:session-id>9</nc:session-id></nc:hello>`, base11, "9", true},
		{"unbound prefix", `<nc:hello><nc:capabilities><nc:capability>` + base10 + `</nc:capability></nc:capabilities></nc:hello>`, base10, "", false},
		{"message-id", strings.Replace(netconftest.Hello10, "<hello ", `<hello message-id="42" `, 1), base10, "7", false},
		{"comments first", "\n<!-- No zombies were killed --> <!-- user <hello> -->\n" + netconftest.Hello10, base10, "7", false},
		{"byte order mark", "\ufeff<?xml version='1.0' encoding='utf-8'?>" + netconftest.Hello10, base10, "7", false},
		{"ISO-8859-1", `<?xml version="1.0" encoding="ISO-8859-1"?>` + netconftest.Hello10, base10, "7", false},
		{"XML 1.1", `<?xml version="1.1"?>` + netconftest.Hello10, base10, "7", false},
		{"no session-id", `<hello><capabilities><capability>` + base10 + `</capability></capabilities></hello>`, base10, "", false},
		{"session-id inside capabilities", `<hello><capabilities><capability>` + base10 +
			`</capability><session-id> 5 </session-id></capabilities></hello>`, base10, "5", false},
		{"white space", "<hello>\n <capabilities>\n  <capability>\n   " + base11 + "\n\t</capability></capabilities></hello>", base11, "", true},
		{"the wrong base:1.0", `<hello><capabilities><capability>urn:ietf:params:xml:ns:netconf:base:1.0</capability></capabilities></hello>`,
			"urn:ietf:params:xml:ns:netconf:base:1.0", "", false},
		{"bytes that are not UTF-8", strings.Replace(netconftest.Hello10, "<capability>", "<capability>urn:m\xfcll\x08er</capability><capability>", 1), "urn:m\ufffdller", "7", false},
		{"bare ampersand", strings.Replace(netconftest.Hello10, "<capability>", "<capability>urn:a?module=a&revision=1</capability><capability>", 1),
			"urn:a?module=a&revision=1", "7", false},
		{"more behind it", netconftest.Hello10 + "\n<more/> and more\n", base10, "7", false},
		{"text ahead of it", "Last login: today\n" + netconftest.Hello10, base10, "7", false},
		{"empty message ahead of it", "\n" + netconftest.EOM + "\n" + netconftest.Hello10, base10, "7", false},
		{"600 capabilities", strings.Replace(netconftest.Hello11, "</capabilities>", strings.Repeat("<capability>http://example.com/yang/"+
			strings.Repeat("x", 120)+"</capability>\n", 600)+"</capabilities>", 1), base10, "7", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			requests := make(chan string, 1)
			device := netconftest.Start(t, func(p *netconftest.Peer) {
				p.Greet(test.hello)
				p.Chunked = test.chunked
				rpc, id, _ := p.Request()
				requests <- rpc
				p.Reply(netconftest.OKReply(id))
				p.Request()
			})
			client := connect(t, device.Address)
			hello, err := client.Connect(deadline(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			if hello.Capabilities[0] != test.first || hello.SessionID != test.sessionID {
				t.Errorf("got %q and session-id %q, want %q and %q", hello.Capabilities[0], hello.SessionID, test.first, test.sessionID)
			}
			if reply, err := get(deadline(t), client); err != nil || reply != netconftest.OKReply("1") {
				t.Errorf("reply %q, %v", reply, err)
			}
			// The first rpc ends in white space, for netconfd: see TestBusyNetconfd.
			rpc := strings.Join(strings.Fields(<-requests), " ")
			if !strings.Contains(rpc, `<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><get/> </rpc>`) {
				t.Errorf("sent %q", rpc)
			}
		})
	}
}

// TestOwnHello checks the hello that we send: at once, with an XML declaration and nothing after the end of message.
func TestOwnHello(t *testing.T) {
	sent := make(chan string, 1)
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		hello, _ := p.UntilEOM() // the device waits for ours
		p.Send(netconftest.Hello10 + netconftest.EOM)
		next, _ := p.In.ReadByte()
		p.In.UnreadByte()
		sent <- hello + string(next)
		_, id, _ := p.Request()
		p.Reply(netconftest.OKReply(id))
		p.Request()
	})
	if _, err := get(deadline(t), connect(t, device.Address)); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` +
		`<capability>` + base10 + `</capability><capability>` + base11 + `</capability></capabilities></hello>]]>]]><`
	if got := <-sent; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// TestBadHello checks the errors for messages that are no hello.
func TestBadHello(t *testing.T) {
	tests := []struct {
		name   string
		script func(*netconftest.Peer)
		words  []string
	}{
		{"silence", func(p *netconftest.Peer) { p.UntilEOM(); p.UntilEOM() }, []string{"no NETCONF hello in time", "limit of sessions"}},
		{"no end of message", func(p *netconftest.Peer) { p.Send(netconftest.Hello10); p.UntilEOM(); p.UntilEOM() }, []string{"no NETCONF hello in time", "<hello xmlns"}},
		{"a shell", func(p *netconftest.Peer) { p.Send("router1> "); p.UntilEOM(); p.UntilEOM() }, []string{"a shell or menu answers", "no NETCONF hello in time", `"router1>"`}},
		{"netconftest.Chunks from the first byte", func(p *netconftest.Peer) { p.Send("\n#10\n<hello xmln\n#4\ns=''>"); p.UntilEOM(); p.UntilEOM() },
			[]string{"in chunks", "RFC 6242"}},
		{"another document", func(p *netconftest.Peer) { p.Greet(`<html><body>Not here</body></html>`) }, []string{"expected a NETCONF hello", "<html>"}},
		{"text", func(p *netconftest.Peer) { p.Greet("hello") }, []string{"a shell or menu answers", "expected a NETCONF hello", `"hello"`}},
		{"a menu", func(p *netconftest.Peer) {
			p.Send("\x1b[2J\r\n  1) Status\r\n  2) Logout\r\nChoose: ")
			p.UntilEOM()
			p.UntilEOM()
		}, []string{"a shell or menu answers", "1) Status"}},
		{"no capabilities", func(p *netconftest.Peer) { p.Greet("<hello><capabilities/></hello>") }, []string{"no capability"}},
		{"broken XML", func(p *netconftest.Peer) { p.Greet("<hello><capabilities><capability></hel") }, []string{"cannot be read"}},
		{"a document type", func(p *netconftest.Peer) { p.Greet(`<!DOCTYPE hello [<!ENTITY a "b">]>` + netconftest.Hello10) }, []string{"document type"}},
		{"closed at once", func(p *netconftest.Peer) {}, []string{"closed the session"}},
		{"closed in the middle", func(p *netconftest.Peer) { p.Send("<hello><capab") }, []string{"in the middle", "<hello><capab"}},
		{"closed with a word on stderr", func(p *netconftest.Peer) { p.Stderr().Write([]byte("\nncxserver not running\nmore\n")) },
			[]string{"closed the session", "ncxserver not running"}},
		{"too large", func(p *netconftest.Peer) {
			p.Send("<hello><capabilities>")
			for range 5 << 10 {
				p.Send("<capability>" + strings.Repeat("x", 1000) + "</capability>")
			}
			p.UntilEOM()
			p.UntilEOM()
		}, []string{"larger than"}},
		{"bare attributes", func(p *netconftest.Peer) {
			p.Greet("<hello><capabilities>" + strings.Repeat("<a"+strings.Repeat(" a=''", 5000)+"/>", 20) + "</capabilities></hello>")
			p.Wait()
		}, []string{"thousands of attributes"}},
		{"a long session-id and no capability", func(p *netconftest.Peer) {
			p.Greet("<hello><session-id>" + strings.Repeat("7", 500<<10) + "</session-id></hello>")
			p.Wait()
		}, []string{"no capability"}},
		{"an endless comment", func(p *netconftest.Peer) { p.Send("<!--" + strings.Repeat("x", 20<<10)); p.UntilEOM(); p.UntilEOM() }, []string{"no element within"}},
		{"empty messages for ever", func(p *netconftest.Peer) {
			for {
				if _, err := p.Write([]byte(strings.Repeat("\n"+netconftest.EOM, 100))); err != nil {
					return
				}
			}
		}, []string{"empty messages"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, test.script)
			client := connect(t, device.Address, func(o *session.Options) {
				o.Timeouts.Hello = 500 * time.Millisecond
				if test.name == "too large" || test.name == "empty messages for ever" {
					o.Timeouts.Hello = 10 * time.Second
				}
			})
			trace := session.NewTrace()
			_, err := client.Connect(deadline(t), trace)
			wantError(t, err, session.ReasonHello, append(test.words, device.Address)...)
			if stats := client.Stats(); stats.Dials[session.ReasonHello] != 1 || stats.Established {
				t.Errorf("stats %+v", stats)
			}
			if events := trace.Events(); events[len(events)-1].Phase != "hello" {
				t.Errorf("the trace ends with %+v", events[len(events)-1])
			}
		})
	}
}

// TestCorpusHellos gives the client the hellos that real devices sent, if the recordings exist.
func TestCorpusHellos(t *testing.T) {
	tests := []struct {
		file         string
		capabilities int
		sessionID    string
		chunked      bool
	}{
		{"siklu-clixon/siklu-hello_message-id-attr_pretty.xml", 6, "19", false},
		{"huawei/huawei-ce6866-hello_77k.xml", 411, "31598", true},
		{"juniper/junos-hello_nc-prefixed_mx960_17.3_rfc-compliant.xml", 6, "13340", false},
		{"juniper/junos-hello_no-namespace_srx.xml", 7, "1985", false},
		{"juniper/junos-hello_comments-before-root.xml", 7, "19313", false},
		{"cisco-iosxr/xr-ncs540-server_capabilities.xml", 538, "223701078", true},
		{"yuma123-netconfd/yuma-1.1-hello.raw", 41, "2", true},
		{"yuma123-netconfd/yuma-1.0-hello.raw", 41, "1", true},
	}
	for _, test := range tests {
		t.Run(filepath.Base(test.file), func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("../../../shared/corpus", test.file))
			if err != nil {
				t.Skip("the corpus is not here")
			}
			hello, _, _ := strings.Cut(string(raw), netconftest.EOM)
			device := netconftest.Start(t, func(p *netconftest.Peer) { p.Greet(hello); p.Request() })
			client := connect(t, device.Address)
			got, err := client.Connect(deadline(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			chunked := slices.Contains(got.Capabilities, base11)
			if len(got.Capabilities) != test.capabilities || got.SessionID != test.sessionID || chunked != test.chunked {
				t.Errorf("%d capabilities, session-id %q, base:1.1 %v; want %d, %q, %v",
					len(got.Capabilities), got.SessionID, chunked, test.capabilities, test.sessionID, test.chunked)
			}
		})
	}
}
