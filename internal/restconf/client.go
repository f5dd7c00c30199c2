// Package restconf reads devices over RESTCONF (RFC 8040). Its Client takes the NETCONF operations that modules are made of, asks for what
// they select by HTTP, and gives the answers as the NETCONF reply that they make. So modules need not know how a device is reached.
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
	opening     bool           // the session is being opened: that counts as one dial
	dialled     bool           // a link was asked for, which is not counted yet
	proven      bool           // the device accepted this login a read ago
	accepted    bool           // and an answer to this read shows that it does now
	entry       *account.Login // a login on which no answer has had a word yet; nil: none
	verified    time.Time      // when the device last accepted the login; zero: the session is not open
	root        string         // path of the API
	rootKnown   bool           // the device has been asked for it
	media       int            // index into mediaTypes
	device      *device        // what is known of the device; nil before the first session
	learning    *device        // what it has told so far, if not all; nil: nothing
	forms       map[string]int // which form of a part the device takes

	mu         sync.Mutex // guards the following fields, which Stats reads
	dials      map[session.Reason]uint64
	known      string    // what the accounts know the device by; "" until its address is known
	start      time.Time // when the session was opened; zero if none is
	loginRetry time.Time // when a login is tried again that must not be tried now
	notBefore  time.Time // when the device may be asked again, as it wants
	wants      string    // how it said that
	expiry     session.CertificateExpiry
	flood      error // why the last connection was closed, if the device flooded it; nil once that was told
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

// verifiedFor is how long after an answer the device needs no new proof that the login is accepted, and that its YANG library is the one
// known.
const verifiedFor = 5 * time.Second

// Connect returns what is known of the device. It asks it only for the identifier of its YANG library, unless that is new. Errors are
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

// RPC asks for what one NETCONF operation selects, and passes the bytes of the NETCONF reply that the answers make to read as they
// arrive. What RESTCONF has no form of is answered by an rpc-error. The end of ctx and an error of read close the connection. Errors are
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
		r.bytes = 0 // they are ours
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

// idle is for how long nothing has been asked.
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

// unlink closes the connection. Servers do that too, after seconds without a request: the session goes on.
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

// remember keeps which form of a part the device takes.
func (c *Client) remember(key string, form int) {
	const most = 1000 // a person may ask for anything
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
