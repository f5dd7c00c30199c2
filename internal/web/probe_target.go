package web

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
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
			hint(nearest(auth, slices.Collect(maps.Keys(cfg.Auths))), "; use one that is in the configuration"))
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
		hint(nearest(name, names), "; /sd lists those that are configured, and auth=NAME probes others inside its allowed_targets"))
}

func hostOf(target *config.Target) string {
	host, _, _ := net.SplitHostPort(target.HostPort())
	return host
}

// hint is the end of a message about a wrong name.
func hint(near []string, otherwise string) string {
	if len(near) == 0 {
		return otherwise
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// nearest returns at most three names that are similar to the one given, the most similar first.
func nearest(name string, names []string) []string {
	const most = 3
	name = strings.ToLower(name)
	limit := max(1, len(name)/3)
	near := make([][]string, limit+1) // by distance
	for _, candidate := range names {
		lower := strings.ToLower(candidate)
		d := distance(name, lower, limit)
		if d > limit && len(name) > 2 && strings.Contains(lower, name) {
			d = limit
		}
		if d <= limit {
			near[d] = append(near[d], candidate)
		}
	}
	found := slices.Concat(near...)
	return found[:min(most, len(found))]
}

// distance is the number of letters to insert, delete or replace to get from a to b. It may stop above limit.
func distance(a, b string, limit int) int {
	if len(a) > 256 || max(len(a)-len(b), len(b)-len(a)) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
