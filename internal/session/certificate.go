package session

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
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

// unverified are the certificates that the device sent and that are not trusted; none for other errors.
func unverified(err error) []*x509.Certificate {
	var with *tls.CertificateVerificationError
	if errors.As(err, &with) {
		return with.UnverifiedCertificates
	}
	return nil
}
