package session

import (
	"context"
	"net"
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
func (w *Way) Connect(ctx context.Context) (net.Conn, error) {
	conn, err := w.dial.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	conn.traffic.stop()
	w.dial.device = w.dial.deviceOf(conn.RemoteAddr(), w.dial.hostPort)
	return conn, nil
}

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
