package session_test

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// startCallHomeTLS is startCallHome for devices that call over TLS.
func startCallHomeTLS(t *testing.T) *callCenter {
	t.Helper()
	home := startCallHome(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	home.Serve(config.TransportTLS, listener)
	home.address = listener.Addr().String()
	return home
}

// tlsCaller is a device whose certificate has names.
func tlsCaller(lab *netconftest.TLSLab, by *labcert.Authority, names ...string) *netconftest.Device {
	return netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.TLS = lab.Server(by, labcert.Leaf{Subject: "a device", Names: names})
	})
}

func (c *callCenter) clientTLS(lab *netconftest.TLSLab, name string, adjust ...func(*session.Options)) *session.Client {
	c.Helper()
	client := connect(c.T, "", append([]func(*session.Options){overTLS(lab), func(o *session.Options) {
		o.Target.CallHome, o.Target.Name, o.Dialer = true, name, c.dialer
	}}, adjust...)...)
	client.AnswerCalls(func() {})
	return client
}

// TestCallHomeTLS has two devices call from one address, which are known by the names in their certificates.
func TestCallHomeTLS(t *testing.T) {
	for name, version := range versions {
		t.Run("TLS "+name, func(t *testing.T) {
			home, lab := startCallHomeTLS(t), netconftest.NewTLSLab(t)
			for _, target := range []string{"r1.example.net", "192.0.2.1"} {
				device := tlsCaller(lab, lab.Authority, strings.ToUpper(target), "of-nobody.example.net")
				device.Change(only(version))
				client := home.clientTLS(lab, target)
				home.connected(device, client)
				for range 20 {
					if _, err := get(deadline(t), client); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					home.call(device, session.CallDuplicate)
				}
				if stats := client.Stats(); device.Logins.Load() != 1 || stats.Certificates.Device.IsZero() {
					t.Errorf("%d logins, %+v", device.Logins.Load(), stats)
				}
				device.Drop()
				eventually(t, func() bool { return !client.Stats().Established })
				home.connected(device, client)
			}
		})
	}
}

// TestCallHomeTLSServerName has a name in the auth.
func TestCallHomeTLSServerName(t *testing.T) {
	home, lab := startCallHomeTLS(t), netconftest.NewTLSLab(t)
	client := home.clientTLS(lab, "branch", withTLS(func(c *config.TLSConfig) { c.ServerName = "r1.example.net" }))
	home.connected(tlsCaller(lab, lab.Authority, "r1.example.net"), client)
}

// TestCallHomeTLSRefuses lists callers that get nothing of ours, and that do not disturb the target that they name.
func TestCallHomeTLSRefuses(t *testing.T) {
	home, lab := startCallHomeTLS(t), netconftest.NewTLSLab(t)
	right := tlsCaller(lab, lab.Authority, "r1.example.net")
	client := home.clientTLS(lab, "r1.example.net")
	home.clientTLS(lab, "r2.example.net")
	home.connected(right, client)
	for name, test := range map[string]struct {
		device *netconftest.Device
		result session.CallResult
	}{
		"another name":        {tlsCaller(lab, lab.Authority, "r3.example.net"), session.CallUnknown},
		"another authority":   {tlsCaller(lab, lab.Stranger(), "r1.example.net"), session.CallUnknown},
		"names of two":        {tlsCaller(lab, lab.Authority, "r1.example.net", "r2.example.net"), session.CallUnknown},
		"a name for any":      {tlsCaller(lab, lab.Authority, "*.example.net"), session.CallUnknown},
		"wants none of ours":  {netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.TLS.ClientAuth = tls.NoClientCert }), session.CallFailed},
		"speaks SSH":          {netconftest.Start(t, nil), session.CallFailed},
		"says nothing of TLS": {netconftest.Start(t, nil, func(d *netconftest.Device) { d.TCP = func(c net.Conn) { _, _ = c.Write([]byte("hello\r\n")) } }), session.CallFailed},
	} {
		t.Run(name, func(t *testing.T) {
			home.call(test.device, test.result)
			if n := test.device.Logins.Load(); n > 0 && test.result == session.CallUnknown {
				t.Errorf("%d logins", n)
			}
		})
	}
	if _, err := get(deadline(t), client); err != nil || right.Logins.Load() != 1 {
		t.Errorf("the session of the right device: %v, %d logins", err, right.Logins.Load())
	}
	unknown := home.Unknown()
	whys := map[string]bool{}
	for _, caller := range unknown {
		whys[caller.Why] = true
	}
	for _, why := range []string{"", `It names target "r1.example.net", but comes from an authority that is not trusted.`, "It names several targets, and must name one."} {
		if !whys[why] {
			t.Errorf("no caller is listed because %q: %v", why, whys)
		}
	}
	if len(unknown) != 4 || unknown[0].Transport != config.TransportTLS || !strings.Contains(unknown[0].KeyType, "a device") || !strings.HasPrefix(unknown[0].Fingerprint, "SHA256:") {
		t.Errorf("the unknown callers are %+v", unknown)
	}
}

// TestCallHomeTLSRefusal has a device refuse our certificate and call on and on.
func TestCallHomeTLSRefusal(t *testing.T) {
	home, lab := startCallHomeTLS(t), netconftest.NewTLSLab(t)
	lab.Renew(lab.Stranger(), labcert.Leaf{Subject: "exporter of others"})
	device := tlsCaller(lab, lab.Authority, "r1.example.net")
	client := home.clientTLS(lab, "r1.example.net")
	for range 10 {
		if err := device.Call(home.address); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			_, err := client.Connect(deadline(t), nil)
			return err != nil && !strings.Contains(err.Error(), "has not called")
		})
	}
	if n := device.Refused.Load(); client.Stats().LoginRetry.IsZero() || n > 10 {
		t.Errorf("%d handshakes, and a login is held back until %v", n, client.Stats().LoginRetry)
	}
	if n := home.dialer.Logins().UnderWay; n > 0 {
		t.Errorf("%d logins are under way", n)
	}
}
