package collector

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// deviceKey names a device that is not configured by the auth that it is probed with, and its address in one spelling.
type deviceKey struct{ auth, host, port string }

// newDeviceKey writes an address in its shortest form, an IPv4 address inside an IPv6 one as IPv4, and a host name in small letters.
func newDeviceKey(hostPort, auth string) deviceKey {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return deviceKey{auth, hostPort, ""} // never: the configuration has checked it
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return deviceKey{auth, ip.Unmap().String(), port}
	}
	return deviceKey{auth, strings.TrimSuffix(strings.ToLower(host), "."), port}
}

func (k deviceKey) isAddress() bool {
	_, err := netip.ParseAddr(k.host)
	return err == nil
}

// resolveAdHoc returns the key of the device that a name stands for: that of a target which there is already, if one of its
// addresses has one. A name that cannot be looked up stands for itself, and reading it says why.
func (e *Exporter) resolveAdHoc(ctx context.Context, name deviceKey, target *config.Target, auth *config.Auth) (deviceKey, error) {
	if name.isAddress() {
		return name, nil
	}
	a := &e.adHoc
	a.mu.Lock()
	key, known := a.names[name]
	a.mu.Unlock()
	if known {
		return key, nil
	}
	options := e.dialing(target, auth)
	options.RequireAllowed = true
	addresses, err := session.Resolve(ctx, options)
	switch {
	case errors.Is(err, ErrNotAllowed):
		return deviceKey{}, err
	case err != nil || len(addresses) == 0:
		return name, nil
	}
	slices.SortFunc(addresses, netip.Addr.Compare) // resolvers change the order
	a.mu.Lock()
	defer a.mu.Unlock()
	at := func(address netip.Addr) deviceKey { return deviceKey{name.auth, address.Unmap().String(), name.port} }
	for _, address := range addresses {
		if _, ok := a.targets[at(address)]; ok {
			return at(address), nil
		}
	}
	return at(addresses[0]), nil
}

// remember notes which target a name stands for. Beyond most names, they are looked up at each probe.
func (a *adHoc) remember(name, key deviceKey, most int) {
	if name != key && len(a.names) < most {
		a.names[name] = key
	}
}

// remove forgets a target and the names that stand for it.
func (a *adHoc) remove(key deviceKey, t *adHocTarget) {
	if a.targets[key] != t {
		return
	}
	delete(a.targets, key)
	maps.DeleteFunc(a.names, func(_, of deviceKey) bool { return of == key })
}
