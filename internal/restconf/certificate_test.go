package restconf_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestCertificateOfADevice: what is wrong with it, and what the error says.
func TestCertificateOfADevice(t *testing.T) {
	d := device("", "", nil).Start(t, nil)
	trusted := d.CAFile(t)
	other := (&netconftest.RESTCONF{}).Start(t, func(s *httptest.Server) {
		_, file, key := newCertificate(t, "other")
		pair, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			t.Fatal(err)
		}
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	})
	for name, tc := range map[string]struct {
		settings config.TLSConfig
		reason   session.Reason
		says     string
	}{
		"trusted":         {config.TLSConfig{CAFile: trusted}, "", ""},
		"not checked":     {config.TLSConfig{InsecureSkipVerify: true}, "", ""},
		"not trusted":     {config.TLSConfig{CAFile: other.CAFile(t)}, session.ReasonTLS, "certificate"},
		"another name":    {config.TLSConfig{CAFile: trusted, ServerName: "r1.example.net"}, session.ReasonTLS, "server_name"},
		"another version": {config.TLSConfig{CAFile: trusted, MaxVersion: "TLS12"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, d)
			o.Auth.TLSConfig = &tc.settings
			_, err := newClient(t, o).Connect(t.Context(), nil)
			if session.ReasonOf(err) != tc.reason || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("reason %q, want %q: %v", session.ReasonOf(err), tc.reason, err)
			}
		})
	}
}

// TestCertificateOfOurs: it is a login, alone or beside a password, and a refused one is not tried again.
func TestCertificateOfOurs(t *testing.T) {
	ours, file, key := newCertificate(t, "exporter")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, accepted := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, accepted %v", tls.VersionName(version), accepted), func(t *testing.T) {
				d := device("", "", map[string]string{"/restconf/data/lab:top": top})
				d.Username = ""
				d.Start(t, func(s *httptest.Server) {
					trusted := x509.NewCertPool()
					if accepted {
						trusted.AddCert(ours)
					}
					s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, MinVersion: version, MaxVersion: version}
				})
				o := options(t, d)
				o.Auth.Username, o.Auth.Password = "", ""
				o.Auth.TLSConfig.CertFile, o.Auth.TLSConfig.KeyFile = file, key
				c := newClient(t, o)
				_, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`))
				if accepted {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if session.ReasonOf(err) != session.ReasonAuth || !strings.Contains(err.Error(), "refuses our certificate") {
					t.Errorf("want a refused login, got %v", err)
				}
				if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonBackoff {
					t.Errorf("want to wait, got %v", err)
				}
			})
		}
	}
}

// TestCertificateOfOursRefusedByOtherAlerts: a server may refuse it by an alert that says nothing of certificates.
func TestCertificateOfOursRefusedByOtherAlerts(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for alert, says := range map[byte]string{40: "refuses our certificate", 80: "upon our certificate"} {
			t.Run(fmt.Sprintf("%s, alert %d", tls.VersionName(version), alert), func(t *testing.T) {
				lab := netconftest.NewTLSLab(t)
				d := netconftest.StartTLS(lab, nil, lab.RefuseBy(version, alert))
				o := session.Options{
					Target: &config.Target{Name: "r1", Address: d.Address, Auth: "lab", Settings: config.Settings{Transport: new(config.TransportRESTCONF)}},
					Auth:   &config.Auth{TLSConfig: &config.TLSConfig{CAFile: lab.File("ca.pem"), CertFile: lab.File("cert.pem"), KeyFile: lab.File("key.pem")}},
					Dialer: session.NewDialer(1),
				}
				c := newClient(t, o)
				if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonAuth || !strings.Contains(err.Error(), says) {
					t.Errorf("want a refused login that says %q, got %v", says, err)
				}
				if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonBackoff {
					t.Errorf("want to wait, got %v", err)
				}
				if d.Refused.Load() != 1 {
					t.Errorf("our certificate was sent %d times", d.Refused.Load())
				}
			})
		}
	}
}

// TestCertificateOfOursRefusedByAnAnswer: web servers may verify it after the handshake, and say in their first answer that it is bad or
// missing. They answer nothing more then.
func TestCertificateOfOursRefusedByAnAnswer(t *testing.T) {
	_, file, key := newCertificate(t, "exporter")
	for name, tc := range map[string]struct {
		mediaType, body string
		sent            bool // a certificate of ours
		says            string
	}{
		"clixon, XML": {"application/yang-data+xml", `<errors xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><error><error-type>protocol</error-type><error-tag>invalid-value</error-tag>` +
			"<error-severity>error</error-severity><error-message>HTTP cert verification failed: certificate has expired</error-message></error></errors>\r\n",
			true, "refuses our certificate: HTTP cert verification failed: certificate has expired; have the device trust its authority"},
		"clixon, JSON": {"application/yang-data+json", "{\n\"ietf-restconf:errors\" : {\"error\": {\"error-type\": \"protocol\",\"error-tag\": \"invalid-value\",\"error-severity\": \"error\"," +
			"\"error-message\": \"HTTP cert verification failed: unable to get local issuer certificate\"}}\n}\r\n", true, "HTTP cert verification failed: unable to get local issuer certificate; have the device"},
		"nginx, a bad one": {"text/html", "<html>\r\n<head><title>400 The SSL certificate error</title></head>\r\n", true, "refuses our certificate: 400 Bad Request"},
		"nginx, none":      {"text/html", "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n", false, "wants a certificate of ours: 400 Bad Request"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", name, http2), func(t *testing.T) {
				d := device("", "", nil)
				var answered atomic.Int32
				d.Username = ""
				d.Handle = func(w http.ResponseWriter, r *http.Request) bool {
					if answered.Add(1) > 1 {
						<-r.Context().Done()
						return true
					}
					status(http.StatusBadRequest, tc.mediaType, tc.body)(w, r)
					return true
				}
				d.Start(t, func(s *httptest.Server) { s.EnableHTTP2, s.TLS = http2, &tls.Config{ClientAuth: tls.RequestClientCert} })
				o := options(t, d)
				if tc.sent {
					o.Auth.TLSConfig.CertFile, o.Auth.TLSConfig.KeyFile = file, key
				}
				c := newClient(t, o)
				if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonAuth || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("want a refused login that says %q, got %v", tc.says, err)
				}
				if n := c.Stats().Dials[session.ReasonAuth]; n != 1 {
					t.Errorf("%d refused logins are counted", n)
				}
				if !tc.sent {
					return
				}
				if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonBackoff {
					t.Errorf("want to wait, got %v", err)
				}
			})
		}
	}
}

// TestBadRequestForCertificates: data of a device may be about certificates, and so may the error of a request for it.
func TestBadRequestForCertificates(t *testing.T) {
	d := device("", "", nil)
	d.Handle = respond("/restconf/data/lab:certificate", status(http.StatusBadRequest, "application/yang-data+xml",
		`<errors><error><error-type>application</error-type><error-tag>invalid-value</error-tag><error-message>no certificate here</error-message></error></errors>`))
	d.Start(t, func(s *httptest.Server) { s.Config.SetKeepAlivesEnabled(false) })
	reply, err := rpc(t, newClient(t, options(t, d)), get(`<certificate xmlns="urn:lab"/>`))
	if err != nil || !strings.Contains(reply, "no certificate here") {
		t.Errorf("%v, %s", err, reply)
	}
}

// newCertificate makes a certificate that signs itself, for clients and servers on loopback.
func newCertificate(t *testing.T, name string) (_ *x509.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, certFile, keyFile
}

func TestCertificateExpiry(t *testing.T) {
	d := device("", "", nil).Start(t, nil)
	ours, file, key := newCertificate(t, "exporter")
	o := options(t, d)
	o.Auth.TLSConfig.CertFile, o.Auth.TLSConfig.KeyFile = file, key
	c := newClient(t, o)
	if _, err := c.Connect(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := c.Stats().Certificates; !got.Ours.Equal(ours.NotAfter) || got.Device.IsZero() {
		t.Errorf("the certificates expire at %+v; ours at %v", got, ours.NotAfter)
	}
}

// TestCertificateFingerprints has a device whose certificate nobody vouches for: the password goes to the one that the target names, and to no other.
func TestCertificateFingerprints(t *testing.T) {
	d := device("ann", "secret", map[string]string{"/restconf/data/lab:top": top}).Start(t, nil)
	for name, test := range map[string]struct {
		certificate []byte
		want        session.Reason
	}{
		"its own":     {d.Certificate(), ""},
		"another one": {[]byte("another one"), session.ReasonTLS},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, d)
			o.Auth.TLSConfig = &config.TLSConfig{}
			o.Target.CertificateFingerprints = []string{config.CertificateFingerprint(test.certificate)}
			before := len(d.Requests())
			_, err := rpc(t, newClient(t, o), get(`<top xmlns="urn:lab"/>`))
			if session.ReasonOf(err) != test.want {
				t.Error(err)
			}
			if sent := len(d.Requests()) - before; test.want != "" && sent > 0 {
				t.Errorf("%d requests were sent", sent)
			}
		})
	}
}
