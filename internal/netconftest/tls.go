package netconftest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
)

// TLSLab has the certificates of a network whose devices speak NETCONF over TLS: ca.pem, cert.pem and key.pem of the client, in a folder.
type TLSLab struct {
	Authority *labcert.Authority
	Folder    string
	t         testing.TB
}

// NewTLSLab makes an authority, and a certificate of the client that it has signed.
func NewTLSLab(t testing.TB) *TLSLab {
	t.Helper()
	authority, err := labcert.NewAuthority("lab")
	if err != nil {
		t.Fatal(err)
	}
	l := &TLSLab{Authority: authority, Folder: t.TempDir(), t: t}
	l.write("ca.pem", authority.PEM)
	l.Renew(l.Authority, labcert.Leaf{Subject: "exporter"})
	return l
}

// File is the path of one of the files.
func (l *TLSLab) File(name string) string { return filepath.Join(l.Folder, name) }

func (l *TLSLab) write(name string, content []byte) {
	if err := os.WriteFile(l.File(name), content, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// Renew gives the client another certificate.
func (l *TLSLab) Renew(by *labcert.Authority, leaf labcert.Leaf) {
	l.t.Helper()
	pair, err := by.Issue(leaf)
	if err != nil {
		l.t.Fatal(err)
	}
	l.write("cert.pem", pair.Certificate)
	l.write("key.pem", pair.Key)
}

// Stranger is an authority that nobody trusts.
func (l *TLSLab) Stranger() *labcert.Authority {
	l.t.Helper()
	authority, err := labcert.NewAuthority("strangers")
	if err != nil {
		l.t.Fatal(err)
	}
	return authority
}

// AuthorityDER is the certificate of the authority, as devices send it.
func (l *TLSLab) AuthorityDER() []byte {
	block, _ := pem.Decode(l.Authority.PEM)
	return block.Bytes
}

// Server is what a device needs that shows a certificate, which signs itself where by is nil, and that wants one of the lab's authority.
func (l *TLSLab) Server(by *labcert.Authority, leaf labcert.Leaf) *tls.Config {
	l.t.Helper()
	issue := labcert.SelfSigned
	if by != nil {
		issue = by.Issue
	}
	pair, err := issue(leaf)
	if err != nil {
		l.t.Fatal(err)
	}
	own, err := pair.TLS()
	if err != nil {
		l.t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(l.Authority.PEM)
	return &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
}

// StartTLS is Start for a device that speaks NETCONF over TLS (RFC 7589), with a certificate for 127.0.0.1 and localhost.
func StartTLS(l *TLSLab, script func(*Peer), adjust ...func(*Device)) *Device {
	l.t.Helper()
	return Start(l.t, script, append([]func(*Device){func(d *Device) {
		d.TLS = l.Server(l.Authority, labcert.Leaf{Subject: "router1", Names: []string{"127.0.0.1", "127.0.0.2", "localhost"}})
	}}, adjust...)...)
}

// serveTLS serves one connection over TLS.
func (d *Device) serveTLS(tcp net.Conn, config *tls.Config, script func(*Peer)) {
	conn := tls.Server(tcp, config)
	if conn.Handshake() != nil {
		d.Refused.Add(1)
		return
	}
	d.Logins.Add(1)
	script(newPeer(d, nil, tlsChannel{conn}))
	_ = conn.Close()
}

// tlsChannel is a TLS connection in the place of a channel of SSH.
type tlsChannel struct{ *tls.Conn }

func (tlsChannel) SendRequest(string, bool, []byte) (bool, error) {
	return false, errors.New("TLS has no requests")
}
func (tlsChannel) Stderr() io.ReadWriter { return nil }

var _ ssh.Channel = tlsChannel{}
