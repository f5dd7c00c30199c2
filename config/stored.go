package config

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// Origin says where a target comes from.
type Origin string

// The origins of a target.
const (
	OriginFile   Origin = "file"   // the configuration and its target_files
	OriginSource Origin = "source" // something that the configuration names, such as HTTP service discovery
	OriginAPI    Origin = "api"    // added while the exporter ran, and stored
)

// Stored is a target that was added while the exporter ran, as a file of its own has it: in the form of a configuration, with
// one target and, where it has credentials of its own, an auth. It is not changed once it is read.
type Stored struct {
	File   string
	Target *Target // as written: without defaults
	Auths  map[string]*Auth
	root   *source
}

// ReadStored reads the file of a stored target. Errors are those of Load.
func ReadStored(file string) (*Stored, error) {
	text, err := readRegular(file)
	if err != nil {
		return nil, &Error{Position{File: file}, fileError("the file", err).Error()}
	}
	return ParseStored(file, text)
}

// ParseStored reads the text of the file of a stored target.
func ParseStored(file string, text []byte) (*Stored, error) {
	root, err := parse(file, text, "write one target into it, or remove it")
	if err != nil {
		return nil, err
	}
	var part struct {
		Auths   map[string]*Auth `yaml:"auths"`
		Targets []*Target        `yaml:"targets"`
	}
	if err := decode(root, text, &part); err != nil {
		return nil, err
	}
	if len(part.Targets) != 1 || part.Targets[0] == nil {
		return nil, &Error{root.at("targets"), fmt.Sprintf("a stored file holds one target, this one %d; write one under targets:", len(part.Targets))}
	}
	s := &Stored{File: file, Target: part.Targets[0], Auths: part.Auths, root: root}
	if s.Target.Name == "" {
		s.Target.Name = s.Target.Address
	}
	for name, auth := range s.Auths {
		if auth == nil {
			return nil, &Error{root.at("auths", name), fmt.Sprintf("auths entry %q is empty; write its settings below it, indented, or take it out", name)}
		}
		auth.resolve(filepath.Dir(file))
		auth.Position = root.at("auths", name)
	}
	return s, nil
}

// Fitted is a stored target as a part of one configuration.
type Fitted struct {
	Target *Target
	Auths  map[string]*Auth // its own
}

// Fit makes a stored target a part of the configuration: it has the defaults, without a transport one that its auth is for, and its own auths may
// reach what admin.allowed_targets allows. Errors are those of Load; that the configuration has a target of that name is one of them.
func (c *Config) Fit(s *Stored) (*Fitted, error) {
	if configured, ok := c.Target(s.Target.Name); ok {
		return nil, &Error{s.root.at("targets", 0), fmt.Sprintf("target %q is in the configuration too, at %s, which wins; remove this file, or give one of them another name",
			s.Target.Name, configured.Position)}
	}
	definitions, err := c.Definitions()
	if err != nil {
		return nil, err
	}
	target := *s.Target
	if auth := cmp.Or(s.Auths[target.Auth], c.Auths[target.Auth]); auth != nil && target.Transport == nil {
		target.Transport = new(auth.transport(c.Defaults.Over()))
	}
	target.applyDefaults(c.Defaults.Settings)
	target.Origin, target.Position = OriginAPI, s.root.at("targets", 0)
	fitted := &Fitted{Target: &target, Auths: map[string]*Auth{}}
	all := *c
	all.Auths = maps.Clone(c.Auths)
	v := all.newValidator(definitions, map[any]*source{&target: s.root.sub("targets", 0)})
	for name, auth := range s.Auths {
		own := *auth
		at := s.root.sub("auths", name)
		switch {
		case c.Auths[name] != nil:
			v.add(at.at(), "auth %q is in the configuration too, at %s; rename it here", name, c.Auths[name].Position)
		case len(own.AllowedTargets) > 0:
			v.add(at.at("allowed_targets"), "a stored auth obeys admin: allowed_targets of the configuration; take allowed_targets out here")
		case name != s.Target.Auth:
			v.add(at.at(), "auth %q is not that of the target; take it out", name)
		}
		own.AllowedTargets, own.Stored = c.Admin.AllowedTargets, true
		v.sources[&own] = at
		all.Auths[name], fitted.Auths[name] = &own, &own
	}
	for _, name := range slices.Sorted(maps.Keys(fitted.Auths)) {
		v.auth(name, fitted.Auths[name])
	}
	v.target(&target)
	return fitted, v.err()
}

// With returns the configuration, which is valid, with stored targets after its own. They are of this configuration's Fit, with names that differ.
func (c *Config) With(stored []*Fitted) *Config {
	with := *c
	with.Targets = slices.Grow(slices.Clone(c.Targets), len(stored))
	with.Auths = maps.Clone(c.Auths)
	for _, s := range stored {
		with.Targets = append(with.Targets, s.Target)
		maps.Copy(with.Auths, s.Auths)
	}
	return &with
}
