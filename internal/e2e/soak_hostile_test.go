//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// hostilePrefix begins the names of devices that take as much as they can.
const hostilePrefix = "hostile-"

const (
	hostileNS    = ` xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"`
	hostileHello = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>` +
		`<capability>urn:ietf:params:netconf:base:1.1</capability><capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability>` +
		`%s</capabilities><session-id>7</session-id></hello>`
)

// hostile are devices that take as much of the exporter as they can, each in one of several ways.
type hostile struct {
	t       *testing.T
	file    string // of their targets
	targets string
	reads   atomic.Int64
}

func newHostile(t *testing.T) *hostile {
	return &hostile{t: t, file: filepath.Join(t.TempDir(), "hostile.yml")}
}

// start starts devices. configure makes them targets.
func (h *hostile) start(devices int) {
	var b strings.Builder
	for i := range devices {
		d := netconftest.Start(h.t, h.script(i))
		fmt.Fprintf(&b, "  - {name: %s%02d, address: %q, auth: hostile}\n", hostilePrefix, i, d.Address)
	}
	h.targets = b.String()
}

// configure writes the file of targets, with the devices or with none.
func (h *hostile) configure(with bool) {
	text := "auths: {hostile: {username: " + netconftest.User + ", password: " + netconftest.Password + ", insecure_ignore_host_key: true}}\n"
	if with {
		text += "targets:\n" + h.targets
	}
	if err := os.WriteFile(h.file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// script is what one device does in a session. It takes its time, since the test is not to measure how fast the device is.
func (h *hostile) script(kind int) func(*netconftest.Peer) {
	capability := ""
	if kind%5 == 4 { // as many capabilities as fit in a hello
		capability = strings.Repeat("<capability>urn:x</capability>", 30_000)
	}
	return func(p *netconftest.Peer) {
		p.Greet(fmt.Sprintf(hostileHello, capability))
		for {
			rpc, id, ok := p.Request()
			if !ok {
				return
			}
			n := h.reads.Add(1)
			time.Sleep(time.Second)
			if strings.Contains(rpc, "get-config") || strings.Contains(rpc, "close-session") {
				if kind%5 == 1 { // names are kept while another read fails
					p.Reply(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `"><rpc-error><error-type>application</error-type>` +
						`<error-tag>operation-failed</error-tag><error-severity>error</error-severity></rpc-error></rpc-reply>`)
					continue
				}
				p.Reply(netconftest.OKReply(id))
				continue
			}
			if !h.flood(p, kind, n, id) {
				return
			}
		}
	}
}

// flood answers with interfaces without end, until the exporter gives up, or with very many of them.
func (h *hostile) flood(p *netconftest.Peer, kind int, n int64, id string) bool {
	start := `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `"><data><interfaces-state` + hostileNS + `>`
	chunk := func(text string) bool { return p.Send(fmt.Sprintf("\n#%d\n%s", len(text), text)) }
	if !chunk(start) {
		return false
	}
	rows, name := 20_000, "n"
	switch kind % 5 {
	case 0: // one device after the other fills the memory
		rows = 200_000
	case 2:
		rows, name = 200, strings.Repeat("x", 60_000)
	case 3: // never ends
		for chunk("<a>" + strings.Repeat("x", 1000) + "</a>") {
			time.Sleep(10 * time.Millisecond)
		}
		return false
	}
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, "<interface><name>%s%d-%d</name></interface>", name, n, i)
		if b.Len() > 30_000 {
			if !chunk(b.String()) {
				return false
			}
			b.Reset()
		}
	}
	return chunk(b.String()+"</interfaces-state></data></rpc-reply>") && p.Send("\n##\n")
}
