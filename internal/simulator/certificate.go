package simulator

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
)

// certificates are those of a fleet that speaks TLS. They depend on the seed and the host alone, so that a written configuration stays valid.
type certificates struct {
	own    tls.Certificate // of all devices; it signs itself, and the client's
	other  tls.Certificate // of devices that show another one
	client tls.Certificate // which the devices accept
}

func newCertificates(seed uint64, host string) (c certificates, err error) {
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetUint64(seed + 1), Subject: pkix.Name{CommonName: "simulated device"},
		NotBefore: epoch, NotAfter: epoch.AddDate(100, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	if c.own, err = sign(template, fmt.Sprintf("simulated certificate %d", seed), nil); err != nil {
		return c, err
	}
	if c.other, err = sign(template, fmt.Sprintf("another certificate %d", seed), nil); err != nil {
		return c, err
	}
	c.client, err = sign(&x509.Certificate{
		SerialNumber: template.SerialNumber, Subject: pkix.Name{CommonName: "exporter of simulated devices"},
		NotBefore: template.NotBefore, NotAfter: template.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, fmt.Sprintf("simulated client %d", seed), &c.own)
	return c, err
}

// of is a certificate of one device, by its name.
func (c *certificates) of(name string) (tls.Certificate, error) {
	ca := c.own.Leaf
	return sign(&x509.Certificate{
		SerialNumber: ca.SerialNumber, Subject: pkix.Name{CommonName: name}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{name},
	}, fmt.Sprintf("certificate of %s issued by %s", name, ca.SerialNumber), &c.own)
}

// sign makes a certificate whose key is made of a text. It signs itself where by is nil.
func sign(template *x509.Certificate, text string, by *tls.Certificate) (tls.Certificate, error) {
	sum := sha256.Sum256([]byte(text))
	key := ed25519.NewKeyFromSeed(sum[:])
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(nil, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("simulator: certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// CertificatePEM is the certificate of the devices, for a ca_file.
func (f *Fleet) CertificatePEM() []byte { return certificatePEM(f.certificates.own) }

// ClientPEM is a certificate that the devices accept, and its key.
func (f *Fleet) ClientPEM() (certificate, key []byte, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(f.certificates.client.PrivateKey)
	return certificatePEM(f.certificates.client), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

func certificatePEM(c tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}
