package session

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Resolve looks up the addresses of a target, and refuses those that a dial would. It returns none for a name behind a jump host or a proxy.
// Errors are *Error.
func Resolve(ctx context.Context, o Options) ([]netip.Addr, error) {
	d := &dial{Options: o, hostPort: o.Target.HostPort()}
	named := func(err error) error { return &Error{Reason: reasonOf(err), Target: o.Target.Name, Err: err} }
	host, _, err := net.SplitHostPort(d.hostPort)
	if err != nil {
		return nil, named(dialError(err))
	}
	if o.resolvedElsewhere() {
		if err := d.checkAllowed(); err != nil {
			return nil, named(err)
		}
		if address, err := netip.ParseAddr(host); err == nil {
			return []netip.Addr{address}, nil
		}
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeouts.withDefaults().Connect)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, named(dialError(err))
	}
	if !o.RequireAllowed {
		return addresses, nil
	}
	var allowed []netip.Addr
	var refused []string
	for _, address := range addresses {
		if o.Auth.Allows(address) {
			allowed = append(allowed, address)
		} else {
			refused = append(refused, address.Unmap().String())
		}
	}
	if len(allowed) == 0 {
		return nil, named(dialError(d.notAllowed(strings.Join(refused, ", "))))
	}
	return allowed, nil
}

// notAllowed says that addresses are outside the allowed_targets of the auth.
func (d *dial) notAllowed(addresses string) error {
	return fmt.Errorf("%s: %w %s; add its network there, or use an auth that may reach it", addresses, ErrNotAllowed, d.whoAllows())
}

// whoAllows is where the configuration has the allowed_targets of the auth.
func (d *dial) whoAllows() string {
	if d.Auth.Stored {
		return "under admin: in the configuration"
	}
	return fmt.Sprintf("of auth %q", d.Target.Auth)
}
