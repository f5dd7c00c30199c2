package config

// Validate completes a configuration and checks it: settings that are nil get their defaults, a target without a name gets its
// address as one, and all that is wrong is reported together, as by Load. A configuration that is valid is not changed by it.
func (c *Config) Validate() error { return c.validate(nil, nil) }

// complete sets what is missing, and writes nothing else: a complete configuration may be in use by other goroutines.
func (c *Config) complete() {
	c.Defaults.applyDefaults(defaults())
	for _, target := range c.Targets {
		target.applyDefaults(c.Defaults.Settings)
		if target.Name == "" && target.Address != "" {
			target.Name = target.Address
		}
	}
}

// checkNil refuses entries that are nil, which only a configuration made in Go can have.
func (c *Config) checkNil() error {
	var p problems
	for name, auth := range c.Auths {
		if auth == nil {
			p.add(Position{}, "auth %q is nil; set it, or take it out", name)
		}
	}
	for name, jump := range c.JumpHosts {
		if jump == nil {
			p.add(Position{}, "jump host %q is nil; set it, or take it out", name)
		}
	}
	for i, target := range c.Targets {
		if target == nil {
			p.add(Position{}, "target %d is nil; set it, or take it out", i)
		}
	}
	for name, module := range c.Modules {
		if module == nil {
			p.add(Position{}, "module %q is nil; set it, or take it out", name)
		}
	}
	for name, metric := range c.Catalog {
		if metric == nil {
			p.add(Position{}, "metric %q is nil; set it, or take it out", name)
		}
	}
	return p.err()
}
