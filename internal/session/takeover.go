package session

// TakeOver moves the open session of another client to this one, so that no second login is needed. The caller makes sure that both reach
// the same device in the same way, and that this client has no session yet. Nothing is moved from a client that is in use, or that
// logged in with other secrets than this client would now.
func (c *Client) TakeOver(from *Client) {
	select {
	case from.lock <- struct{}{}:
		defer func() { <-from.lock }()
	default:
		return
	}
	s := from.session
	if s == nil || s.transport.cause() != nil || !c.sameSecrets(from) {
		return
	}
	from.forget(s)
	from.mu.Lock()
	device, expiry, called := from.device, from.expiry, from.incoming.last
	from.mu.Unlock()

	c.lock <- struct{}{} // at once: nobody uses this one yet
	defer func() { <-c.lock }()
	c.session, c.oursRead = s, from.oursRead
	s.owner.Store(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.device, c.expiry = s, device, expiry
	c.incoming.note(called)
	c.dials[ResultOK]++
}

// sameSecrets reports whether both clients would log in with the same secrets now.
func (c *Client) sameSecrets(other *Client) bool {
	ours, err := readCredentials(c.options.Target.Over(), c.options.Auth, c.options.Dialer.keyring())
	if err != nil {
		return false // the next login says why
	}
	theirs, err := readCredentials(other.options.Target.Over(), other.options.Auth, other.options.Dialer.keyring())
	return err == nil && ours.account() == theirs.account()
}
