package web

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// resolveTarget returns the target that a probe names: a configured one, or any address if the auth allows it.
func (s *server) resolveTarget(ctx context.Context, name, auth string) (Target, error) {
	if name == "" {
		return nil, refuse(http.StatusBadRequest, "which target? Use /probe?target=NAME; /sd lists the names")
	}
	if target, ok := s.Exporter.Target(name); ok && (auth == "" || auth == target.Config().Auth) {
		return target, nil
	}
	cfg := s.Exporter.Config()
	if auth == "" {
		return nil, unknownTarget(cfg, name)
	}
	if cfg.Auths[auth] == nil {
		return nil, refuse(http.StatusBadRequest, "no auth is called %q%s", auth,
			nearest.Hint(auth, slices.Sorted(maps.Keys(cfg.Auths)), "; use one that is in the configuration"))
	}
	adHoc, err := cfg.AdHoc(name, auth)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	if !mayBeAllowed(cfg.Auths[auth], adHoc.HostPort()) {
		return nil, refuse(http.StatusForbidden,
			"%s is outside the allowed_targets of auth %q; add its network there, or add it to the targets", name, auth)
	}
	target, err := s.Exporter.AdHoc(ctx, name, auth)
	switch {
	case errors.Is(err, session.ErrNotAllowed):
		return nil, refuse(http.StatusForbidden, "%v", err)
	case errors.Is(err, collector.ErrTooMany):
		return nil, refuse(http.StatusServiceUnavailable, "%v", err)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	return target, nil
}

// mayBeAllowed reports false for an address that the auth does not allow, which saves a dial. For a host name, the dialer checks
// the address that it resolves to.
func mayBeAllowed(auth *config.Auth, hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return auth.Allows(addr)
	}
	return len(auth.AllowedTargets) > 0
}

// unknownTarget is the error for a name that is no target. It suggests similar names.
func unknownTarget(cfg *config.Config, name string) error {
	var names []string
	for _, target := range cfg.Targets {
		if name == target.HostPort() || name == target.Address || name == hostOf(target) {
			return refuse(http.StatusBadRequest, "no target is called %q, but it is the address of target %s; use target=%s",
				name, target.Name, target.Name)
		}
		names = append(names, target.Name)
	}
	return refuse(http.StatusBadRequest, "no target is called %q%s", name,
		nearest.Hint(name, names, "; /sd lists those that are configured, and auth=NAME probes others inside its allowed_targets"))
}

func hostOf(target *config.Target) string {
	host, _, _ := net.SplitHostPort(target.HostPort())
	return host
}
