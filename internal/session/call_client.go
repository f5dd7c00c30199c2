package session

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// answerWait is how long a session may take to show that it is alive, when its device calls again.
const answerWait = 5 * time.Second

// incoming are the calls of a client's device. The client's mu guards it.
type incoming struct {
	waiting  *call // nil: none
	last     time.Time
	first    chan struct{} // closed by the first call
	tell     func()        // runs at each call; nil: calls are not accepted
	checking bool          // whether the session is alive, because the device called again
	lost     error         // why the last session ended, or the last call failed
}

// note notes when the device last called; zero if it has not.
func (in *incoming) note(at time.Time) {
	if in.last.IsZero() && !at.IsZero() {
		close(in.first)
	}
	in.last = at
}

// AnswerCalls makes the client accept the calls of its target's device (RFC 8071). It needs a Dialer. called runs when the device has
// called and a session can be opened; it must not block.
func (c *Client) AnswerCalls(called func()) {
	c.mu.Lock()
	c.incoming.tell = called
	c.mu.Unlock()
	c.options.Dialer.calls.register(c)
}

// Called is closed when the device has called for the first time.
func (c *Client) Called() <-chan struct{} { return c.incoming.first }

// called handles a call of the device. It replaces a dead session, not one that is alive.
func (c *Client) called(call *call) (CallResult, error) {
	if err := c.mayCall(call); err != nil {
		return CallNotTaken, err
	}
	c.mu.Lock()
	if c.incoming.checking {
		c.mu.Unlock()
		return CallDuplicate, errSessionAlive
	}
	c.incoming.checking = true
	s, tell := c.current, c.incoming.tell
	c.mu.Unlock()
	alive := s != nil && c.alive(s)
	result, err := c.await(call, alive)
	if err != nil {
		return result, err
	}
	if s != nil {
		s.transport.fail(errCalledAgain)
	}
	tell()
	return result, nil
}

// alive reports whether the device still has its end of a session. Over TLS, which has no keepalives, it sends a <get> that selects nothing.
func (c *Client) alive(s *session) bool {
	if _, ok := s.stream.(pinger); ok {
		return s.alive(answerWait)
	}
	before := s.transport.traffic.arrived()
	within, cancel := context.WithTimeout(c.ctx, answerWait)
	defer cancel()
	ctx, release, err := c.acquire(within)
	if err != nil { // an rpc is under way
		return s.transport.cause() == nil && s.transport.traffic.arrived() != before
	}
	defer release()
	if c.session != s {
		return false
	}
	_, err = s.rpc(ctx, `<get><filter type="subtree"/></get>`, func(reply io.Reader) error {
		_, err := io.Copy(io.Discard, reply)
		return err
	})
	if err != nil {
		c.drop(s)
	}
	return err == nil
}

// mayCall refuses a call from an address outside the auth's allowed_targets.
func (c *Client) mayCall(call *call) error {
	from := call.conn.RemoteAddr().String()
	at, err := netip.ParseAddrPort(from)
	if c.options.RequireAllowed && (err != nil || !c.options.Auth.Allows(at.Addr())) {
		return fmt.Errorf("the device called from %s: %w of auth %q", from, ErrNotAllowed, c.options.Target.Auth)
	}
	return nil
}

// await makes the call wait until the client opens a session, unless there is one that is alive.
func (c *Client) await(call *call, alive bool) (CallResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := &c.incoming
	in.checking = false
	switch {
	case alive:
		return CallDuplicate, errSessionAlive
	case c.ctx.Err() != nil:
		return CallNotTaken, errClientClosed
	}
	in.note(call.arrived)
	if in.waiting != nil {
		in.waiting.end(errCalledAgain)
	}
	in.waiting = call
	return CallTaken, nil
}

// takeCall returns the waiting call.
func (c *Client) takeCall() (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := &c.incoming
	call := in.waiting
	in.waiting = nil
	if call != nil && call.waits() {
		return call, nil
	}
	return nil, notCalledError(in.last, in.lost)
}

// hangUp ends what AnswerCalls began.
func (c *Client) hangUp() {
	c.mu.Lock()
	answers, call := c.incoming.tell != nil, c.incoming.waiting
	c.mu.Unlock()
	if answers {
		c.options.Dialer.calls.unregister(c)
	}
	if call != nil {
		call.end(errClientClosed)
	}
}
