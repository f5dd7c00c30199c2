package restconf

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// connect opens a link. It holds a dial slot until the login has ended.
func (c *Client) connect(ctx context.Context, trace *session.Trace) (err error) {
	c.dialled = true
	attempt := session.NewAttempt(c.options, trace)
	if err := c.check(attempt); err != nil {
		trace.End("auth", time.Now(), err, "")
		return err
	}
	if c.release, err = attempt.Enter(ctx); err != nil {
		c.release = nil
		return err
	}
	conn, err := attempt.Connect(ctx)
	if err != nil {
		c.freeSlot()
		return err
	}
	c.mu.Lock()
	c.known = attempt.Device()
	c.mu.Unlock()
	if c.link, err = c.handshake(ctx, trace, attempt, conn); err != nil {
		c.freeSlot()
		return err
	}
	attempt.EndsWhenIdle(conn, c.idle)
	return nil
}

// handshake speaks TLS on a connection. If that fails, it closes the connection. Our certificate is a login, which the device may refuse as late
// as in its first answer (RFC 8446, section 4.4.2).
func (c *Client) handshake(ctx context.Context, trace *session.Trace, attempt *session.Attempt, conn *session.Conn) (*link, error) {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, c.timeouts().Login)
	defer cancel()
	l := &link{}
	var notAdmitted error
	settings := c.credentials.tls.Clone()
	pending := false
	if c.credentials.certificate != nil {
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pending = c.entry != nil
			c.settle(errNoConnection) // this login takes the place of the one on the connection before
			l.entry, notAdmitted = c.admit(within, trace)
			return c.credentials.certificate, notAdmitted
		}
	}
	secured := tls.Client(newLastWord(conn), settings)
	err := session.Guard(func() error { return secured.HandshakeContext(within) })
	switch {
	case notAdmitted != nil:
		err = notAdmitted
	case err != nil:
		var unverified *tls.CertificateVerificationError
		if errors.As(err, &unverified) {
			c.noteCertificates(unverified.UnverifiedCertificates)
		}
		own := c.credentials.certificate
		if l.entry == nil {
			own = nil
		}
		err = attempt.TLSFailure(within, conn, own, err)
		l.end(c, err)
	}
	if err != nil {
		conn.Close()
		trace.End("tls", began, err, "")
		return nil, err
	}
	state := secured.ConnectionState()
	protocol := state.NegotiatedProtocol
	if protocol == "" {
		protocol = "http/1.1"
	}
	trace.End("tls", began, nil, fmt.Sprintf("%s %s, %s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), protocol, state.PeerCertificates[0].Subject))
	c.noteCertificates(state.PeerCertificates)
	if pending {
		c.entry, l.entry = l.entry, nil
	}
	conn.Begin(c.flooded)
	l.open(secured, conn)
	return l, nil
}

// noteCertificates notes when the device's certificates expire.
func (c *Client) noteCertificates(device []*x509.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expiry.Device = session.Expiry(device)
}

// flooded notes that a connection was closed because of a flood. The error is returned once, then the device gets another chance.
func (c *Client) flooded(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flood = err
}
