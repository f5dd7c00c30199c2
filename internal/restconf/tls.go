package restconf

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// tlsFailure is the failure of a TLS handshake.
func (c *Client) tlsFailure(ctx context.Context, err error) error {
	var unverified *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name x509.HostnameError
	switch {
	case isCertificateRefusal(err):
		return session.Failed(session.ReasonAuth, "auth %q: %s refuses our certificate: %w; check cert_file, and which authority the device trusts", c.options.Target.Auth, c.hostPort, err)
	case errors.As(err, &name):
		return session.Failed(session.ReasonTLS, "%s: %w; set server_name in the tls_config of auth %q to a name of the device's certificate", c.hostPort, err, c.options.Target.Auth)
	case errors.As(err, &unverified):
		return session.Failed(session.ReasonTLS, "%s: %w; check ca_file in the tls_config of auth %q, and how long the device's certificate is valid", c.hostPort, err, c.options.Target.Auth)
	case errors.As(err, &record):
		return session.Failed(session.ReasonNoNetconf, "%s does not speak TLS: it sent %s; RESTCONF is read over https alone (RFC 8040, section 2.1), usually on port 443", c.hostPort, excerpt(record.RecordHeader[:]))
	case ctx.Err() != nil:
		return session.Failed(session.ReasonTimeout, "%s did not finish the TLS handshake in time: %w; it may be overloaded, or the port not be https", c.hostPort, ctx.Err())
	}
	return session.Failed(session.ReasonTLS, "%s: the TLS handshake failed: %w; check the port, and min_version and max_version in the tls_config of auth %q", c.hostPort, err, c.options.Target.Auth)
}

// isCertificateRefusal reports whether the device says by an alert of TLS that it does not take our certificate, or wants one. In TLS 1.3
// it comes with the first answer.
func isCertificateRefusal(err error) bool {
	var alert tls.AlertError
	if errors.As(err, &alert) {
		switch alert {
		case 42, 43, 44, 45, 46, 48, 49, 116: // RFC 8446, section 6.2: bad_certificate to unknown_ca, access_denied, certificate_required
			return true
		}
		return false
	}
	// The alerts of a handshake that has ended come as a text alone.
	text := err.Error()
	_, text, remote := strings.Cut(text, "remote error: tls: ")
	return remote && (strings.Contains(text, "certificate") || strings.Contains(text, "access denied"))
}
