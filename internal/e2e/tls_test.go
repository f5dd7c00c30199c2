//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// stunnel is a server of NETCONF over TLS: stunnel, and behind it netconfd's subsystem.
type stunnel struct {
	*process
	address string
	log     func() string
}

// startStunnel starts one in front of a device. It shows a certificate of the authority, and wants one of the lab's.
func startStunnel(t *testing.T, d *device, lab *netconftest.TLSLab, version string, by *labcert.Authority, leaf labcert.Leaf) *stunnel {
	t.Helper()
	need(t, "stunnel4")
	dir := t.TempDir()
	write := func(name string, content []byte, mode os.FileMode) string {
		path := dir + "/" + name
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pair, err := by.Issue(leaf)
	if err != nil {
		t.Fatal(err)
	}
	// The subsystem reads of sshd's variables who has logged in and from where.
	subsystem := write("subsystem", fmt.Appendf(nil, "#!/bin/sh\nexport USER=%s SSH_CONNECTION='127.0.0.1 1 127.0.0.1 %d'\nexec /usr/sbin/netconf-subsystem --ncxserver-sockname=%d@%s\n",
		deviceUser, d.port, d.port, d.path("ncx")), 0o755)
	s := &stunnel{address: fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))}
	log := dir + "/log"
	file := write("stunnel.conf", fmt.Appendf(nil, `foreground = yes
pid =
debug = info
output = %s
[netconf]
accept = %s
exec = %s
cert = %s
key = %s
CAfile = %s
verifyChain = yes
sslVersionMin = %[7]s
sslVersionMax = %[7]s
`, log, s.address, subsystem, write("cert.pem", pair.Certificate, 0o600), write("key.pem", pair.Key, 0o600), lab.File("ca.pem"), version), 0o600)
	s.log = func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}
	s.process = start(t, exec.Command("stunnel4", file))
	waitFor(t, "stunnel to listen", func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of stunnel:\n%s", s.log())
		}
	})
	return s
}

// logins are the handshakes that ended well, refusals those that did not.
func (s *stunnel) logins() int   { return strings.Count(s.log(), "TLS accepted: ") }
func (s *stunnel) refusals() int { return strings.Count(s.log(), "certificate verify failed") }

// TestTLS reads netconfd behind stunnel, in both versions of TLS: with good certificates, with devices whose certificates are not, and with one of
// ours that the devices refuse until it is renewed.
func TestTLS(t *testing.T) {
	netconfd := startDevice(t)
	for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
		t.Run(version, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			here := []string{"127.0.0.1"}
			devices := map[string]*stunnel{
				"good":     startStunnel(t, netconfd, lab, version, lab.Authority, labcert.Leaf{Subject: "good", Names: here}),
				"expired":  startStunnel(t, netconfd, lab, version, lab.Authority, labcert.Leaf{Subject: "expired", Names: here, From: time.Now().Add(-time.Hour), Until: time.Now().Add(-time.Minute)}),
				"stranger": startStunnel(t, netconfd, lab, version, lab.Stranger(), labcert.Leaf{Subject: "stranger", Names: here}),
				"misnamed": startStunnel(t, netconfd, lab, version, lab.Authority, labcert.Leaf{Subject: "misnamed", Names: []string{"r9.example.net"}}),
			}
			var file bytes.Buffer
			fmt.Fprintf(&file, "auths: {cert: {tls_config: {ca_file: %q, cert_file: %q, key_file: %q}}}\ndefaults: {transport: tls}\ntargets:\n", lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem"))
			for name, device := range devices {
				fmt.Fprintf(&file, "- {name: %s, address: %q, auth: cert}\n", name, device.address)
			}
			e := startExporter(t, file.String())
			waitFor(t, "the good device to be up", func() bool {
				return slices.Equal(e.scrape("/metrics", 15*time.Second).values("netconf_up", "target=good"), []float64{1})
			})
			for range 20 {
				got := e.scrape("/metrics", 15*time.Second)
				if up, lo := sum(got.values("netconf_up")), got.values("netconf_interface_oper_status", "interface=lo"); up != 1 || len(lo) != 1 {
					t.Fatalf("%v devices are up, and of lo there is %v", up, lo)
				}
				for name := range devices {
					if reasons := got.failures("target=" + name); name != "good" && !slices.Equal(reasons, []string{"tls"}) {
						t.Fatalf("%s: reasons %v, want tls", name, reasons)
					}
				}
			}
			if n := devices["good"].logins(); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
			for name, words := range map[string]string{"expired": "expired at", "stranger": "comes from an authority that is not trusted", "misnamed": `is for "r9.example.net", not for "127.0.0.1"`} {
				if _, body := e.get("/probe?debug=true&target=" + name); !strings.Contains(body, words) {
					t.Errorf("%s: no %q in\n%s", name, words, body)
				}
				if n := devices[name].logins(); n != 0 {
					t.Errorf("%s: our certificate was sent %d times", name, n)
				}
			}
			expiry := e.scrape("/metrics", 15*time.Second).values("netconf_tls_certificate_expiry_timestamp_seconds", "target=good")
			if len(expiry) != 2 || time.Until(time.Unix(int64(expiry[0]), 0)) < 360*24*time.Hour {
				t.Errorf("certificates expire at %v", expiry)
			}
			refuseOurs(t, netconfd, lab, version)
		})
	}
}

// refuseOurs has a device refuse our certificate. It is asked once, and again as soon as the files hold another one.
func refuseOurs(t *testing.T, netconfd *device, lab *netconftest.TLSLab, version string) {
	lab.Renew(lab.Stranger(), labcert.Leaf{Subject: "exporter"})
	device := startStunnel(t, netconfd, lab, version, lab.Authority, labcert.Leaf{Subject: "router1", Names: []string{"127.0.0.1"}})
	e := startExporter(t, fmt.Sprintf("auths: {cert: {tls_config: {ca_file: %q, cert_file: %q, key_file: %q}}}\ntargets: [{name: router1, address: %q, auth: cert, transport: tls}]\n",
		lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem"), device.address))
	up := func() samples { return e.scrape("/metrics", 15*time.Second) }
	waitFor(t, "the device to refuse our certificate", func() bool { return device.refusals() == 1 })
	waitFor(t, "no login to be tried any more", func() bool { return slices.Equal(up().failures("target=router1"), []string{"backoff"}) })
	if _, body := e.get("/probe?debug=true&target=router1"); !strings.Contains(body, "refuses our certificate") {
		t.Errorf("not said why:\n%s", body)
	}
	for range 5 {
		up()
	}
	if n := device.refusals(); n != 1 {
		t.Errorf("the device was asked %d times", n)
	}
	if auth := sum(up().values("netconf_session_dials_total", "result=auth")); auth != 1 {
		t.Errorf("%v refused logins are counted, want 1", auth)
	}
	lab.Renew(lab.Authority, labcert.Leaf{Subject: "exporter"})
	waitFor(t, "the renewed certificate to be taken up", func() bool { return sum(up().values("netconf_up")) == 1 })
}
