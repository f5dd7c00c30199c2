package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Which reason a failure of TLS has, and which remedy its text names.

// alerts are those of RFC 8446 section 6.2 by which a server says that it does not take our certificate.
func certificateAlerts() []tls.AlertError {
	return []tls.AlertError{
		42,  // bad_certificate
		43,  // unsupported_certificate
		44,  // certificate_revoked
		45,  // certificate_expired
		46,  // certificate_unknown
		48,  // unknown_ca
		49,  // access_denied
		51,  // decrypt_error
		116, // certificate_required
	}
}

// alertText is the text of an alert that the other side sent; "" for any other error. The library keeps its type to itself.
func alertText(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

// isAlert reports whether the other side sent one of these alerts.
func isAlert(err error, alerts ...tls.AlertError) bool {
	text := alertText(err)
	return text != "" && slices.ContainsFunc(alerts, func(alert tls.AlertError) bool { return alert.Error() == text })
}

func isCertificateAlert(err error) bool { return isAlert(err, certificateAlerts()...) }

// handshakeFailure is the alert by which OpenSSL refuses a certificate when the server's own code does.
const handshakeFailure = tls.AlertError(40)

// refusal is the failure of a login that the device ends by an alert upon our certificate.
func (l *tlsLogin) refusal(err error) error {
	if !l.secretSent() {
		return failed(ReasonTLS, "%s ended the connection: %w; it wants no certificate, and refuses one", l.d.hostPort, err)
	}
	if !isCertificateAlert(err) && !isAlert(err, handshakeFailure) {
		return l.hungUp(err)
	}
	return failed(ReasonAuth, "auth %q: %w: %s refuses our certificate (%s): %w; have the device trust its authority and make a user of it (cert-to-name), or renew it",
		l.d.Target.Auth, errLoginRefused, l.d.hostPort, l.ours(), err)
}

// hungUp is the failure of a login upon which the device ended the connection, without saying that it refuses our certificate.
func (l *tlsLogin) hungUp(err error) error {
	return failed(ReasonAuth, "auth %q: %s ended the connection upon our certificate (%s): %w; see the device's log, and whether it makes a user of the certificate (cert-to-name)",
		l.d.Target.Auth, l.d.hostPort, l.ours(), err)
}

// ours describes our certificate.
func (l *tlsLogin) ours() string { return describe(l.d.credentials.tls.Certificates[0].Leaf) }

// tlsError is the failure of a TLS handshake.
func (d *dial) tlsError(ctx context.Context, conn *connection, attempt *tlsLogin, err error) error {
	var unverified *tls.CertificateVerificationError
	first := conn.received()
	ended := context.Cause(ctx)
	switch {
	case attempt.notAdmitted != nil:
		return attempt.notAdmitted
	case errors.As(err, &unverified):
		return d.certificateError(unverified)
	case attempt.secretSent() && alertText(err) != "":
		return attempt.refusal(err)
	case strings.HasPrefix(first, "SSH-"):
		return failed(ReasonTLS, "%s is an SSH server; use transport: ssh for it, or the port of %s (usually %d)", d.hostPort, d.protocol(), d.usualPort())
	case errors.As(err, new(tls.RecordHeaderError)):
		return failed(ReasonTLS, "%s does not speak TLS, it sent %s; %s is usually on port %d", d.hostPort, excerpt([]byte(first)), d.protocol(), d.usualPort())
	case ended != nil && first == "":
		return failed(ReasonTimeout, "%s accepts connections but did not answer the TLS handshake in time: %w; it may be overloaded, or the port "+
			"not be %s", d.hostPort, ended, d.protocol())
	case ended != nil:
		return failed(ReasonTimeout, "%s did not finish the TLS handshake in time: %w; it may be overloaded", d.hostPort, ended)
	case isAlert(err, 70): // protocol_version
		return failed(ReasonTLS, "%s speaks no version of TLS that the auth allows: %w; change min_version or max_version in its tls_config, or update the device", d.hostPort, err)
	case isAlert(err, 112): // unrecognized_name
		return failed(ReasonTLS, "%s does not answer to the name %q: %w; set server_name in the tls_config of the auth", d.hostPort, d.serverName(), err)
	case alertText(err) != "":
		return failed(ReasonTLS, "%s ended the TLS handshake: %w; see the device's log", d.hostPort, err)
	case conn.readError() != nil && attempt.secretSent():
		return attempt.hungUp(err)
	case conn.readError() != nil && first == "":
		return failed(ReasonRefused, "%s closed the connection before it answered the TLS handshake: %w; check the port, and which addresses it talks to", d.hostPort, err)
	case conn.readError() != nil:
		return failed(ReasonTLS, "%s closed the connection in the TLS handshake: %w; see the device's log", d.hostPort, err)
	}
	return failed(ReasonTLS, "%s: the TLS handshake failed: %w; check the device's TLS server, and min_version in the tls_config of auth %q", d.hostPort, err, d.Target.Auth)
}

// protocol names for people what is spoken.
func (d *dial) protocol() string {
	switch over := d.Target.Over(); {
	case d.forwards:
		return "SSH"
	case over == config.TransportRESTCONF:
		return "RESTCONF"
	case over == config.TransportTLS:
		return "NETCONF over TLS"
	}
	return "NETCONF over SSH"
}

// usualPort is the port that is meant for what is spoken.
func (d *dial) usualPort() int {
	if d.forwards {
		return jumpPort
	}
	return d.Target.Over().DefaultPort()
}

// serverName is the name that the device's certificate has to have.
func (d *dial) serverName() string {
	if name := d.Auth.TLSConfig.ServerName; name != "" {
		return name
	}
	return serverName(d.hostPort)
}

// certificateError is the error for a device's certificate that is not trusted.
type certificateError struct {
	why string // it is not trusted, as the end of a sentence
	err error
}

func (e *certificateError) Error() string { return e.err.Error() }
func (e *certificateError) Unwrap() error { return e.err }

// certificateError is the failure of a device's certificate: which of them is wrong, and why.
func (d *dial) certificateError(err *tls.CertificateVerificationError) error {
	shown := err.UnverifiedCertificates[0]
	wrong, why := untrusted(err, shown, d.serverName())
	remedy := "have it renewed"
	switch {
	case errors.Is(err.Err, errOtherCertificate):
		remedy = fmt.Sprintf("it was renewed, the device was replaced, or someone is in between; if the device is the right one, write %s there", config.CertificateFingerprint(wrong.Raw))
	case errors.As(err, &x509.HostnameError{}) && len(wrong.DNSNames)+len(wrong.IPAddresses) == 0:
		remedy = "have it renewed with the name as a subjectAltName, or give the target its certificate_fingerprints"
	case errors.As(err, &x509.HostnameError{}):
		remedy = fmt.Sprintf("set server_name in the tls_config of auth %q to one of its names if the device is the right one, or have it renewed with the right name", d.Target.Auth)
	case errors.As(err, &x509.UnknownAuthorityError{}):
		remedy = fmt.Sprintf("if the device is the right one, put the certificate of its authority, or its own, into the ca_file of auth %q, or give the target its certificate_fingerprints (`%s` prints them)", d.Target.Auth, d.hostKeyCommand())
	case time.Now().Before(wrong.NotBefore):
		remedy = "check the clocks of the device and of this machine"
	case time.Now().After(wrong.NotAfter):
		remedy = "have it renewed on the device, or its clock set if it has just made it"
	}
	return &certificateError{why, failed(ReasonTLS, "%s: the device's certificate (%s) %s; %s", d.hostPort, describe(wrong), why, remedy)}
}

// untrusted returns why a certificate that should have a name is not trusted, as the end of a sentence, and which certificate is wrong: that one, or one
// that vouches for it.
func untrusted(err error, shown *x509.Certificate, name string) (wrong *x509.Certificate, why string) {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.Is(err, errOtherCertificate):
		return shown, "is none of the certificate_fingerprints of the target"
	case errors.As(err, &x509.HostnameError{}):
		return shown, fmt.Sprintf("is for %s, not for %q", names(shown), name)
	case errors.As(err, &x509.UnknownAuthorityError{}):
		return shown, "comes from an authority that is not trusted"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil {
			shown = invalid.Cert
		}
		if time.Now().Before(shown.NotBefore) {
			return shown, "is not valid before " + shown.NotBefore.UTC().Format(time.RFC3339)
		}
		return shown, "expired at " + shown.NotAfter.UTC().Format(time.RFC3339)
	}
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		err = unverified.Err
	}
	return shown, "is not valid: " + err.Error()
}
