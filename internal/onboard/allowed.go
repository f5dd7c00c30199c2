package onboard

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// NotAllowedError refuses an address that no dial may reach.
type NotAllowedError struct{ Address, Auth string }

func (e *NotAllowedError) Error() string {
	if e.Auth == "" {
		return fmt.Sprintf("%s is outside allowed_targets under admin: in the configuration; add its network there, or use an auth that may reach it", e.Address)
	}
	return fmt.Sprintf("%s is outside the allowed_targets of auth %q; add its network there, or use another auth", e.Address, e.Auth)
}

// mayDial refuses what no dial can reach. What a name resolves to is for each dial to check, and from where
// a device calls, for each call.
func mayDial(target *config.Target, auth *config.Auth) error {
	host := "the address that the device calls from"
	if !target.CallHome {
		var err error
		if host, _, err = net.SplitHostPort(target.HostPort()); err != nil {
			return err
		}
	}
	address, err := netip.ParseAddr(host)
	if err == nil && auth.Allows(address) || err != nil && len(auth.AllowedTargets) > 0 {
		return nil
	}
	refused := &NotAllowedError{Address: host}
	if !auth.Stored {
		refused.Auth = target.Auth
	}
	return refused
}
