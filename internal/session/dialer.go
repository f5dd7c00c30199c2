package session

import (
	"context"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// Dialer limits the number of dials at a time over all targets. A dial includes login and hello, because parallel logins
// overload authentication servers and exceed OpenSSH's MaxStartups. A dial that waits for other logins of its account does not count. The Dialer also keeps what targets share: private keys, and
// what is known of the accounts that they log in to.
type Dialer struct {
	slots    chan struct{}
	keys     config.Keyring
	accounts account.Accounts
	jumps    jumpHosts
	proxies  proxies
	calls    CallHome
}

// NewDialer returns a Dialer with a number of slots, at least one.
func NewDialer(limit int) *Dialer { return &Dialer{slots: make(chan struct{}, max(limit, 1))} }

// Close ends the connections to jump hosts and the calls of devices. Close the clients first.
func (d *Dialer) Close() {
	d.jumps.close()
	d.calls.Close()
}

// CallHome accepts the calls for the clients of this Dialer.
func (d *Dialer) CallHome() *CallHome { return &d.calls }

// keyring returns nil for a nil Dialer.
func (d *Dialer) keyring() *config.Keyring {
	if d == nil {
		return nil
	}
	return &d.keys
}

// Logins counts the logins of all targets.
func (d *Dialer) Logins() account.Stats { return d.accounts.Stats() }

// acquire waits for a slot; release gives it back, once. A nil Dialer has no limit.
func (d *Dialer) acquire(ctx context.Context, trace *Trace) (release func(), err error) {
	if d == nil {
		return func() {}, nil
	}
	began := time.Now()
	select {
	case d.slots <- struct{}{}:
		trace.end("queue", began, nil, "")
		return sync.OnceFunc(func() { <-d.slots }), nil
	case <-ctx.Done():
		err := slotError(cap(d.slots))
		trace.end("queue", began, err, "")
		return nil, err
	}
}

// enter waits for the jump host and one of its channels, if there is a jump host, and then for a dial slot. A jump host that hangs or is
// full must not hold slots that other targets need.
func (d *dial) enter(ctx context.Context) (release func(), err error) {
	leave := func() {}
	if len(d.Via) > 0 {
		if leave, err = d.enterJump(ctx); err != nil {
			return nil, err
		}
	}
	free, err := d.Dialer.acquire(ctx, d.trace)
	if err != nil {
		leave()
		return nil, err
	}
	d.freeSlot = free
	return func() { free(); leave() }, nil
}

// enterJump waits for the jump host and one of its channels. leave gives the channel back, unless a connection has it.
func (d *dial) enterJump(ctx context.Context) (leave func(), err error) {
	began := time.Now()
	d.jump = d.Dialer.jump(d.Options)
	defer func() { d.trace.end("jump", began, err, d.jump.name) }()
	if _, err = d.jump.connect(ctx); err == nil {
		d.channel, err = d.jump.reserve(ctx)
	}
	if err != nil {
		d.jump.release()
		return nil, err
	}
	return func() {
		if !d.channel.taken {
			d.channel.free()
		}
		d.jump.release()
	}, nil
}
