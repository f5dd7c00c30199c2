package session

import (
	"context"
	"errors"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// ensureSession returns the open session, or opens one. The caller holds the lock.
func (c *Client) ensureSession(ctx context.Context, trace *Trace) (s *session, fresh bool, err error) {
	if c.session != nil {
		if c.session.transport.cause() == nil {
			c.lookAtOurs()
			return c.session, false, nil
		}
		c.dropIdle(c.session)
	}
	if err := c.flood; err != nil { // returned once, then the device gets another chance
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
				c.mu.Lock()
				c.incoming.lost = caused(ctx, err) // before the call counts as ended
				c.mu.Unlock()
				call.end(err)
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

// checkAccount returns an error while a login with these credentials must not be tried. If the device's address is not known yet, the
// dial checks.
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

// heldBack notes when a login that is held back is tried again. The caller holds mu.
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
