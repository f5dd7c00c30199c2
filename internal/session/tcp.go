package session

import (
	"context"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/descriptors"
)

// dialTCP resolves the target's name and connects, or has the jump host or the proxy do that.
func (d *dial) dialTCP(ctx context.Context) (*connection, error) {
	if d.jump != nil {
		return d.dialVia(ctx)
	}
	dialer := &net.Dialer{
		KeepAliveConfig: keepAlive(),
		ControlContext:  d.control,
	}
	if p := d.proxy(); p != nil {
		return d.dialProxy(ctx, dialer, p)
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Connect)
	defer cancel()
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
		err = serverError(d.server(), err)
		if reasonOf(err) != ReasonDNS {
			d.trace.end("tcp", resolved, err, "")
		}
		return nil, err
	}
	d.trace.end("tcp", resolved, nil, conn.RemoteAddr().String())
	return &connection{Conn: conn}, nil
}

// server names for people what is connected to.
func (d *dial) server() string {
	switch {
	case d.forwards:
		return "the jump host's SSH server"
	case d.Target.Over() == config.TransportRESTCONF:
		return "the device's RESTCONF server"
	}
	return "the device's NETCONF server"
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
	if d.channel.taken { // by the connection before, of a device that is connected to twice
		next, err := d.jump.reserve(ctx)
		if err != nil {
			return nil, err
		}
		d.channel = next
	}
	conn, err := d.jump.forward(ctx, d.channel, d.hostPort)
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
	host, _, err := net.SplitHostPort(d.hostPort)
	if _, isName := netip.ParseAddr(host); err == nil && isName != nil {
		return dialError(fmt.Errorf("%s is a name, which the jump host or the proxy looks up: whether its %w %s cannot be checked; write the address, not a name",
			d.hostPort, ErrNotAllowed, d.whoAllows()))
	}
	if err := d.allowed(context.Background(), "", d.hostPort, nil); err != nil {
		return dialError(err)
	}
	return nil
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
