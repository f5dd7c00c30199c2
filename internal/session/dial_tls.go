package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// connectTLS logs in to a device over TLS (RFC 7589): each side knows the other one by its certificate.
func (d *dial) connectTLS(ctx context.Context) (stream, error) {
	if d.call != nil {
		d.trace.end("tcp", time.Now(), nil, "the device called from "+d.hostPort)
		return d.handshakeTLS(ctx, d.call.conn)
	}
	conn, err := d.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	return d.handshakeTLS(ctx, conn)
}

// handshakeTLS speaks TLS on a connection. If that fails, it closes the connection.
func (d *dial) handshakeTLS(ctx context.Context, conn *connection) (stream, error) {
	clock := startClock(ctx, d.timeouts.Login)
	defer clock.stop()
	ctx = clock.ctx
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	phase, began := "tls", time.Now()
	attempt := &tlsLogin{d: d}
	settings := d.credentials.tls.Clone()
	switch {
	case d.call != nil:
		settings.ServerName = d.Target.CertificateName(d.Auth)
	case settings.ServerName == "":
		settings.ServerName = serverName(d.hostPort)
	}
	TrustCertificates(settings, d.Target)
	// Called when the device wants a certificate of ours, after its own was verified.
	settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		d.trace.end("tls", began, nil, "")
		d.device = d.deviceOf(conn.RemoteAddr(), d.hostPort)
		attempt.entry, attempt.notAdmitted = d.admit(clock, time.Now())
		phase, began = "auth", time.Now()
		return &d.credentials.tls.Certificates[0], attempt.notAdmitted
	}
	var client *tls.Conn
	err := guard(func() (err error) {
		client, err = d.negotiateTLS(ctx, conn, settings)
		return err
	})
	if err != nil {
		conn.Close()
		d.noteDeviceCertificate(unverified(err))
		err = d.tlsError(ctx, conn, attempt, err)
		attempt.end(err)
		d.trace.end(phase, began, err, "")
		return nil, err
	}
	state := client.ConnectionState()
	d.noteDeviceCertificate(state.PeerCertificates)
	if state.Version < tls.VersionTLS13 {
		attempt.end(nil) // in TLS 1.3 the device verifies our certificate after its last word of the handshake
	}
	d.trace.end(phase, began, nil, fmt.Sprintf("%s %s, device %s, ours %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite),
		state.PeerCertificates[0].Subject, d.credentials.username))
	return &tlsStream{conn: conn, Conn: client, login: attempt, accepted: state.Version < tls.VersionTLS13}, nil
}

// serverName is the host of an address, as certificates have it.
func serverName(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return hostPort // never: the configuration has checked it
	}
	host, _, _ = strings.Cut(host, "%") // the zone of an IPv6 address
	return strings.TrimSuffix(host, ".")
}

// tlsLogin is one attempt to log in by our certificate.
type tlsLogin struct {
	d           *dial
	entry       *account.Login // nil until the certificate may be sent
	notAdmitted error
	once        sync.Once
}

// secretSent reports whether our certificate was sent. If it was, the device may refuse it.
func (l *tlsLogin) secretSent() bool { return l.entry != nil }

// end tells the account once how the login ended: err is nil after a success. Certificates cannot be guessed, so servers lock no account
// because of them; but a device that refuses one by an alert is not tried again and again.
func (l *tlsLogin) end(err error) {
	if l.entry == nil {
		return
	}
	l.once.Do(func() {
		switch {
		case err == nil:
			l.entry.Succeeded()
		case errors.Is(err, errLoginRefused):
			l.entry.Refused(err)
		case reasonOf(err) == ReasonAuth:
			l.entry.HungUp(err)
		default:
			l.entry.Cancelled()
		}
	})
}

// tlsStream is a TLS connection, on which NETCONF begins at once (RFC 7589 section 4).
type tlsStream struct {
	*tls.Conn
	conn     *connection
	login    *tlsLogin // ends with the first octet
	accepted bool      // our certificate has been; an alert is about something else
}

func (s *tlsStream) start() error { return nil }

// Read reads what the device sends. Many devices close the connection without a TLS close_notify. That is harmless: framing marks the end
// of each message, so a truncated message is noticed.
func (s *tlsStream) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	switch {
	case err == nil:
		s.accepted = true
		s.login.end(nil)
		return n, nil
	case n == 0 && (isCertificateAlert(err) || !s.accepted && alertText(err) != ""):
		err = s.login.refusal(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		err = io.EOF
	}
	s.login.end(err)
	return n, err
}

func (s *tlsStream) connection() *connection { return s.conn }

// closeNotifyTime is how long a device may take to receive the notice that we close (RFC 5246 section 7.2.1).
const closeNotifyTime = time.Second

func (s *tlsStream) close() {
	late := time.AfterFunc(closeNotifyTime, func() { s.conn.Close() })
	defer late.Stop()
	_ = s.Conn.Close()
}

func (s *tlsStream) complaint() string { return "" }
