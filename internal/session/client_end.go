package session

import (
	"context"
	"errors"
)

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

// dropIdle drops a session that ended while no rpc was in flight. If a flood ended it, the next caller gets that error. The caller
// holds the lock.
func (c *Client) dropIdle(s *session) {
	if cause := s.transport.cause(); errors.Is(cause, errFlood) {
		c.flood = cause
	}
	c.drop(s)
}

// drop closes a session, and counts it if it ended because keepalives were not answered. The caller holds the lock.
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
