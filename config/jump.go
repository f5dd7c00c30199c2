package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// Jumps returns the jump hosts on the way to a target, the one that is dialled first.
func (c *Config) Jumps(t *Target) (chain []NamedJumpHost) {
	if t.ProxyJump == nil || t.CallHome {
		return nil
	}
	for name := *t.ProxyJump; name != "" && c.JumpHosts[name] != nil && len(chain) <= len(c.JumpHosts); name = c.JumpHosts[name].ProxyJump {
		chain = append(chain, NamedJumpHost{name, c.JumpHosts[name], c.Auths[c.JumpHosts[name].Auth]})
	}
	slices.Reverse(chain)
	return chain
}

// NamedJumpHost is a jump host with its name and auth.
type NamedJumpHost struct {
	Name string
	Host *JumpHost
	Auth *Auth
}

// jumpHost checks one jump host.
func (v *validator) jumpHost(name string, j *JumpHost) {
	at := v.source(j, j.Position)
	if j.Address == "" {
		v.add(at.at("address"), "jump host %q has no address; add address: HOST or HOST:PORT", name)
	} else if _, _, err := splitAddress(j.Address); err != nil {
		v.add(at.at("address"), "address %s %v", quoteAddress(j.Address), err)
	}
	switch {
	case j.Auth == "":
		v.add(at.at("auth"), "jump host %q has no auth; add auth: with %s", name, v.authNames())
	case v.config.Auths[j.Auth] == nil:
		v.add(at.at("auth"), "auth %q is not under auths%s", j.Auth, nearest.Hint(j.Auth, keys(v.config.Auths), "; write "+v.authNames()))
	case v.config.Auths[j.Auth].lacks(TransportSSH, false) != "":
		v.add(at.at("auth"), "auth %q cannot be used for jump host %q, which is an SSH server: %s", j.Auth, name, v.config.Auths[j.Auth].lacks(TransportSSH, false))
	}
	if j.MaxChannels < 0 {
		v.add(at.at("max_channels"), "max_channels %d is negative; write a number, or 0 for no limit", j.MaxChannels)
	}
	v.proxyJump(j.ProxyJump, at.at("proxy_jump"))
	on := []string{name}
	for next := j.ProxyJump; next != "" && v.config.JumpHosts[next] != nil; next = v.config.JumpHosts[next].ProxyJump {
		on = append(on, next)
		if next == name {
			v.add(at.at("proxy_jump"), "jump host %q is on the way to itself (%s); break the circle", name, strings.Join(on, " -> "))
			break
		}
		if len(on) > len(v.config.JumpHosts) {
			break // the circle does not hold this one
		}
	}
}

// proxyJump checks the name of a jump host.
func (v *validator) proxyJump(name string, at Position) {
	if name == "" || v.config.JumpHosts[name] != nil {
		return
	}
	names := slices.Sorted(maps.Keys(v.config.JumpHosts))
	if len(names) == 0 {
		v.add(at, "proxy_jump %q is not under jump_hosts; give its address and auth there", name)
		return
	}
	v.add(at, "proxy_jump %q is not under jump_hosts%s", name, nearest.Hint(name, names, "; write one of "+strings.Join(names, ", ")))
}
