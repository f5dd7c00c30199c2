package session

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// slotWait is how long a login waits for others before it gives back its dial slot.
const slotWait = 100 * time.Millisecond

// loginClock ends a login that takes too long. It stands still while the login waits for others, because a device is not at fault
// for that.
type loginClock struct {
	ctx    context.Context // ends when the time is over, with the cause context.DeadlineExceeded
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func startClock(ctx context.Context, limit time.Duration) *loginClock {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(context.DeadlineExceeded) })
	return &loginClock{ctx, cancel, timer, limit}
}

func (c *loginClock) stop() {
	c.timer.Stop()
	c.cancel(nil)
}

// admit waits until the secret may be sent to the device.
func (d *dial) admit(clock *loginClock, asked time.Time) (*account.Login, error) {
	clock.timer.Stop()
	defer clock.timer.Reset(clock.limit)
	// The login server of one account must not hold back the devices of the others: who waits for it gives back the dial slot. The
	// account itself limits how many logins are under way.
	if d.freeSlot != nil {
		defer time.AfterFunc(slotWait, d.freeSlot).Stop()
	}
	entry, err := d.accounts.Begin(clock.ctx, d.credentials.account(), d.device)
	waited := time.Since(asked)
	// With too little time left it is not tried: a login that is cut off counts as one that the device did not answer.
	switch deadline, ok := clock.ctx.Deadline(); {
	case err != nil || !ok:
	case waited > time.Second && time.Until(deadline) < clock.limit/4:
		entry.Cancelled()
		err = &account.Waiting{User: d.credentials.username, Waited: waited}
	case d.late(deadline):
		entry.Cancelled()
		err = lateError(time.Until(deadline))
		d.trace.end("queue", asked, err, "")
		return nil, err
	}
	if err != nil {
		err = accountError(err)
	}
	if err != nil || waited > time.Millisecond {
		d.trace.end("queue", asked, err, "waited for other logins of the same account")
	}
	return entry, err
}

// late reports whether a read is about to end.
func (d *dial) late(deadline time.Time) bool {
	return d.trace != nil && time.Until(deadline) < min(time.Second, deadline.Sub(d.trace.Began)/4)
}

// deviceOf is what the accounts know a device by: the address and port that was connected to, however it is written in the
// configuration. Behind a jump host or a proxy it is the address as written: networks behind two of them may use the same addresses. One that calls home is
// known by its name: its key is.
func (o Options) deviceOf(remote net.Addr, hostPort string) string {
	if o.Target.CallHome {
		return "call home " + o.Target.Name
	}
	written := cmp.Or(canonicalAddress(hostPort), strings.ToLower(hostPort))
	if len(o.Via) > 0 {
		return o.Via[len(o.Via)-1].Name + " " + written
	}
	if p := o.proxy(); p != nil {
		return p.String() + " " + written
	}
	if tcp, ok := remote.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		return canonicalAddress(tcp.String())
	}
	return written
}

// knownDevice is deviceOf for an address that needs no look-up, or "".
func (o Options) knownDevice(hostPort string) string {
	if o.resolvedElsewhere() || o.Target.CallHome {
		return o.deviceOf(nil, hostPort)
	}
	return canonicalAddress(hostPort)
}

// canonicalAddress is an address and port in one spelling, an IPv4 address inside an IPv6 one as IPv4; "" for a name.
func canonicalAddress(hostPort string) string {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return ""
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()).String()
}
