package session

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// Way is one attempt to reach a target and to log in there, for a client that speaks another protocol than NETCONF: it takes the jump
// hosts and the proxy, dials within the limits and only where the auth may be used, and asks the account before a secret is sent.
type Way struct{ dial *dial }

// NewWay returns a way that leads nowhere yet. Its phases are added to the trace.
func NewWay(o Options, trace *Trace) *Way {
	o.Timeouts = o.Timeouts.withDefaults()
	d := &dial{Options: o, hostPort: o.Target.HostPort(), timeouts: o.Timeouts, trace: trace, accounts: o.accounts()}
	d.device = o.knownDevice(d.hostPort)
	return &Way{d}
}

// Enter waits for the jump host, if there is one, and for a dial slot. release gives both back, once the login has ended.
func (w *Way) Enter(ctx context.Context) (release func(), err error) { return w.dial.enter(ctx) }

// Connect connects by TCP.
func (w *Way) Connect(ctx context.Context) (*Conn, error) {
	conn, err := w.dial.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	w.dial.device = w.dial.deviceOf(conn.RemoteAddr(), w.dial.hostPort)
	return &Conn{conn}, nil
}

// EndsWhenIdle has a connection through a jump host of few channels end for other targets, when it is idle. idle returns for how long it is.
func (w *Way) EndsWhenIdle(c *Conn, idle func() time.Duration) {
	w.dial.channel.endsWhenIdle(idle, func() { _ = c.Close() })
}

// Conn is a connection that a Way has made. What its user does not report as part of an answer is a flood, if it is too much; then the
// connection ends.
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
func (w *Way) TLSFailure(ctx context.Context, conn *Conn, own *tls.Certificate, err error) error {
	attempt := &tlsLogin{d: w.dial}
	if own != nil {
		attempt.entry = &account.Login{}
		w.dial.credentials = &credentials{tls: &tls.Config{Certificates: []tls.Certificate{*own}}}
	}
	return w.dial.tlsError(ctx, conn.connection, attempt, err)
}

// CertificateRefusal is the failure of a request that the device answers by refusing our certificate, as it may in TLS 1.3.
func (w *Way) CertificateRefusal(own *tls.Certificate, err error) error {
	return w.TLSFailure(context.Background(), &Conn{&connection{}}, own, err)
}

// IsCertificateAlert reports whether the device says by an alert of TLS that it does not take our certificate, or wants one.
func IsCertificateAlert(err error) bool { return isCertificateAlert(err) }

// IsAlert reports whether the device ended the connection by an alert of TLS.
func IsAlert(err error) bool { return alertText(err) != "" }

// Device is what the accounts know the device by; "" until its address is known.
func (w *Way) Device() string { return w.dial.device }

// Check returns an error while a login must not be tried, and until when. A device whose address is not known yet is asked about when it is.
func (w *Way) Check(s account.Secret, device string) (until time.Time, err error) {
	if device == "" {
		return time.Time{}, nil
	}
	if err = w.dial.accounts.Check(s, device); err == nil {
		return time.Time{}, nil
	}
	return heldUntil(err), accountError(err)
}

// Admit waits until a secret may be sent to the device.
func (w *Way) Admit(ctx context.Context, s account.Secret, device string) (*account.Login, error) {
	clock := startClock(ctx, w.dial.timeouts.Login)
	defer clock.stop()
	w.dial.credentials, w.dial.device = &credentials{username: s.User, digest: s.Digest}, device
	return w.dial.admit(clock, time.Now())
}
