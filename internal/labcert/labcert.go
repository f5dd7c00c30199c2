// Package labcert makes certificate authorities and certificates for simulated devices and for tests.
package labcert

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
	"time"
)

// lifetime is how long what Leaf does not limit is valid.
const lifetime = 365 * 24 * time.Hour

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	PEM         []byte // its own certificate
}

// Leaf says what a certificate is for.
type Leaf struct {
	Subject string    // common name
	Names   []string  // DNS names and IP addresses
	From    time.Time // zero: an hour ago
	Until   time.Time // zero: in a year
}

// Pair is a certificate and its private key, in PEM form.
type Pair struct{ Certificate, Key []byte }

// TLS is the pair for crypto/tls.
func (p Pair) TLS() (tls.Certificate, error) { return tls.X509KeyPair(p.Certificate, p.Key) }

// NewAuthority makes an authority.
func NewAuthority(name string) (*Authority, error) {
	a := &Authority{certificate: &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}}
	pair, err := sign(a.certificate, Leaf{Subject: name}, a)
	if err != nil {
		return nil, err
	}
	own, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	a.certificate, a.key, a.PEM = own.Leaf, own.PrivateKey.(*ecdsa.PrivateKey), pair.Certificate
	return a, nil
}

// Issue makes a certificate that is good for servers and clients.
func (a *Authority) Issue(l Leaf) (Pair, error) { return sign(leaf(l), l, a) }

// SelfSigned makes such a certificate that signs itself, as devices do.
func SelfSigned(l Leaf) (Pair, error) {
	template := leaf(l)
	return sign(template, l, &Authority{certificate: template})
}

func leaf(l Leaf) *x509.Certificate {
	template := &x509.Certificate{
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range l.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template
}

// sign completes a certificate and signs it by the authority, or by itself where the authority has no key yet.
func sign(template *x509.Certificate, l Leaf, by *Authority) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("make a key for %s: %w", l.Subject, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Pair{}, fmt.Errorf("make a serial number for %s: %w", l.Subject, err)
	}
	template.SerialNumber, template.Subject = serial, pkix.Name{CommonName: l.Subject}
	template.NotBefore, template.NotAfter = l.From, l.Until
	now := time.Now()
	if l.From.IsZero() {
		template.NotBefore = now.Add(-time.Hour)
	}
	if l.Until.IsZero() {
		template.NotAfter = now.Add(lifetime)
	}
	signer := by.key
	if signer == nil {
		signer = key
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, by.certificate, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, fmt.Errorf("sign the certificate of %s: %w", l.Subject, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("write the key of %s: %w", l.Subject, err)
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}, nil
}
