package session

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// describe names a certificate for people, in what a device may have put into it.
func describe(c *x509.Certificate) string {
	return fmt.Sprintf("%q, issued by %q, until %s", cut(c.Subject.String()), cut(c.Issuer.String()), c.NotAfter.UTC().Format(time.DateOnly))
}

// names lists what a certificate is for.
func names(c *x509.Certificate) string {
	var all []string
	for _, name := range c.DNSNames {
		all = append(all, fmt.Sprintf("%q", name))
	}
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name at all"
	}
	return cut(strings.Join(all, ", "))
}

// nameOf is a name that a target can have to be known by, if its certificate comes from an authority; "" if there is none.
func nameOf(c *x509.Certificate) string {
	if bytes.Equal(c.RawSubject, c.RawIssuer) {
		return ""
	}
	for _, name := range c.DNSNames {
		if !strings.Contains(name, "*") {
			return cut(name)
		}
	}
	for _, ip := range c.IPAddresses {
		return ip.String()
	}
	return ""
}

// errOtherCertificate says that a certificate is none of those that its target names.
var errOtherCertificate = errors.New("it is none of the certificate_fingerprints of the target")

// TrustCertificates has handshakes trust the certificates that the target names and no others. Where it names none, they go on trusting what they did.
func TrustCertificates(settings *tls.Config, target *config.Target) {
	if len(target.CertificateFingerprints) == 0 {
		return
	}
	settings.InsecureSkipVerify = true // the following is done in its place
	settings.VerifyConnection = func(state tls.ConnectionState) error {
		if target.TrustsCertificate(state.PeerCertificates[0].Raw) {
			return nil
		}
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: errOtherCertificate}
	}
}

// unverified are the certificates that the device sent and that are not trusted; none for other errors.
func unverified(err error) []*x509.Certificate {
	var with *tls.CertificateVerificationError
	if errors.As(err, &with) {
		return with.UnverifiedCertificates
	}
	return nil
}
