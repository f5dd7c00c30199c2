package session

import (
	"context"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/descriptors"
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

// Close ends the connections to jump hosts, and the calls of devices. The clients are closed before.
func (d *Dialer) Close() {
	d.jumps.close()
	d.calls.Close()
}

// CallHome is where devices call that the clients of this Dialer read.
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

// connection is a TCP connection that is closed once and that remembers its first bytes and its first error. The errors of the
// SSH library do not tell a server that is not SSH from one that closed the connection.
type connection struct {
	net.Conn
	closing sync.Once
	traffic traffic

	mu         sync.Mutex
	flooded    func(error) // told when the device sends too much that answers nothing; may be nil
	firstBytes []byte      // the first bytes received
	err        error       // the first error of a read
}

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if flood := c.traffic.receive(n, time.Now()); flood != nil {
		c.mu.Lock()
		flooded := c.flooded
		c.mu.Unlock()
		if flooded != nil {
			flooded(flood)
		}
		n, err = 0, flood
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if free := 256 - len(c.firstBytes); free > 0 {
		c.firstBytes = append(c.firstBytes, p[:min(n, free)]...)
	}
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// onFlood sets what is told when the device sends too much that answers nothing.
func (c *connection) onFlood(told func(error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flooded = told
}

func (c *connection) Close() error {
	var err error
	c.closing.Do(func() { err = c.Conn.Close() })
	return err
}

func (c *connection) readError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *connection) received() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.firstBytes)
}

// dialTCP resolves the target's name and connects, or has the jump host or the proxy do that.
func (d *dial) dialTCP(ctx context.Context) (*connection, error) {
	if d.jump != nil {
		return d.dialVia(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Connect)
	defer cancel()
	dialer := &net.Dialer{
		KeepAliveConfig: keepAlive(),
		ControlContext:  d.control,
	}
	if p := d.proxy(); p != nil {
		return d.dialProxy(ctx, dialer, p)
	}
	began := time.Now()
	resolved := began
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{DNSDone: func(info httptrace.DNSDoneInfo) {
		resolved = time.Now()
		var addresses []string
		for _, address := range info.Addrs {
			addresses = append(addresses, address.String())
		}
		d.trace.end("dns", began, info.Err, strings.Join(addresses, " "))
	}})
	conn, err := dialer.DialContext(ctx, "tcp", d.hostPort)
	if err != nil {
		err = dialError(err)
		if reasonOf(err) != ReasonDNS {
			d.trace.end("tcp", resolved, err, "")
		}
		return nil, err
	}
	d.trace.end("tcp", resolved, nil, conn.RemoteAddr().String())
	return &connection{Conn: conn}, nil
}

// keepAlive are TCP's keepalives, which find out within a minute that a device is gone.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}
}

// control is called with each socket before it connects.
func (d *dial) control(ctx context.Context, network, address string, socket syscall.RawConn) error {
	if d.RequireAllowed && d.proxy() == nil { // a proxy is not the target
		if err := d.allowed(ctx, network, address, socket); err != nil {
			return err
		}
	}
	taken := false
	err := socket.Control(func(fd uintptr) { taken = descriptors.Taken(fd) })
	if err == nil && taken {
		return syscall.EMFILE
	}
	return err
}

// dialVia connects through the jump host.
func (d *dial) dialVia(ctx context.Context) (*connection, error) {
	if err := d.checkAllowed(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Connect)
	defer cancel()
	began := time.Now()
	conn, err := d.jump.forward(ctx, d.hostPort)
	if err != nil {
		d.trace.end("tcp", began, err, "")
		return nil, err
	}
	d.trace.end("tcp", began, nil, "from jump host "+d.jump.name)
	return &connection{Conn: conn}, nil
}

// checkAllowed refuses an address outside the auth's allowed_targets before a jump host or a proxy is asked for it. A name could stand for any.
func (d *dial) checkAllowed() error {
	if !d.RequireAllowed {
		return nil
	}
	if err := d.allowed(context.Background(), "", d.hostPort, nil); err != nil {
		return dialError(fmt.Errorf("%w; behind a jump host or a proxy write the address, not a name", err))
	}
	return nil
}

// enter waits for the jump host, if there is one, and for a dial slot. The jump host comes first: one that hangs must not hold slots that
// other targets need.
func (d *dial) enter(ctx context.Context) (release func(), err error) {
	if len(d.Via) > 0 {
		began := time.Now()
		d.jump = d.Dialer.jump(d.Options)
		if _, err := d.jump.connect(ctx); err != nil {
			d.jump.release()
			d.trace.end("jump", began, err, "")
			return nil, err
		}
		d.trace.end("jump", began, nil, d.jump.name)
	}
	free, err := d.Dialer.acquire(ctx, d.trace)
	d.freeSlot = free
	switch {
	case d.jump == nil:
		return free, err
	case err != nil:
		d.jump.release()
		return nil, err
	}
	return func() { free(); d.jump.release() }, nil
}

// allowed refuses addresses outside the auth's allowed_targets. It sees each address just before it is dialled, so that a
// name cannot resolve to one address for the check and to another one for the dial.
func (d *dial) allowed(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !d.Auth.Allows(to.Addr().Unmap().WithZone("")) {
		return d.notAllowed(address)
	}
	return nil
}
