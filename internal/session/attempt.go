package session

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// Attempt is one attempt to reach a target and to log in, for a client of another protocol than NETCONF. It uses the jump hosts and the
// proxy, respects the dial limit and allowed_targets, and asks the account before a secret is sent.
type Attempt struct{ dial *dial }

// NewAttempt returns an attempt that has not begun. Its phases are added to the trace.
func NewAttempt(o Options, trace *Trace) *Attempt {
	o.Timeouts = o.Timeouts.withDefaults()
	d := &dial{Options: o, hostPort: o.Target.HostPort(), timeouts: o.Timeouts, trace: trace, accounts: o.accounts()}
	d.device = o.knownDevice(d.hostPort)
	return &Attempt{d}
}

// Enter waits for the jump host, if there is one, and for a dial slot. release gives both back, once the login has ended.
func (a *Attempt) Enter(ctx context.Context) (release func(), err error) { return a.dial.enter(ctx) }

// Connect connects by TCP.
func (a *Attempt) Connect(ctx context.Context) (*Conn, error) {
	conn, err := a.dial.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	a.dial.device = a.dial.deviceOf(conn.RemoteAddr(), a.dial.hostPort)
	return &Conn{conn}, nil
}

// EndsWhenIdle has a connection through a jump host of few channels end for other targets, when it is idle. idle returns for how long it is.
func (a *Attempt) EndsWhenIdle(c *Conn, idle func() time.Duration) {
	a.dial.channel.endsWhenIdle(idle, func() { _ = c.Close() })
}

// Conn is a connection that an Attempt has made. Octets that its user does not report by Use as part of an answer count as a flood. If
// there are too many, the connection is closed.
type Conn struct{ *connection }

// Begin starts the watch, when the connection is ready for requests. flooded is told why it ends.
func (c *Conn) Begin(flooded func(error)) {
	c.onFlood(flooded)
	c.traffic.begin(time.Now())
	c.traffic.wait(true)
}

// Use reports octets that were part of an answer.
func (c *Conn) Use(n int) { c.traffic.use(n) }

// Wait reports whether its user has taken all that it was given.
func (c *Conn) Wait(waiting bool) { c.traffic.wait(waiting) }

// TLSFailure is the failure of a TLS handshake on a connection. own is our certificate if it was sent, else nil.
func (a *Attempt) TLSFailure(ctx context.Context, conn *Conn, own *tls.Certificate, err error) error {
	attempt := &tlsLogin{d: a.dial}
	if own != nil {
		attempt.entry = &account.Login{}
		a.dial.credentials = &credentials{tls: &tls.Config{Certificates: []tls.Certificate{*own}}}
	}
	return a.dial.tlsError(ctx, conn.connection, attempt, err)
}

// CertificateRefusal is the failure of a request that the device answers by refusing our certificate, as it may in TLS 1.3.
func (a *Attempt) CertificateRefusal(own *tls.Certificate, err error) error {
	return a.TLSFailure(context.Background(), &Conn{&connection{}}, own, err)
}

// IsCertificateAlert reports whether the device says by an alert of TLS that it does not take our certificate, or wants one.
func IsCertificateAlert(err error) bool { return isCertificateAlert(err) }

// IsAlert reports whether the device ended the connection by an alert of TLS.
func IsAlert(err error) bool { return alertText(err) != "" }

// Device is what the accounts know the device by; "" until its address is known.
func (a *Attempt) Device() string { return a.dial.device }

// Check returns an error while a login must not be tried, and until when. A device whose address is not known yet is asked about when it is.
func (a *Attempt) Check(s account.Secret, device string) (until time.Time, err error) {
	if device == "" {
		return time.Time{}, nil
	}
	if err = a.dial.accounts.Check(s, device); err == nil {
		return time.Time{}, nil
	}
	return heldUntil(err), accountError(err)
}

// Admit waits until a secret may be sent to the device.
func (a *Attempt) Admit(ctx context.Context, s account.Secret, device string) (*account.Login, error) {
	clock := startClock(ctx, a.dial.timeouts.Login)
	defer clock.stop()
	a.dial.credentials, a.dial.device = &credentials{username: s.User, digest: s.Digest}, device
	return a.dial.admit(clock, time.Now())
}
