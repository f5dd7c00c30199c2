package faults

import (
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// The device of the matrix has the YANG module of RFC 7223 and three interfaces.
const (
	capabilities = `<capability>urn:ietf:params:netconf:base:1.0</capability><capability>urn:ietf:params:netconf:base:1.1</capability>` +
		`<capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability>`
	hello = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` + capabilities + `</capabilities><session-id>7</session-id></hello>`
	ns    = `xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"`
	state = `<interfaces-state ` + ns + `>` +
		`<interface><name>eth0</name><oper-status>up</oper-status><statistics><in-octets>1000</in-octets></statistics></interface>` +
		`<interface><name>eth1</name><oper-status>up</oper-status><statistics><in-octets>1001</in-octets></statistics></interface>` +
		`<interface><name>eth2</name><oper-status>down</oper-status></interface></interfaces-state>`
	descriptions = `<interfaces ` + ns + `><interface><name>eth0</name><description>uplink</description></interface></interfaces>`
)

// behaviour answers a request for the state of the interfaces; false ends the session.
type behaviour func(p *netconftest.Peer, id string) bool

// well is the script of a healthy device.
var well = answering(hello, func() behaviour { return nil })

// answering is the script of a device that sends this hello and answers each rpc, by its present behaviour if it has one.
func answering(hello string, at func() behaviour) func(*netconftest.Peer) {
	return func(p *netconftest.Peer) {
		p.Greet(hello)
		for {
			rpc, id, ok := p.Request()
			wrong := at()
			switch {
			case !ok:
				return
			case strings.Contains(rpc, "close-session"):
				p.Reply(netconftest.OKReply(id))
				return
			case !strings.Contains(rpc, "<get>"):
				p.Reply(reply(id, data(descriptions)))
			case wrong == nil:
				p.Reply(reply(id, data(state)))
			case !wrong(p, id):
				return
			}
		}
	}
}

func reply(id, content string) string {
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">` + content + `</rpc-reply>`
}

func data(content string) string { return "<data>" + content + "</data>" }

// says makes the device send a reply with the given content.
func says(content string) func(*harness) {
	return does(func(p *netconftest.Peer, id string) bool { return p.Reply(reply(id, content)) })
}

// sends makes the device answer the request with raw text.
func sends(raw string) func(*harness) {
	return does(func(p *netconftest.Peer, _ string) bool { return p.Send(raw) })
}

// does sets the behaviour of the device, in the open session and in others, until the fault ends.
func does(wrong behaviour) func(*harness) {
	return func(s *harness) {
		s.behaviour.Store(&wrong)
		s.restore = append(s.restore, func() { s.behaviour.Store(nil) })
	}
}

// greets makes the device send another hello.
func greets(hello string) func(*harness) {
	return func(s *harness) { follows(answering(hello, s.now))(s) }
}

// follows makes the device run another script.
func follows(script func(*netconftest.Peer)) func(*harness) {
	return func(s *harness) { s.change(func(d *netconftest.Device) { d.Script = script }) }
}

// list is data with interfaces of these names.
func list(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("<interface><name>" + name + "</name><oper-status>up</oper-status></interface>")
	}
	return data(`<interfaces-state ` + ns + `>` + b.String() + `</interfaces-state>`)
}
