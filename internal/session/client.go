// Package session keeps one NETCONF session over SSH to each target (RFC 6241, RFC 6242): it dials, logs in, exchanges
// hellos, sends rpcs and passes replies on as they arrive. It tolerates the ways in which devices depart from the RFCs.
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

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// Timeouts bound the phases of a dial, inside the caller's own deadline. A field that is 0 has its default.
type Timeouts struct {
	Connect time.Duration // name resolution and TCP: 10 s
	Login   time.Duration // SSH banner, key exchange and login: 20 s
	Hello   time.Duration // the netconf subsystem and both hellos: 20 s

	KeepaliveInterval time.Duration // between two keepalives of an idle session: 30 s
	KeepaliveAnswer   time.Duration // how long the device has to answer one before its session is closed: 15 s

	CertificateAgain time.Duration // how long a session lasts whose device's certificate expires soon: a day
}

func (t Timeouts) withDefaults() Timeouts {
	for field, value := range map[*time.Duration]time.Duration{
		&t.Connect: 10 * time.Second, &t.Login: 20 * time.Second, &t.Hello: 20 * time.Second,
		&t.KeepaliveInterval: 30 * time.Second, &t.KeepaliveAnswer: 15 * time.Second, &t.CertificateAgain: 24 * time.Hour,
	} {
		if *field == 0 {
			*field = value
		}
	}
	return t
}

// Options say what a Client connects to and how.
type Options struct {
	Target *config.Target
	Auth   *config.Auth
	Dialer *Dialer // shared by all clients; nil: no limit, and no account is shared
	Logger *slog.Logger
	// RequireAllowed refuses addresses outside the auth's allowed_targets. It is set for targets that are not configured.
	RequireAllowed bool
	// Via are the jump hosts on the way to the target, the one that is dialled first. They need a Dialer.
	Via      []config.NamedJumpHost
	Timeouts Timeouts
}

// accounts are those that all clients of the Dialer share.
func (o Options) accounts() *account.Accounts {
	if o.Dialer == nil {
		return &account.Accounts{}
	}
	return &o.Dialer.accounts
}

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
	loginRetry time.Time // when a login that must not be tried now is tried again
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
		stale := mayBeStale && got.bytes == 0 && (errors.Is(err, errClosed) || errors.Is(err, errSend) || errors.Is(err, errKeepaliveTimeout) || errors.Is(err, errCalledAgain))
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

// ensureSession returns the open session, or opens one. The caller holds the lock.
func (c *Client) ensureSession(ctx context.Context, trace *Trace) (s *session, fresh bool, err error) {
	if c.session != nil {
		if c.session.transport.cause() == nil {
			c.lookAtOurs()
			return c.session, false, nil
		}
		c.dropIdle(c.session)
	}
	if err := c.flood; err != nil { // told once, then the device has another chance
		c.flood = nil
		return nil, false, failed(ReasonRPC, "%w", err)
	}
	var call *call
	if c.options.Target.CallHome {
		if call, err = c.takeCall(); err != nil {
			trace.end("tcp", time.Now(), err, "")
			return nil, false, err
		}
		defer func() {
			if err != nil {
				call.end(err)
				c.mu.Lock()
				c.incoming.lost = caused(ctx, err)
				c.mu.Unlock()
			}
		}()
	}
	credentials, err := readCredentials(c.options.Target.Over(), c.options.Auth, c.options.Dialer.keyring())
	if err != nil {
		err = credentialsError(c.options.Target.Auth, err)
	} else {
		c.noteOurs(credentials)
		err = c.checkAccount(credentials)
	}
	if err != nil {
		trace.end("auth", time.Now(), err, "")
		return nil, false, err
	}
	if s, err = c.dial(ctx, trace, credentials, call); err != nil {
		return nil, false, err
	}
	c.session = s
	s.owner.Store(c)
	go s.watch(c.options.Timeouts, c.unansweredKeepalives < maxUnansweredKeepalives)
	return s, true, nil
}

// checkAccount returns an error while a login with these credentials must not be tried. A device whose address is not known yet
// is asked about when it is.
func (c *Client) checkAccount(with *credentials) error {
	c.mu.Lock()
	device := c.device
	c.mu.Unlock()
	if device == "" {
		return nil
	}
	err := c.accounts.Check(with.account(), device)
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heldBack(err)
	return accountError(err)
}

// heldBack keeps when a login is tried again. The caller holds mu.
func (c *Client) heldBack(err error) {
	if until := heldUntil(err); !until.IsZero() {
		c.loginRetry = until
	}
}

// heldUntil is when a login that is held back may be tried again; zero if it is not.
func heldUntil(err error) time.Time {
	var held *account.Held
	if errors.As(err, &held) {
		return held.Until
	}
	return time.Time{}
}

// dial opens a session, of a call if the device calls home, and counts the result.
func (c *Client) dial(ctx context.Context, trace *Trace, with *credentials, call *call) (*session, error) {
	attempt := &dial{Options: c.options, hostPort: c.options.Target.HostPort(), timeouts: c.options.Timeouts, trace: trace, credentials: with, accounts: c.accounts, call: call}
	if call != nil {
		attempt.hostPort = call.conn.RemoteAddr().String()
	}
	release, err := attempt.enter(ctx)
	var s *session
	if err == nil {
		defer release()
		s, err = attempt.open(ctx)
		if attempt.device != "" {
			c.mu.Lock()
			c.device = attempt.device
			c.mu.Unlock()
		}
	}
	var held error
	if err != nil && c.device != "" {
		held = c.accounts.Check(with.account(), c.device)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !attempt.deviceExpiry.IsZero() {
		c.expiry.Device = attempt.deviceExpiry
	}
	reason := reasonOf(caused(ctx, err))
	switch {
	case err == nil:
		reason = ResultOK
		c.loginRetry = time.Time{}
		c.current = s
		if c.incoming.waiting != nil { // the device called again meanwhile
			c.incoming.waiting.end(errSessionAlive)
			c.incoming.waiting = nil
		}
		c.options.Logger.Debug("session opened", "target", c.options.Target.Name, "session_id", s.hello.SessionID)
	default:
		c.heldBack(held)
	}
	c.dials[reason]++
	return s, err
}

// watch sends keepalives on an idle session, and has its client drop it when the device closes it.
func (s *session) watch(t Timeouts, keepalives bool) {
	if keepalives {
		s.keepalive(t.KeepaliveInterval, t.KeepaliveAnswer)
	}
	<-s.transport.closed
	c := s.owner.Load()
	c.lock <- struct{}{}
	defer func() { <-c.lock }()
	if c.session == s {
		c.options.Logger.Debug("session ended while idle", "target", c.options.Target.Name, "cause", s.transport.cause())
		c.dropIdle(s)
	}
}

// dropIdle drops a session that ended while no rpc was in flight. The next caller is told of a flood. The caller holds the lock.
func (c *Client) dropIdle(s *session) {
	if cause := s.transport.cause(); errors.Is(cause, errFlood) {
		c.flood = cause
	}
	c.drop(s)
}

// drop closes a session that is of no more use. It counts a session that answered no keepalive before the next one is opened. The
// caller holds the lock.
func (c *Client) drop(s *session) {
	if errors.Is(s.transport.cause(), errKeepaliveTimeout) && s.replies > 0 && !s.keepaliveAnswered {
		if c.unansweredKeepalives++; c.unansweredKeepalives == maxUnansweredKeepalives {
			c.options.Logger.Debug("the device answers no keepalives, none are sent to it any more", "target", c.options.Target.Name)
		}
	}
	s.transport.Close()
	s.close(context.Background())
	c.forget(s)
}

func (c *Client) forget(s *session) {
	c.session = nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.incoming.lost = s.transport.cause()
	if c.current == s {
		c.current = nil
	}
}

// withTarget adds the target's name to an error.
func (c *Client) withTarget(ctx context.Context, err error) error {
	return Named(ctx, c.options.Target.Name, err)
}
