// Package session keeps one NETCONF session to each target, over SSH or TLS (RFC 6241, RFC 6242, RFC 7589): it dials or accepts calls,
// logs in, exchanges hellos, sends rpcs and passes replies on as they arrive. It tolerates the ways in which devices depart from the RFCs.
package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// Client keeps one session to one target. It is safe for concurrent use; rpcs run one after the other.
type Client struct {
	options  Options
	accounts *account.Accounts
	// lock guards the session and the fields after it. It is a channel, so that callers can wait for it under a deadline.
	lock chan struct{}
	// ctx ends with Close, and with it every dial and rpc.
	ctx    context.Context
	cancel context.CancelFunc

	session              *session  // under lock
	flood                error     // why the last session was closed while it was idle, if that was a flood; under lock
	unansweredKeepalives int       // sessions that answered rpcs but no keepalive; under lock
	oursRead             time.Time // when our certificate was last read; zero without TLS; under lock

	mu         sync.Mutex // guards the following fields, which Stats reads
	dials      map[Reason]uint64
	current    *session
	device     string    // what the accounts know the device by; "" until its address is known
	loginRetry time.Time // when a login that is held back is tried again
	incoming   incoming
	expiry     CertificateExpiry
}

// NewClient returns a client that is not connected yet.
func NewClient(options Options) *Client {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	options.Timeouts = options.Timeouts.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	return &Client{
		options: options, accounts: options.accounts(), lock: make(chan struct{}, 1), ctx: ctx, cancel: cancel, dials: map[Reason]uint64{},
		device: options.knownDevice(options.Target.HostPort()), incoming: incoming{first: make(chan struct{})},
	}
}

// Connect returns what the device announced in its hello. It uses the open session, or opens one. Errors are *Error.
func (c *Client) Connect(ctx context.Context, trace *Trace) (Hello, error) {
	within := ctx
	ctx, release, err := c.acquire(within)
	if err != nil {
		return Hello{}, c.withTarget(within, err)
	}
	defer release()
	c.lookAtTheirs()
	s, _, err := c.ensureSession(ctx, trace)
	if err != nil {
		return Hello{}, c.withTarget(ctx, err)
	}
	return s.hello, nil
}

// RPC sends one operation, the XML inside <rpc>, and passes the bytes of the reply to read as they arrive: the device's own
// <rpc-reply> and what it sends before it. If the session was lost while it was idle, which shows before any byte of the reply
// arrives, it is replaced once and the rpc is sent again. The end of ctx and an error of read close the session. Errors are
// *Error; an error of read is wrapped.
func (c *Client) RPC(ctx context.Context, trace *Trace, operation string, read func(io.Reader) error) error {
	within := ctx
	ctx, release, err := c.acquire(within)
	if err != nil {
		return c.withTarget(within, err)
	}
	defer release()
	for retried := false; ; retried = true {
		s, fresh, err := c.ensureSession(ctx, trace)
		if err != nil {
			return c.withTarget(ctx, err)
		}
		// A session that has just been opened is not replaced: a device that hangs up on the first rpc does so again.
		mayBeStale := !fresh && (s.replies > 0 || s.idle() > time.Second)
		began := time.Now()
		got, err := s.rpc(ctx, operation, read)
		trace.end("rpc", began, err, fmt.Sprintf("%d bytes, the first after %v", got.bytes, got.first.Round(time.Microsecond)))
		if err == nil {
			return nil
		}
		c.drop(s)
		stale := mayBeStale && (errors.Is(err, errClosed) || errors.Is(err, errSend) || errors.Is(err, errKeepaliveTimeout))
		// One of a device that called again is: the device waits on another connection.
		stale = got.bytes == 0 && (stale || errors.Is(err, errChannelWanted) || errors.Is(err, errCalledAgain))
		if retried || !stale || ctx.Err() != nil {
			return c.withTarget(ctx, err)
		}
	}
}

// Stats are a client's counters and state.
type Stats struct {
	Dials       map[Reason]uint64 // by result: ResultOK or the reason of the failure; missing: none
	Established bool
	Start       time.Time // when the session was opened; zero if none is
	LoginRetry  time.Time // when a login is tried again that the account or the device holds back; zero if none is held back
	// Certificates are those of the last handshake, also of one that failed because of them.
	Certificates CertificateExpiry
}

// Stats never waits for a dial or an rpc.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats := Stats{Dials: maps.Clone(c.dials), LoginRetry: c.loginRetry, Certificates: c.expiry}
	if c.current != nil && c.current.transport.cause() == nil {
		stats.Established, stats.Start = true, c.current.opened
	}
	return stats
}

// Close ends the dial or rpc in flight and closes the session with close-session. The device has until ctx ends to answer it,
// and at most one second. The client cannot be used again. The error is always nil.
func (c *Client) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c.cancel()
	c.hangUp()
	c.lock <- struct{}{} // soon: cancel ends whatever holds it
	defer func() { <-c.lock }()
	if c.session != nil {
		c.session.close(ctx)
		c.forget(c.session)
	}
	return nil
}

// acquire waits for the lock. release gives it back. The context returned ends with the client too.
func (c *Client) acquire(ctx context.Context) (_ context.Context, release func(), err error) {
	select {
	case c.lock <- struct{}{}:
	case <-c.ctx.Done():
		return nil, nil, errClientClosed
	case <-ctx.Done():
		return nil, nil, lockError(ctx.Err())
	}
	if c.ctx.Err() != nil {
		<-c.lock
		return nil, nil, errClientClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
		<-c.lock
	}, nil
}

// withTarget adds the target's name to an error.
func (c *Client) withTarget(ctx context.Context, err error) error {
	return Named(ctx, c.options.Target.Name, err)
}
