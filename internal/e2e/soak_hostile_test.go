//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// hostilePrefix begins the names of devices that take as much as they can.
const hostilePrefix = "hostile-"

const (
	hostileNS    = ` xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"`
	hostileHello = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>` +
		`<capability>urn:ietf:params:netconf:base:1.1</capability><capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability>` +
		`%s</capabilities><session-id>7</session-id></hello>`
	hostileCapabilities = "/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities"
	hostileLibrary      = `<modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"><module><name>ietf-interfaces</name><revision>2014-05-08</revision>` +
		`<namespace>urn:ietf:params:xml:ns:yang:ietf-interfaces</namespace><conformance-type>implement</conformance-type></module></modules-state>`
)

// hostile are devices that take as much of the exporter as they can, each in one of several ways, over one of the faces; and callers that are no
// targets.
type hostile struct {
	t        *testing.T
	callHome string // where devices call
	lab      *netconftest.TLSLab
	file     string // of their targets
	targets  string
	reads    atomic.Int64
	calls    atomic.Int64   // of those that are no targets
	calling  sync.WaitGroup // those that are under way
}

func newHostile(t *testing.T, callHome string) *hostile {
	return &hostile{t: t, callHome: callHome, lab: netconftest.NewTLSLab(t), file: filepath.Join(t.TempDir(), "hostile.yml")}
}

// start starts devices. configure makes them targets.
func (h *hostile) start(devices int) {
	var b strings.Builder
	stop := make(chan struct{})
	var calling sync.WaitGroup
	for i := range devices {
		kind, script := i%5, h.script(i%5)
		fmt.Fprintf(&b, "  - {name: %s%02d, ", hostilePrefix, i)
		switch i / 5 % 4 {
		case 0:
			fmt.Fprintf(&b, "auth: hostile, address: %q}\n", netconftest.Start(h.t, script).Address)
		case 1:
			fmt.Fprintf(&b, "auth: hostile_tls, transport: tls, address: %q}\n", netconftest.StartTLS(h.lab, script).Address)
		case 2:
			fmt.Fprintf(&b, "auth: hostile_web, transport: restconf, address: %q}\n", h.restconf(kind).Start(h.t, nil).Address())
		case 3:
			d := netconftest.Start(h.t, script)
			fmt.Fprintf(&b, "auth: hostile, call_home: true, host_key_fingerprints: [%q]}\n", ssh.FingerprintSHA256(d.Key))
			calling.Go(func() {
				each(stop, time.Second, func() {
					if d.Connections() == 0 {
						_ = d.Call(h.callHome) // a reload may have closed the port
					}
				})
			})
		}
	}
	h.targets = b.String()
	h.t.Cleanup(func() { close(stop); calling.Wait() })
}

// configure writes the file of targets, with the devices or with none.
func (h *hostile) configure(with bool) {
	text := fmt.Sprintf(`auths:
  hostile: {username: %[1]s, password: %[2]s, insecure_ignore_host_key: true}
  hostile_tls: {tls_config: {ca_file: %[3]q, cert_file: %[4]q, key_file: %[5]q}}
  hostile_web: {username: %[1]s, password: %[2]s, tls_config: {insecure_skip_verify: true}}
`, netconftest.User, netconftest.Password, h.lab.File("ca.pem"), h.lab.File("cert.pem"), h.lab.File("key.pem"))
	if with {
		text += "targets:\n" + h.targets
	}
	if err := os.WriteFile(h.file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// tooMany are as many capabilities as fit in a hello, of devices of one kind.
func tooMany(kind int) string {
	if kind != 4 {
		return ""
	}
	return strings.Repeat("<capability>urn:x</capability>", 30_000)
}

// script is what one device does in a session. It takes its time, since the test is not to measure how fast the device is.
func (h *hostile) script(kind int) func(*netconftest.Peer) {
	return func(p *netconftest.Peer) {
		p.Greet(fmt.Sprintf(hostileHello, tooMany(kind)))
		for {
			rpc, id, ok := p.Request()
			if !ok {
				return
			}
			n := h.reads.Add(1)
			time.Sleep(time.Second)
			reply := `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">`
			chunk := func(text string) bool { return p.Send(fmt.Sprintf("\n#%d\n%s", len(text), text)) }
			switch {
			case !strings.Contains(rpc, "get-config") && !strings.Contains(rpc, "close-session"):
				if !chunk(reply+"<data>") || !flood(chunk, kind, n) || !chunk("</data></rpc-reply>") || !p.Send("\n##\n") {
					return
				}
			case kind == 1: // names are kept while another read fails
				p.Reply(reply + `<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag><error-severity>error</error-severity></rpc-error></rpc-reply>`)
			default:
				p.Reply(netconftest.OKReply(id))
			}
		}
	}
}

// restconf is the same for a device that speaks RESTCONF.
func (h *hostile) restconf(kind int) *netconftest.RESTCONF {
	const library = "/restconf/data/ietf-yang-library:modules-state"
	d := &netconftest.RESTCONF{Username: netconftest.User, Password: netconftest.Password, Answers: map[string]string{
		library: hostileLibrary, library + "/module-set-id": `<module-set-id xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">1</module-set-id>`,
		hostileCapabilities: `<capabilities xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf-monitoring">` + tooMany(kind) + `</capabilities>`,
	}}
	d.Handle = func(w http.ResponseWriter, r *http.Request) bool {
		state := strings.HasSuffix(r.URL.Path, ":interfaces-state")
		if !state && !strings.HasSuffix(r.URL.Path, ":interfaces") {
			return false
		}
		n := h.reads.Add(1)
		time.Sleep(time.Second)
		w.Header().Set("Content-Type", "application/yang-data+xml")
		switch {
		case state:
			flood(func(text string) bool { _, err := io.WriteString(w, text); return err == nil }, kind, n)
		case kind == 1:
			d.Error(w, http.StatusInternalServerError, "operation-failed", "")
		default:
			_, _ = io.WriteString(w, "<interfaces"+hostileNS+"/>") // the client may have gone
		}
		return true
	}
	return d
}

// flood sends interfaces without end, until the exporter gives up, or very many of them. It returns false if the exporter gave up.
func flood(send func(text string) bool, kind int, n int64) bool {
	if !send("<interfaces-state" + hostileNS + ">") {
		return false
	}
	rows, name := 20_000, "n"
	switch kind {
	case 0: // one device after the other fills the memory
		rows = 200_000
	case 2:
		rows, name = 200, strings.Repeat("x", 60_000)
	case 3: // never ends
		for send("<a>" + strings.Repeat("x", 1000) + "</a>") {
			time.Sleep(10 * time.Millisecond)
		}
		return false
	}
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, "<interface><name>%s%d-%d</name></interface>", name, n, i)
		if b.Len() > 30_000 {
			if !send(b.String()) {
				return false
			}
			b.Reset()
		}
	}
	return send(b.String() + "</interfaces-state>")
}

// callUnknown calls as a device that is no target, from an address of its own: it says nothing, or what is no SSH, or shows its key.
func (h *hostile) callUnknown() {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	conn, err := from.Dial("tcp", h.callHome)
	if err != nil { // a reload has closed the port for a moment
		return
	}
	n := h.calls.Add(1)
	h.calling.Go(func() { // the exporter ends it
		defer conn.Close()
		switch n % 3 {
		case 0:
			_, _ = io.Copy(io.Discard, conn)
		case 1:
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn)
		case 2:
			config := &ssh.ServerConfig{NoClientAuth: true}
			config.AddHostKey(netconftest.NewKey(h.t, "ed25519"))
			_, _, _, _ = ssh.NewServerConn(conn, config)
		}
	})
}
