package session_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// selfSigned is a certificate as devices make them at their first start: for no name, and with a clock that was wrong.
var selfSigned = labcert.Leaf{Subject: "IOS-Self-Signed-Certificate-1", From: time.Unix(0, 0), Until: time.Unix(1000, 0)}

func fingerprintOf(d *netconftest.Device) string {
	return config.CertificateFingerprint(d.TLS.Certificates[0].Certificate[0])
}

// trusting has the target name certificates.
func trusting(fingerprints ...string) func(*session.Options) {
	return func(o *session.Options) { o.Target.CertificateFingerprints = fingerprints }
}

// TestCertificateFingerprints trusts what a target names, however the auth and the certificate are, and nothing else.
func TestCertificateFingerprints(t *testing.T) {
	for name, version := range versions {
		t.Run("TLS "+name, func(t *testing.T) {
			lab := netconftest.NewTLSLab(t)
			asked := false
			own := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.TLS = lab.Server(nil, selfSigned) }, only(version))
			right := fingerprintOf(own)
			trusted := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), only(version), func(d *netconftest.Device) {
				d.TLS.VerifyConnection = func(tls.ConnectionState) error { asked = true; return nil }
			})
			for _, written := range []string{right, strings.ToLower(right), strings.ReplaceAll(right[len("SHA256:"):], ":", "")} {
				client := connect(t, own.Address, overTLS(lab), trusting(fingerprintOf(trusted), written))
				if _, err := get(deadline(t), client); err != nil {
					t.Errorf("with %s: %v", written, err)
				}
			}
			unchecked := connect(t, own.Address, overTLS(lab), trusting(right), withTLS(func(c *config.TLSConfig) { c.CAFile = "" }))
			if _, err := get(deadline(t), unchecked); err != nil {
				t.Errorf("with an auth that trusts nothing: %v", err)
			}
			for says, client := range map[string]*session.Client{
				"of an authority":      connect(t, trusted.Address, overTLS(lab), trusting(right)),
				"insecure_skip_verify": connect(t, trusted.Address, overTLS(lab), trusting(right), withTLS(func(c *config.TLSConfig) { c.CAFile, c.InsecureSkipVerify = "", true })),
			} {
				_, err := get(deadline(t), client)
				wantError(t, err, session.ReasonTLS, "router1", "is none of the certificate_fingerprints of the target", fingerprintOf(trusted))
				if asked || trusted.Logins.Load() > 0 {
					t.Errorf("%s: our certificate was sent to another device", says)
				}
			}
		})
	}
}

// TestShowCertificate shows certificates that are trusted, not trusted, and not those that the target names.
func TestShowCertificate(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	good := netconftest.StartTLS(lab, nil)
	own := netconftest.StartTLS(lab, nil, func(d *netconftest.Device) { d.TLS = lab.Server(nil, selfSigned) })
	for name, test := range map[string]struct {
		device  *netconftest.Device
		trust   []string
		why     string // it is not trusted; "": it is
		unknown bool
	}{
		"trusted":               {good, nil, "", false},
		"named":                 {own, []string{fingerprintOf(own)}, "", false},
		"unknown":               {own, nil, "expired at 1970-01-01T00:16:40Z", true},
		"another than is named": {good, []string{fingerprintOf(own)}, "is none of the certificate_fingerprints of the target", false},
	} {
		t.Run(name, func(t *testing.T) {
			over := config.TransportTLS
			options := session.Options{Target: &config.Target{Name: "router1", Address: test.device.Address, Auth: "cert", CertificateFingerprints: test.trust}, Dialer: session.NewDialer(1)}
			options.Target.Transport = &over
			overTLS(lab)(&options)
			t.Cleanup(options.Dialer.Close)
			shown, err := session.ShowHostKey(deadline(t), options, nil)
			if err != nil {
				t.Fatal(err)
			}
			if shown.Type != session.CertificateType || shown.Fingerprint != fingerprintOf(test.device) || shown.Unknown != test.unknown || shown.Why != test.why ||
				(shown.Err == nil) != (test.why == "") || !strings.Contains(shown.About, "issued by") {
				t.Errorf("shown is %+v", shown)
			}
			if test.device.Logins.Load() > 0 {
				t.Error("our certificate was sent")
			}
		})
	}
}

// TestCallHomeTLSFingerprint knows a caller by a certificate that signs itself and has no name. One whose name is that of the target is another one.
func TestCallHomeTLSFingerprint(t *testing.T) {
	home, lab := startCallHomeTLS(t), netconftest.NewTLSLab(t)
	device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.TLS = lab.Server(nil, selfSigned) })
	home.call(device, session.CallUnknown)
	listed := home.Unknown()
	if len(listed) != 1 || listed[0].Fingerprint != fingerprintOf(device) || listed[0].Name != "" {
		t.Fatalf("the unknown callers are %+v", listed)
	}
	client := home.clientTLS(lab, "r1.example.net", trusting(listed[0].Fingerprint))
	if len(home.Unknown()) > 0 {
		t.Errorf("it is listed as unknown: %+v", home.Unknown())
	}
	home.connected(device, client)
	home.call(tlsCaller(lab, lab.Authority, "r1.example.net"), session.CallUnknown)
	if listed := home.Unknown(); len(listed) != 1 || listed[0].Name != "r1.example.net" {
		t.Errorf("the unknown callers are %+v", listed)
	}
	if _, err := get(deadline(t), client); err != nil || device.Logins.Load() != 1 {
		t.Errorf("the session of the right device: %v, %d logins", err, device.Logins.Load())
	}
}
