package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// SDGroup is one group of a list in the form of Prometheus' HTTP service discovery.
type SDGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// WithDiscovered returns the configuration with the targets that its inventories list, in their order. list gives the list of one.
// A target that is wrong, or whose name is taken, is left out, and is one of the errors.
func (c *Config) WithDiscovered(list func(*HTTPSD) []SDGroup) (*Config, []error) {
	if len(c.HTTPSDConfigs) == 0 {
		return c, nil
	}
	definitions, err := c.Definitions()
	if err != nil {
		return c, []error{err}
	}
	with := *c
	with.Targets = slices.Clone(c.Targets)
	taken := map[string]bool{}
	for _, target := range c.Targets {
		taken[target.Name] = true
	}
	var errs []error
	v := c.newValidator(definitions, nil)
	for _, sd := range c.HTTPSDConfigs {
		for _, group := range list(sd) {
			for _, written := range group.Targets {
				target := sd.target(written, group.Labels)
				target.Transport = new(c.Auths[sd.Auth].transport(c.Defaults.Over()))
				target.applyDefaults(c.Defaults.Settings)
				if taken[target.Name] {
					errs = append(errs, fmt.Errorf("%s: target %s is there already", sd.Position, target.quoteName()))
					continue
				}
				v.problems = problems{}
				v.target(target)
				if err := v.err(); err != nil {
					errs = append(errs, err)
					continue
				}
				taken[target.Name] = true
				with.Targets = append(with.Targets, target)
			}
		}
	}
	return &with, errs
}

// target makes a target of an entry of the list.
func (s *HTTPSD) target(written string, labels map[string]string) *Target {
	t := &Target{Name: written, Address: written, Auth: s.Auth, Origin: OriginSource, Position: s.Position}
	if s.NameLabel != "" && labels[s.NameLabel] != "" {
		t.Name = labels[s.NameLabel]
	}
	if s.AddressLabel != "" && labels[s.AddressLabel] != "" {
		t.Address = labels[s.AddressLabel]
	}
	if prefix, err := netip.ParsePrefix(t.Address); err == nil {
		t.Address = prefix.Addr().String() // inventories know addresses with their networks
	}
	for label, from := range s.Labels {
		if labels[from] != "" {
			if t.Labels == nil {
				t.Labels = map[string]string{}
			}
			t.Labels[label] = labels[from]
		}
	}
	return t
}

func keys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// Restricted tells whether targets of this origin are reached only inside their auth's AllowedTargets.
func (o Origin) Restricted() bool { return o == OriginAPI || o == OriginSource }
