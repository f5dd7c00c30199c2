package config

import (
	"cmp"
	"fmt"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// Auto, among a target's modules, stands for the best module of each kind that the device has.
const Auto = "auto"

// Target returns the configured target of that name.
func (c *Config) Target(name string) (*Target, bool) {
	for _, target := range c.Targets {
		if target.Name == name {
			return target, true
		}
	}
	return nil, false
}

// name is the target's name, which is its address if it was given none.
func (t *Target) name() string { return cmp.Or(t.Name, t.Address) }

// AdHoc returns a target for an address that is not in the configuration, with the defaults and the named auth, over a transport
// that fits the auth. The dialler checks whether the auth may be used there (Auth.Allows), on the address that the name resolves to.
func (c *Config) AdHoc(address, auth string) (*Target, error) {
	if c.Auths[auth] == nil {
		return nil, fmt.Errorf("auth %q is not in the configuration%s", auth, nearest.Hint(auth, keys(c.Auths), "; use one that is"))
	}
	if _, _, err := splitAddress(address); err != nil {
		return nil, fmt.Errorf("%s %w", quoteAddress(address), err)
	}
	target := &Target{Name: address, Address: address, Auth: auth}
	target.Transport = new(c.Auths[auth].transport(c.Defaults.Over()))
	target.applyDefaults(c.Defaults.Settings)
	target.applyDefaults(defaults()) // the configuration may not be a complete one
	return target, nil
}
