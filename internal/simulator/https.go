package simulator

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// serveHTTPS serves RESTCONF on the connection until one side ends it.
func (c *connection) serveHTTPS() {
	conn := tls.Server(c.conn, &tls.Config{Certificates: []tls.Certificate{c.device.fleet.certificate}, NextProtos: []string{"h2", "http/1.1"}})
	_ = c.conn.SetDeadline(time.Now().Add(loginGrace))
	if conn.HandshakeContext(c.ctx) != nil {
		return
	}
	_ = c.conn.SetDeadline(time.Time{})
	c.device.sessions.Add(1)
	defer c.device.sessions.Add(-1)
	server := &http.Server{Handler: &restconf{connection: c}, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: loginGrace}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			c.cancel()
		}
	}
	defer server.Close()
	_ = server.Serve(&oneConn{Conn: conn, closed: c.ctx.Done()}) // it ends with the connection
}

// oneConn is a listener that accepts one connection, which ends the listener when it is closed.
type oneConn struct {
	*tls.Conn
	accepted bool
	closed   <-chan struct{}
}

// Accept implements net.Listener.
func (o *oneConn) Accept() (net.Conn, error) {
	if !o.accepted {
		o.accepted = true
		return o.Conn, nil
	}
	<-o.closed
	return nil, net.ErrClosed
}

// Addr implements net.Listener.
func (o *oneConn) Addr() net.Addr { return o.LocalAddr() }

// newCertificate makes the certificate of a fleet's devices, which signs itself. It depends on the seed and the host alone.
func newCertificate(seed uint64, host string) (tls.Certificate, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "simulated certificate %d", seed))
	key := ed25519.NewKeyFromSeed(sum[:])
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetUint64(seed + 1), Subject: pkix.Name{CommonName: "simulated device"},
		NotBefore: epoch, NotAfter: epoch.AddDate(100, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("simulator: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// CertificatePEM is the certificate of the devices, for a ca_file.
func (f *Fleet) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.certificate.Certificate[0]})
}
