// Package restconf reads devices over RESTCONF (RFC 8040). Its Client turns the NETCONF operations of modules into HTTP requests, and the
// answers into a NETCONF reply. So modules do not depend on how a device is reached.
package restconf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// Client reads one target. It is safe for concurrent use; requests go one after the other.
type Client struct {
	options  session.Options
	hostPort string
	// lock guards the following fields. It is a channel, so that callers can wait for it under a deadline.
	lock chan struct{}
	// ctx ends with Close, and with it what is under way.
	ctx     context.Context
	cancel  context.CancelFunc
	lastUse atomic.Int64 // Unix nanoseconds of when the lock was last given back

	link        *link  // nil: none
	release     func() // of the dial slot that the link was made with, until the login has ended; nil: none is held
	credentials *credentials
	opening     bool           // the session is being opened, which counts as one dial
	dialled     bool           // a link was opened that is not counted yet
	proven      bool           // the device accepted this login in the read before
	accepted    bool           // and an answer to this read shows that it does now
	entry       *account.Login // a login on which no answer has had a word yet; nil: none
	verified    time.Time      // when the device last accepted the login; zero: the session is not open
	root        string         // path of the API
	rootKnown   bool           // the device has been asked for it
	media       int            // index into mediaTypes
	device      *device        // what is known of the device; nil before the first session
	learning    *device        // what was learned so far, while it is incomplete; nil: nothing
	forms       map[string]int // by part: index of the form that the device supports

	mu         sync.Mutex // guards the following fields, which Stats reads
	dials      map[session.Reason]uint64
	known      string    // what the accounts know the device by; "" until its address is known
	start      time.Time // when the session was opened; zero if none is
	loginRetry time.Time // when a login that is held back is tried again
	notBefore  time.Time // when the device wants the next request (Retry-After)
	wants      string    // its words for that
	expiry     session.CertificateExpiry
	flood      error // why the last connection was closed, if the device flooded it; nil once that was returned
}

// device is what is known of a device.
type device struct {
	learned      time.Time // when it had told what follows
	failing      string    // the answer by which it could not tell all; "" if it could
	found        bool      // something of its API was there
	asked        bool      // it was asked for its capabilities
	capabilities []string
	contentID    string // of the YANG library
	idPath       string // where it is; "" if the device has none
	library      *yang.Library
	names        names
	fields       bool                  // it understands the query parameter (RFC 8040, section 9.1.1)
	nmda         bool                  // it has an operational datastore
	hasStore     bool                  // and its resource was there
	schemas      map[schemaName]string // addresses of the texts of YANG modules; nil: they were not asked for
}

// NewClient returns a client that is not connected yet.
func NewClient(o session.Options) *Client {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{options: o, hostPort: o.Target.HostPort(), lock: make(chan struct{}, 1), dials: map[session.Reason]uint64{}, forms: map[string]int{}}
	c.known = session.NewAttempt(o, nil).Device()
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// verifiedFor is how long after an answer the login and the YANG library are not checked again.
const verifiedFor = 5 * time.Second

// Connect returns what is known of the device. It requests only the identifier of the YANG library, unless that has changed. Errors are
// *session.Error.
func (c *Client) Connect(ctx context.Context, trace *session.Trace) (session.Hello, error) {
	within := ctx
	ctx, release, err := c.acquire(within)
	if err != nil {
		return session.Hello{}, c.named(within, err)
	}
	defer release()
	if err := c.ensure(ctx, trace, true); err != nil {
		return session.Hello{}, c.named(ctx, err)
	}
	return session.Hello{Capabilities: c.device.capabilities, Library: c.device.library}, nil
}

// RPC requests what one NETCONF operation selects. read gets the bytes of the NETCONF reply, made from the answers as they arrive.
// Operations that RESTCONF cannot express get an rpc-error. The end of ctx and an error of read close the connection. Errors are
// *session.Error; an error of read is wrapped.
func (c *Client) RPC(ctx context.Context, trace *session.Trace, text string, read func(io.Reader) error) error {
	within := ctx
	ctx, release, err := c.acquire(within)
	if err != nil {
		return c.named(within, err)
	}
	defer release()
	if err := c.ensure(ctx, trace, false); err != nil {
		return c.named(ctx, err)
	}
	r := &reply{client: c, ctx: ctx, trace: trace, began: time.Now(), left: int64(*c.options.Target.MaxReplyBytes)}
	var cannot *unmapped
	o, err := parseOperation(text)
	if err == nil {
		r.parts, err = c.parts(ctx, trace, o)
	}
	switch {
	case errors.As(err, &cannot):
		r.errors = notSupported(cannot.why)
	case err != nil:
		return c.named(ctx, err)
	}
	err = session.Guard(func() error { return read(r) })
	if r.err != nil {
		err = r.err
	}
	r.close()
	if r.first == 0 {
		r.bytes = 0 // all of them are ours
	}
	trace.End("rpc", r.began, err, fmt.Sprintf("%d bytes, the first after %v", r.bytes, r.first.Round(time.Microsecond)))
	if err == nil {
		c.verified = time.Now()
		return nil
	}
	c.lose()
	return c.named(ctx, session.RPCFailure(ctx, r.began, r.bytes, err))
}

// Stats never waits for the device.
func (c *Client) Stats() session.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	retry := c.loginRetry
	if c.notBefore.After(retry) {
		retry = c.notBefore
	}
	return session.Stats{Dials: maps.Clone(c.dials), Established: !c.start.IsZero(), Start: c.start, LoginRetry: retry, Certificates: c.expiry}
}

// Close ends what is under way and closes the connection. The client cannot be used again. The error is always nil.
func (c *Client) Close(context.Context) error {
	c.cancel()
	c.lock <- struct{}{} // soon: cancel ends whatever holds it
	defer func() { <-c.lock }()
	c.lose()
	return nil
}

// acquire waits for the lock. release gives it back. The context returned ends with the client too.
func (c *Client) acquire(ctx context.Context) (_ context.Context, release func(), err error) {
	select {
	case c.lock <- struct{}{}:
	case <-c.ctx.Done():
		return nil, nil, session.ErrClosed
	case <-ctx.Done():
		return nil, nil, session.LockFailure(ctx.Err())
	}
	if c.ctx.Err() != nil {
		<-c.lock
		return nil, nil, session.ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
		c.lastUse.Store(time.Now().UnixNano())
		<-c.lock
	}, nil
}

// idle is the time since the last request.
func (c *Client) idle() time.Duration {
	if len(c.lock) > 0 {
		return 0
	}
	return time.Since(time.Unix(0, c.lastUse.Load()))
}

func (c *Client) named(ctx context.Context, err error) error {
	return session.Named(ctx, c.options.Target.Name, err)
}

// lose closes the connection. What is known of the device is kept for the next one.
func (c *Client) lose() {
	c.unlink()
	c.verified = time.Time{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start = time.Time{}
}

// unlink closes the connection. The session goes on: servers close connections too, after seconds without a request.
func (c *Client) unlink() {
	if c.link != nil {
		c.link.close()
		c.link = nil
	}
	c.freeSlot()
}

func (c *Client) freeSlot() {
	if c.release != nil {
		c.release()
		c.release = nil
	}
}

// remember notes which form of a part the device supports.
func (c *Client) remember(key string, form int) {
	const most = 1000 // commands may request any path
	if len(c.forms) >= most {
		clear(c.forms)
	}
	c.forms[key] = form
}

// lacksDatastore reports whether a resource is not there because the device has not the one of its datastore either (RFC 8527).
func (c *Client) lacksDatastore(ctx context.Context, trace *session.Trace, r request) (bool, error) {
	store, _, in := cutStore(r.path)
	d := c.device
	if !in || d.hasStore || d.idPath == "" {
		return false, nil
	}
	got, err := c.small(ctx, trace, request{path: store + d.idPath[len("data"):]})
	if err != nil {
		return false, err
	}
	d.hasStore = got.status < 300
	return !d.hasStore, nil
}
