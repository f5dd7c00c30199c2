package faults

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// certified has the device show another certificate of the authority.
func certified(leaf labcert.Leaf) func(*harness) {
	return func(s *harness) {
		s.change(func(d *netconftest.Device) { d.TLS = s.shows(s.lab.Authority, leaf) })
	}
}

var expired = labcert.Leaf{From: time.Now().Add(-2 * time.Hour), Until: time.Now().Add(-time.Hour)}

// stranger has the device show the certificate of an authority that nobody trusts.
func stranger(s *harness) {
	s.change(func(d *netconftest.Device) { d.TLS = s.shows(s.lab.Stranger(), labcert.Leaf{}) })
}

// refusesOurs has the device refuse the exporter's certificate, which it does at other times in TLS 1.2 and 1.3.
func refusesOurs(version uint16) func(*harness) {
	return func(s *harness) {
		s.lab.Renew(s.lab.Stranger(), labcert.Leaf{Subject: "exporter"})
		s.restore = append(s.restore, func() { s.lab.Renew(s.lab.Authority, labcert.Leaf{Subject: "exporter"}) })
		s.change(func(d *netconftest.Device) {
			d.TLS = d.TLS.Clone()
			d.TLS.MinVersion, d.TLS.MaxVersion = version, version
		})
	}
}

// overTLS are faults of a device that speaks NETCONF over TLS. Those of hellos, framing and replies are the same as over SSH: a few stand
// for them.
func overTLS() []fault {
	good := func(id string) string { return reply(id, data(state)) }
	refused := outcome{reason: "auth", then: "backoff", says: "refuses our certificate", dials: dials{"auth": 1}}
	rows := []fault{
		{name: "refused", begin: down, want: failed("refused", "connection refused")},
		{name: "silent after TCP", begin: tcp(silent), silent: true,
			want: failed("timeout", "did not answer the TLS handshake in time")},
		{name: "another server", begin: tcp(func(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-x\r\n") }), want: failed("tls", "is an SSH server")},
		{name: "expired", begin: certified(expired), want: failed("tls", "expired at")},
		{name: "not yet valid", begin: certified(labcert.Leaf{From: time.Now().Add(time.Hour), Until: time.Now().Add(2 * time.Hour)}), want: failed("tls", "is not valid before")},
		{name: "another name", begin: certified(labcert.Leaf{Names: []string{"router2"}}), want: failed("tls", `is for "router2"`)},
		{name: "unknown authority", begin: stranger, want: failed("tls", "an authority that is not trusted")},
		{name: "our certificate refused in TLS 1.2", settings: patient, begin: refusesOurs(tls.VersionTLS12), want: refused},
		{name: "our certificate refused in TLS 1.3", settings: patient, begin: refusesOurs(tls.VersionTLS13), want: refused},
		{name: "silent instead of a hello", begin: follows(func(p *netconftest.Peer) { p.Wait() }), silent: true, want: failed("hello", "no NETCONF hello in time")},
		{name: "closed instead of a hello", begin: follows(func(*netconftest.Peer) {}), want: failed("hello", "closed the session")},
		{name: "chunks of 7", begin: does(func(p *netconftest.Peer, id string) bool { return p.Send(netconftest.Chunks(good(id), 7)) }), want: served},
		{name: "half a reply, then closed without notice", begin: does(func(p *netconftest.Peer, id string) bool {
			p.Send("\n#1000\n" + good(id)[:200])
			p.Device.Drop()
			return false
		}), want: broken(0, "rpc", "in the middle of a message")},
		{name: "silence instead of a reply", begin: does(func(*netconftest.Peer, string) bool { return true }), silent: true, want: broken(0, "timeout", "no answer to the rpc")},
		{name: "a reply that never ends", begin: does(func(p *netconftest.Peer, id string) bool {
			return p.Send("\n#11\n<rpc-reply>") && endless(p, "\n#10000\n"+strings.Repeat("x", 10_000))
		}), want: broken(1, "rpc", "larger than max_reply_bytes")},
		{name: "idle drop", begin: func(s *harness) { s.device.Drop() }, want: reopened},
		{name: "notifications for ever after the login", begin: follows(func(p *netconftest.Peer) {
			p.Greet(hello)
			for block := fmt.Sprintf("<notification>%s</notification>", strings.Repeat("x", 16<<10)); p.Reply(block); {
				time.Sleep(5 * time.Millisecond)
			}
		}), want: failed("rpc", "answers nothing: ").with(func(o *outcome) { o.dials = dials{"ok": 2} })},
	}
	for i := range rows {
		rows[i].name, rows[i].over = "TLS: "+rows[i].name, config.TransportTLS
	}
	return rows
}
