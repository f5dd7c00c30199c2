package simulator_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// TestTLS has a device accept the fleet's client, refuse it, and show another certificate.
func TestTLS(t *testing.T) {
	fleet, err := simulator.Start(simulator.Config{Transport: simulator.TransportTLS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	device := fleet.Devices()[0]
	certificate, key, err := fleet.ClientPEM()
	if err != nil {
		t.Fatal(err)
	}
	own, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(fleet.CertificatePEM())
	greeting := func(certificates ...tls.Certificate) (string, error) {
		conn, err := tls.Dial("tcp", device.Address(), &tls.Config{RootCAs: roots, Certificates: certificates})
		if err != nil {
			return "", err
		}
		defer conn.Close()
		hello := make([]byte, 200)
		n, err := conn.Read(hello) // in TLS 1.3 a refusal comes here
		return string(bytes.TrimSpace(hello[:n])), err
	}
	if hello, err := greeting(own); err != nil || !strings.Contains(hello, "<hello ") {
		t.Errorf("%q, %v", hello, err)
	}
	if _, err := greeting(); err == nil {
		t.Error("a client without a certificate is let in")
	}
	device.RefuseLogins(true)
	if _, err := greeting(own); err == nil || device.RefusedLogins() != 1 {
		t.Errorf("refused: %v, counted %d", err, device.RefusedLogins())
	}
	if n := device.Logins(); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// TestTLSClientGoes has a client go while it waits for a reply that takes an hour.
func TestTLSClientGoes(t *testing.T) {
	fleet := start(t, simulator.Config{Transport: simulator.TransportTLS, ReplyDelay: time.Hour})
	certificate, key, err := fleet.ClientPEM()
	if err != nil {
		t.Fatal(err)
	}
	own, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	device := fleet.Devices()[0]
	conn, err := tls.Dial("tcp", device.Address(), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}})
	if err != nil {
		t.Fatal(err)
	}
	const hello = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>`
	if _, err := conn.Write([]byte(hello + `<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><get/></rpc>]]>]]>`)); err != nil {
		t.Fatal(err)
	}
	sessions := func(want int) {
		for end := time.Now().Add(30 * time.Second); device.Sessions() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d sessions, want %d", device.Sessions(), want)
			}
		}
	}
	sessions(1)
	_ = conn.Close()
	sessions(0)
}

// TestAnotherCertificate has devices of both transports that have certificates show a wrong one.
func TestAnotherCertificate(t *testing.T) {
	for _, transport := range []string{simulator.TransportTLS, simulator.TransportRESTCONF} {
		fleet := start(t, simulator.Config{Transport: transport, Names: "r"})
		device := fleet.Devices()[0]
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(fleet.CertificatePEM())
		device.ShowAnotherHostKey(true)
		if _, err := tls.Dial("tcp", device.Address(), &tls.Config{RootCAs: roots}); !errors.As(err, new(x509.UnknownAuthorityError)) {
			t.Errorf("%s: %v", transport, err)
		}
		if device.Name != "r0001" {
			t.Errorf("%s: the device is %s", transport, device.Name)
		}
	}
}
