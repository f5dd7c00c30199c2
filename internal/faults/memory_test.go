package faults

import (
	"fmt"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// memoryLimit is what all devices of a harness together may take, in octets.
const memoryLimit = 32 << 20

// taking are devices that take as much memory as they can.
func taking() []fault {
	numbered := func(prefix string, n int) []string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprint(prefix, i)
		}
		return names
	}
	long := strings.Repeat("x", 60_000)
	var library strings.Builder
	library.WriteString(`<modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">`)
	for _, name := range numbered("m", 20_000) {
		library.WriteString("<module><name>" + name + "</name><namespace>urn:" + name + "</namespace></module>")
	}
	library.WriteString("</modules-state>")
	return []fault{
		{name: "100,000 rows of one leaf", alone: true, settings: "timeout: 8s, max_reply_bytes: 64MiB",
			begin: says(strings.ReplaceAll(list(numbered("", 100_000)...), "<oper-status>up</oper-status>", "")),
			want:  outcome{reason: "memory", says: "raise --collector.memory-limit"}},
		{name: "names of 60 KB", begin: says(list("eth0", "eth1", "eth2", long+"1", long+"2")),
			want: served.with(func(o *outcome) { o.skipped = skipped{"limit": 2} })},
		{name: "a description of 60 KB", begin: follows(func(p *netconftest.Peer) {
			p.Greet(hello)
			serve(p, func(rpc string) string {
				if strings.Contains(rpc, "<get>") {
					return state
				}
				return strings.Replace(descriptions, "uplink", long, 1)
			})
		}), want: reopened.with(func(o *outcome) { o.skipped = skipped{"cut": 1} })},
		{name: "names of 60 KB in XML", begin: says("<data><" + long + "/></data>"), want: broken(1, "rpc", "a name of more than 1 KiB")},
		{name: "5,000 attributes", begin: says("<data" + strings.Repeat(" a=''", 5000) + "/>"), want: broken(1, "rpc", "thousands of attributes")},
		{name: "a YANG library of 20,000 modules", begin: follows(func(p *netconftest.Peer) {
			p.Greet(strings.Replace(hello, "</capabilities>",
				"<capability>urn:ietf:params:netconf:capability:yang-library:1.0?module-set-id=1</capability></capabilities>", 1))
			serve(p, func(rpc string) string {
				switch {
				case strings.Contains(rpc, "modules-state"):
					return library.String()
				case strings.Contains(rpc, "<get>"):
					return state
				}
				return descriptions
			})
		}), want: reopened.with(func(o *outcome) { o.dials = dials{"ok": 2} })}, // what does not end as it should costs the session
	}
}

// serve answers rpcs with data until the session ends.
func serve(p *netconftest.Peer, answer func(rpc string) string) {
	for {
		rpc, id, ok := p.Request()
		switch {
		case !ok:
			return
		case strings.Contains(rpc, "close-session"):
			p.Reply(netconftest.OKReply(id))
			return
		}
		p.Reply(reply(id, data(answer(rpc))))
	}
}
