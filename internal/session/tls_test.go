package session_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// overTLS makes the options those of a target of transport tls with the lab's certificates.
func overTLS(l *netconftest.TLSLab) func(*session.Options) {
	return func(o *session.Options) {
		over := config.TransportTLS
		o.Target.Transport = &over
		o.Auth = &config.Auth{TLSConfig: &config.TLSConfig{CAFile: l.File("ca.pem"), CertFile: l.File("cert.pem"), KeyFile: l.File("key.pem")}}
	}
}

func withTLS(change func(*config.TLSConfig)) func(*session.Options) {
	return func(o *session.Options) { change(o.Auth.TLSConfig) }
}

// versions are those that are spoken to devices.
var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// only makes a device speak one version.
func only(version uint16) func(*netconftest.Device) {
	return func(d *netconftest.Device) { d.TLS.MinVersion, d.TLS.MaxVersion = version, version }
}

// TestTLS logs in by a certificate, in both versions and framings, and counts one login for all rpcs.
func TestTLS(t *testing.T) {
	for name, version := range versions {
		for framing, hello := range map[string]string{"1.0": netconftest.Hello10, "1.1": netconftest.Hello11} {
			t.Run("TLS "+name+" base:"+framing, func(t *testing.T) {
				lab := netconftest.NewTLSLab(t)
				device := netconftest.StartTLS(lab, netconftest.ServeOK(hello), only(version))
				client := connect(t, device.Address, overTLS(lab))
				trace := session.NewTrace()
				if _, err := client.Connect(deadline(t), trace); err != nil {
					t.Fatal(err)
				}
				for i := range 20 {
					if reply, err := get(deadline(t), client); err != nil || reply != netconftest.OKReply(fmt.Sprint(i+1)) {
						t.Fatalf("got %q, %v", reply, err)
					}
				}
				stats := client.Stats()
				if device.Logins.Load() != 1 || !stats.Established || stats.Dials[session.ResultOK] != 1 {
					t.Errorf("%d logins, %+v", device.Logins.Load(), stats)
				}
				if ours, theirs := time.Until(stats.Certificates.Ours), time.Until(stats.Certificates.Device); ours < 360*24*time.Hour || theirs < 360*24*time.Hour {
					t.Errorf("certificates expire in %v and %v", ours, theirs)
				}
				var phases []string
				for _, e := range trace.Events() {
					phases = append(phases, e.Phase)
				}
				if got := strings.Join(phases, " "); got != "queue tcp tls auth hello" {
					t.Errorf("phases %q", got)
				}
			})
		}
	}
}

// TestTLSDeviceCertificate lists what may be wrong with a device's certificate. Our own is not sent, and nothing is held back.
func TestTLSDeviceCertificate(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	now := time.Now()
	here := []string{"127.0.0.1"}
	for name, test := range map[string]struct {
		by    *labcert.Authority
		leaf  labcert.Leaf
		words []string
	}{
		"expired":       {lab.Authority, labcert.Leaf{Names: here, From: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour)}, []string{"expired at 20", "have it renewed"}},
		"not yet valid": {lab.Authority, labcert.Leaf{Names: here, From: now.Add(time.Hour)}, []string{"is not valid before", "check the clocks"}},
		"unknown":       {lab.Stranger(), labcert.Leaf{Names: here}, []string{"comes from an authority that is not trusted", "ca_file", "hostkey --transport=tls 127.0.0.1:"}},
		"other names":   {lab.Authority, labcert.Leaf{Names: []string{"r2.example.net", "192.0.2.2"}}, []string{`is for "r2.example.net", 192.0.2.2, not for "127.0.0.1"`, "set server_name"}},
		"no name":       {lab.Authority, labcert.Leaf{Subject: "127.0.0.1"}, []string{`is for no name at all, not for "127.0.0.1"`, "subjectAltName"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.leaf.Subject == "" {
				test.leaf.Subject = "router1"
			}
			asked := false
			device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
				d.TLS = lab.Server(test.by, test.leaf)
				d.TLS.VerifyConnection = func(tls.ConnectionState) error { asked = true; return nil }
			})
			client := connect(t, device.Address, overTLS(lab))
			for range 3 {
				_, err := get(deadline(t), client)
				wantError(t, err, session.ReasonTLS, append(test.words, "router1", device.Address)...)
			}
			if asked || device.Logins.Load() != 0 {
				t.Error("our certificate was sent")
			}
			if stats := client.Stats(); !stats.LoginRetry.IsZero() || stats.Certificates.Device.IsZero() {
				t.Errorf("%+v", stats)
			}
		})
	}
}

// TestTLSServerName has certificates whose names the configuration gives, and one that is trusted by itself.
func TestTLSServerName(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	names := func(names ...string) func(*netconftest.Device) {
		return func(d *netconftest.Device) { d.TLS = lab.Server(lab.Authority, labcert.Leaf{Names: names}) }
	}
	for name, test := range map[string]struct {
		device func(*netconftest.Device)
		host   string
		change func(*config.TLSConfig)
	}{
		"address":     {names("127.0.0.1"), "127.0.0.1", func(*config.TLSConfig) {}},
		"host name":   {names("localhost"), "localhost", func(*config.TLSConfig) {}},
		"server_name": {names("r1.example.net"), "127.0.0.1", func(c *config.TLSConfig) { c.ServerName = "r1.example.net" }},
		"wildcard":    {names("*.example.net"), "127.0.0.1", func(c *config.TLSConfig) { c.ServerName = "r1.example.net" }},
		"not checked": {names("r2"), "127.0.0.1", func(c *config.TLSConfig) { c.CAFile, c.InsecureSkipVerify = "", true }},
	} {
		t.Run(name, func(t *testing.T) {
			device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), test.device)
			client := connect(t, strings.Replace(device.Address, "127.0.0.1", test.host, 1), overTLS(lab), withTLS(test.change))
			if _, err := get(deadline(t), client); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTLSRefused has devices that refuse our certificate, in the handshake of TLS 1.2 and after that of 1.3. It counts as a refused login, and a
// renewed certificate is tried at once.
func TestTLSRefused(t *testing.T) {
	for name, version := range versions {
		t.Run("TLS "+name, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			lab.Renew(lab.Stranger(), labcert.Leaf{Subject: "exporter of others"})
			device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), only(version))
			client := connect(t, device.Address, overTLS(lab))
			_, err := get(deadline(t), client)
			wantError(t, err, session.ReasonAuth, `auth "lab"`, "refuses our certificate", "exporter of others", "unknown certificate authority", device.Address)
			for range 3 {
				_, err = get(deadline(t), client)
				wantError(t, err, session.ReasonBackoff, "exporter of others")
			}
			eventually(t, func() bool { return device.Refused.Load() > 0 }) // it tells us first, and counts then
			if n := device.Refused.Load(); n != 1 || client.Stats().LoginRetry.IsZero() {
				t.Errorf("%d refused handshakes, %+v", n, client.Stats())
			}
			lab.Renew(lab.Authority, labcert.Leaf{Subject: "exporter"})
			if _, err := get(deadline(t), client); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTLSRefusedByOtherAlerts has devices whose own code refuses what our certificate stands for, such as netopeer2 without a map of it to a
// user: OpenSSL then sends handshake_failure or internal_error, which say nothing of a certificate.
func TestTLSRefusedByOtherAlerts(t *testing.T) {
	for name, test := range map[string]struct {
		alert byte
		words []string
	}{
		"handshake_failure": {40, []string{"refuses our certificate", "handshake failure", "cert-to-name"}},
		"internal_error":    {80, []string{"ended the connection upon our certificate", "internal error", "cert-to-name"}},
	} {
		for versionName, version := range versions {
			t.Run(name+", TLS "+versionName, func(t *testing.T) {
				lab := netconftest.NewTLSLab(t)
				device := netconftest.StartTLS(lab, nil, lab.RefuseBy(version, test.alert))
				dialer := session.NewDialer(1)
				client := connect(t, device.Address, overTLS(lab), func(o *session.Options) { o.Dialer = dialer })
				_, err := get(deadline(t), client)
				wantError(t, err, session.ReasonAuth, append(test.words, `auth "lab"`, "exporter", device.Address)...)
				_, err = get(deadline(t), client)
				wantError(t, err, session.ReasonBackoff, "exporter")
				if n := device.Refused.Load(); n != 1 {
					t.Errorf("our certificate was sent %d times", n)
				}
				other := connect(t, netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11)).Address, overTLS(lab), func(o *session.Options) { o.Dialer = dialer })
				if _, err := get(deadline(t), other); err != nil {
					t.Errorf("another device: %v", err)
				}
			})
		}
	}
}

// TestTLSFewRefusals has many devices that refuse one certificate: few are asked, as with a password.
func TestTLSFewRefusals(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	lab.Renew(lab.Stranger(), labcert.Leaf{Subject: "exporter"})
	dialer := session.NewDialer(4)
	var devices []*netconftest.Device
	for range 6 {
		device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11))
		devices = append(devices, device)
		client := connect(t, device.Address, overTLS(lab), func(o *session.Options) { o.Dialer = dialer })
		for range 2 {
			if _, err := get(deadline(t), client); err == nil {
				t.Fatal("logged in")
			}
		}
	}
	refused := func() (n int32) {
		for _, device := range devices {
			n += device.Refused.Load()
		}
		return n
	}
	eventually(t, func() bool { return refused() >= 2 }) // devices tell us first, and count then
	if refused() != 2 || dialer.Logins() != (account.Stats{Held: 1}) {
		t.Errorf("%d refused logins, %+v", refused(), dialer.Logins())
	}
}

// TestTLSNotTLS has other servers, and devices that stop in the handshake.
func TestTLSNotTLS(t *testing.T) {
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	says := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text); silent(conn) }
	}
	for name, test := range map[string]struct {
		tcp    func(net.Conn)
		reason session.Reason
		words  []string
	}{
		"SSH":             {says("SSH-2.0-OpenSSH_9.2\r\n"), session.ReasonTLS, []string{"is an SSH server", "transport: ssh"}},
		"HTTP":            {says("HTTP/1.1 400 Bad Request\r\n\r\n"), session.ReasonTLS, []string{"does not speak TLS, it sent", "HTTP/1.1 400", "6513"}},
		"garbage":         {says("\x16\x03\x03\x00\x10" + strings.Repeat("x", 16)), session.ReasonTLS, []string{"the TLS handshake failed"}},
		"silent":          {silent, session.ReasonTimeout, []string{"did not answer the TLS handshake in time"}},
		"stops":           {says("\x16\x03\x03\x10\x00\x02"), session.ReasonTimeout, []string{"did not finish the TLS handshake in time"}},
		"closed":          {func(net.Conn) {}, session.ReasonRefused, []string{"before it answered the TLS handshake"}},
		"closed midway":   {func(conn net.Conn) { _, _ = io.WriteString(conn, "\x16\x03\x03\x10\x00\x02") }, session.ReasonTLS, []string{"closed the connection in the TLS handshake"}},
		"an old version":  {says("\x15\x03\x01\x00\x02\x02\x46"), session.ReasonTLS, []string{"speaks no version of TLS", "min_version"}},
		"an unknown name": {says("\x15\x03\x03\x00\x02\x02\x70"), session.ReasonTLS, []string{`does not answer to the name "127.0.0.1"`, "server_name"}},
		"an alert":        {says("\x15\x03\x03\x00\x02\x02\x28"), session.ReasonTLS, []string{"ended the TLS handshake", "handshake failure"}},
		"records for ever": {func(conn net.Conn) {
			for {
				if _, err := conn.Write([]byte("\x15\x03\x03\x00\x02\x01\x64")); err != nil { // a warning
					return
				}
			}
		}, session.ReasonTLS, []string{"the TLS handshake failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			device := netconftest.StartTLS(lab, nil, func(d *netconftest.Device) { d.TCP = test.tcp })
			client := connect(t, device.Address, overTLS(lab), func(o *session.Options) { o.Timeouts.Login = 300 * time.Millisecond })
			_, err := get(deadline(t), client)
			wantError(t, err, test.reason, append(test.words, device.Address)...)
			if !client.Stats().LoginRetry.IsZero() {
				t.Error("a login is held back")
			}
		})
	}
}

// TestTLSCut has devices that end the connection with and without the notice of TLS, between two rpcs and inside a reply.
func TestTLSCut(t *testing.T) {
	abruptly := func(p *netconftest.Peer) { p.Device.Drop() }
	for name, test := range map[string]struct {
		end   func(*netconftest.Peer) // of the first session, after one reply
		fails bool
	}{
		"with notice, between rpcs":    {func(p *netconftest.Peer) { p.Request() }, false},
		"without notice, between rpcs": {func(p *netconftest.Peer) { p.Request(); abruptly(p) }, false},
		"with notice, in a reply":      {func(p *netconftest.Peer) { p.Request(); p.Send("\n#1000\n<rpc-reply><data>") }, true},
		"without notice, in a reply":   {func(p *netconftest.Peer) { p.Request(); p.Send("\n#1000\n<rpc-reply><data>"); abruptly(p) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			device := netconftest.StartTLS(lab, func(p *netconftest.Peer) {
				p.Greet(netconftest.Hello11)
				if p.Device.Logins.Load() > 1 {
					p.Answer(func(_, id string) string { return netconftest.OKReply(id) })
					return
				}
				_, id, _ := p.Request()
				p.Reply(netconftest.OKReply(id))
				test.end(p)
			})
			client := connect(t, device.Address, overTLS(lab))
			if _, err := get(deadline(t), client); err != nil {
				t.Fatal(err)
			}
			_, err := get(deadline(t), client)
			if test.fails {
				wantError(t, err, session.ReasonRPC, "in the middle of a message")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTLSHello has devices that let us in and do not greet.
func TestTLSHello(t *testing.T) {
	for name, test := range map[string]struct {
		script func(*netconftest.Peer)
		words  string
	}{
		"closed": {func(*netconftest.Peer) {}, "closed the session before its hello"},
		"silent": {func(p *netconftest.Peer) { p.Wait() }, "no NETCONF hello in time"},
		"text":   {func(p *netconftest.Peer) { p.Send("router1> "); p.Wait() }, "router1>"},
		"flood": {func(p *netconftest.Peer) {
			for p.Send(strings.Repeat(" ", 1<<14)) {
			}
		}, "no element within the first 16384 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			device := netconftest.StartTLS(lab, test.script)
			client := connect(t, device.Address, overTLS(lab), func(o *session.Options) { o.Timeouts.Hello = time.Second })
			for range 2 {
				_, err := get(deadline(t), client)
				wantError(t, err, session.ReasonHello, test.words)
			}
		})
	}
}

// TestTLSClose has the client say goodbye in NETCONF and in TLS.
func TestTLSClose(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	ended := make(chan error, 1)
	device := netconftest.StartTLS(lab, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		p.Answer(func(_, id string) string { return netconftest.OKReply(id) })
		_, err := io.Copy(io.Discard, p.In)
		ended <- err // nil: the notice came
	})
	client := connect(t, device.Address, overTLS(lab))
	if _, err := get(deadline(t), client); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the device saw %v", err)
	}
}

// TestTLSNoCertificateWanted has a device that wants no certificate of ours.
func TestTLSNoCertificateWanted(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.TLS.ClientAuth = tls.NoClientCert })
	client := connect(t, device.Address, overTLS(lab))
	if _, err := get(deadline(t), client); err != nil {
		t.Error(err)
	}
}

// TestTLSThroughJump reaches a device through a jump host.
func TestTLSThroughJump(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11))
	jump := netconftest.StartJump(t)
	client := connect(t, device.Address, overTLS(lab), behind(newDialer(t, 4), hop("bastion", jump)))
	for range 3 {
		if _, err := get(deadline(t), client); err != nil {
			t.Fatal(err)
		}
	}
	if device.Logins.Load() != 1 || jump.Forwarded.Load() != 1 {
		t.Errorf("%d logins, %d connections from the jump host", device.Logins.Load(), jump.Forwarded.Load())
	}
}

// TestTLSLooksAgain has sessions with devices whose certificates expire soon, and late: a renewed one shows without a restart.
func TestTLSLooksAgain(t *testing.T) {
	for name, test := range map[string]struct {
		left   time.Duration
		logins int32
	}{
		"soon": {10 * 24 * time.Hour, 2}, "late": {20 * 24 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			shows := func(left time.Duration) func(*netconftest.Device) {
				return func(d *netconftest.Device) {
					d.TLS = lab.Server(lab.Authority, labcert.Leaf{Subject: "router1", Names: []string{"127.0.0.1"}, Until: time.Now().Add(left)})
				}
			}
			device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), shows(test.left))
			client := connect(t, device.Address, overTLS(lab), func(o *session.Options) { o.Timeouts.CertificateAgain = time.Nanosecond })
			for range 3 { // a read connects, and sends rpcs
				if _, err := client.Connect(deadline(t), nil); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if _, err := get(deadline(t), client); err != nil {
						t.Fatal(err)
					}
				}
				device.Change(shows(300 * 24 * time.Hour))
			}
			if n := device.Logins.Load(); n != test.logins || client.Stats().Dials[session.ResultOK] != uint64(n) {
				t.Errorf("%d logins, want %d", n, test.logins)
			}
		})
	}
}
