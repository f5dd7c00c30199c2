package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// validator checks a merged configuration whose defaults are filled in.
type validator struct {
	problems
	config      *Config
	definitions *Definitions
	labels      map[string]bool    // the catalogue's, which targets' labels must leave alone
	keys        Keyring            // parses keys that auths share once
	sources     map[any]*source    // by *Auth, *Target, *Metric, *Settings, *Admin or *CallHome; nil if no file was just read
	callers     map[string]*Target // that call home, by the fingerprints of their keys; made when it is needed
}

// validate completes and checks a configuration.
func (c *Config) validate(sources map[any]*source, files *Files) error {
	if err := c.checkNil(); err != nil {
		return err
	}
	c.complete()
	builtin, err := BuiltinDefinitions()
	if err != nil {
		return err
	}
	definitions, err := c.Definitions()
	if err != nil {
		return err
	}
	v := c.newValidator(definitions, sources)
	v.keys.files = files
	for name, auth := range c.Auths {
		v.auth(name, auth)
	}
	for _, sd := range c.HTTPSDConfigs {
		v.httpSD(sd)
	}
	for name, jump := range c.JumpHosts {
		v.jumpHost(name, jump)
	}
	for name, module := range c.Modules {
		if name == Auto || !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`).MatchString(name) {
			v.add(module.Position, "%q cannot name a module; use letters, digits and - _ . (auto is taken)", name)
		}
		if module.MaxAge != nil && *module.MaxAge < 0 {
			v.add(module.At("max_age"), "max_age %s is negative; write 0s or a time such as 30s", *module.MaxAge)
		}
	}
	v.metrics(c.Catalog, builtin.Catalog)
	v.settings(c.Defaults.Settings, sources[&c.Defaults])
	v.descriptionLabels(c.Defaults.DescriptionLabels, sources[&c.Defaults])
	v.callHome(c.CallHome, sources[&c.CallHome])
	v.networks("admin: allowed_targets", c.Admin.AllowedTargets, sources[&c.Admin])
	v.targetNames()
	for _, target := range c.Targets {
		v.target(target)
	}
	return v.err()
}

// source returns where an entry was written. After the files have been read, only its first line is known.
func (v *validator) source(entry any, position Position) *source {
	if s := v.sources[entry]; s != nil || position == (Position{}) {
		return s
	}
	return &source{file: position.File, line: position.Line, node: &yaml.Node{}}
}

func (c *Config) newValidator(definitions *Definitions, sources map[any]*source) *validator {
	v := &validator{config: c, definitions: definitions, labels: map[string]bool{}, sources: sources}
	for _, name := range c.Defaults.DescriptionLabels.Names() {
		v.labels[name] = true
	}
	for _, metric := range definitions.Catalog {
		for _, label := range metric.Labels {
			v.labels[label] = true
		}
		for label := range metric.Info {
			v.labels[label] = true
		}
	}
	return v
}

func (v *validator) targetNames() {
	first := map[string]*Target{}
	for _, target := range v.config.Targets {
		if target.Name == "" {
			continue // reported as one without an address
		}
		if other := first[target.Name]; other != nil {
			where := "there twice"
			if other.Position != (Position{}) {
				where = "already at " + other.Position.String()
			}
			v.add(target.Position, "target %s is %s; give one of them another name", target.quoteName(), where)
			continue
		}
		first[target.Name] = target
	}
}

func (v *validator) target(t *Target) {
	at := v.source(t, t.Position)
	if t.CallHome {
		v.caller(t, at)
	} else if t.Address == "" {
		v.add(at.at("address"), "a target has no address; add address: HOST or HOST:PORT")
	} else if _, port, err := splitAddress(t.Address); err != nil {
		v.add(at.at("address"), "address %s %v", quoteAddress(t.Address), err)
	} else if own := t.Port != nil && *t.Port != v.inheritedPort(t); own && port != 0 && port != *t.Port {
		v.add(at.at("port"), "target %s has port %d beside the port %d in its address; keep one of them", t.quoteName(), *t.Port, port)
	}
	switch {
	case t.Auth == "":
		v.add(at.at("auth"), "target %s has no auth; add auth: with %s", t.quoteName(), v.authNames())
	case v.config.Auths[t.Auth] == nil:
		v.add(at.at("auth"), "auth %q is not under auths%s", t.Auth, nearest.Hint(t.Auth, slices.Sorted(maps.Keys(v.config.Auths)), "; write "+v.authNames()))
	}
	v.targetTransport(t, at)
	v.fingerprints(t.HostKeyFingerprints, at)
	v.certificateFingerprints(t, at)
	for label := range t.Labels {
		v.targetLabel(at.at("labels", label), label)
	}
	v.settings(t.Settings.differing(v.config.Defaults.Settings), at)
	for _, m := range t.ModuleSettings {
		if m.Timeout != nil && *m.Timeout > *t.Timeout {
			v.add(at.at("modules"), "timeout %s of module %q is longer than the target's, %s; raise that", *m.Timeout, m.Name, *t.Timeout)
		}
	}
}

// inheritedPort is the port of a target that names none.
func (v *validator) inheritedPort(t *Target) int {
	inherited := Settings{Transport: t.Transport}
	inherited.applyDefaults(v.config.Defaults.Settings)
	return *inherited.Port
}

// authNames lists what auth: may name.
func (v *validator) authNames() string {
	names := slices.Sorted(maps.Keys(v.config.Auths))
	if len(names) == 0 {
		return "a name that you give under auths: first"
	}
	return "one of " + strings.Join(names, ", ")
}

// targetLabel refuses labels that Prometheus, the catalogue or the exporter uses.
func (v *validator) targetLabel(at Position, label string) {
	switch {
	case !isName(label):
		v.add(at, "label %q is not a valid name; use letters, digits and _, and no digit first", label)
	case v.isReserved(label):
		v.add(at, "label %q is set by Prometheus or the exporter; choose another name", label)
	case v.labels[label]:
		v.add(at, "label %q is a label of the catalogue's metrics; choose another name", label)
	}
}

// isReserved reports whether Prometheus or the exporter sets a label.
func (v *validator) isReserved(label string) bool {
	return isPrometheusLabel(label) || slices.Contains([]string{"address", "module", "reason", "phase", "result", "transport"}, label)
}

// settings checks those that are not nil. What a target takes from defaults is reported there alone.
func (v *validator) settings(s Settings, at *source) {
	if s.Transport != nil {
		v.transport(*s.Transport, at.at("transport"))
	}
	if s.Port != nil && (*s.Port < 1 || *s.Port > 65535) {
		v.add(at.at("port"), "port %d is not from 1 to 65535; NETCONF over SSH is usually on 830", *s.Port)
	}
	if s.Timeout != nil && *s.Timeout <= 0 {
		v.add(at.at("timeout"), "timeout %s is too short; write a time such as 30s", *s.Timeout)
	}
	if s.MaxAge != nil && *s.MaxAge < 0 {
		v.add(at.at("max_age"), "max_age %s is negative; write 0s or a time such as 30s", *s.MaxAge)
	}
	if s.MaxReplyBytes != nil && *s.MaxReplyBytes <= 0 {
		v.add(at.at("max_reply_bytes"), "max_reply_bytes %d is too small; write a size such as 64MiB", int64(*s.MaxReplyBytes))
	}
	if s.MaxSamples != nil && *s.MaxSamples <= 0 {
		v.add(at.at("max_samples"), "max_samples %d is too small; write a number such as 500000", *s.MaxSamples)
	}
	if s.ProxyJump != nil {
		v.proxyJump(*s.ProxyJump, at.at("proxy_jump"))
	}
	if s.ProxyURL != nil {
		v.proxyURL(*s.ProxyURL, at.at("proxy_url"))
	}
	v.filters(s.Filters, at)
	v.moduleSettings(s, at)
	if s.Modules == nil {
		return
	}
	if len(s.Modules) == 0 {
		v.add(at.at("modules"), "modules is empty; name some, or take it out for auto")
	}
	for i, name := range s.Modules {
		switch {
		case name != Auto && v.definitions.Modules[name] == nil:
			v.add(at.at("modules", i), "module %q is not known%s", name, nearest.Hint(name, append(slices.Sorted(maps.Keys(v.definitions.Modules)), Auto), "; write auto or "+v.similarModules(name)))
		case slices.Index(s.Modules, name) < i:
			v.add(at.at("modules", i), "module %q is named twice; name it once", name)
		}
	}
}

// similarModules lists the modules whose names contain the given one or its first word; if there are none, it names the command
// that lists all.
func (v *validator) similarModules(name string) string {
	family, _, _ := strings.Cut(name, "-")
	for _, part := range []string{name, family} {
		var like []string
		for _, known := range slices.Sorted(maps.Keys(v.definitions.Modules)) {
			if part != "" && strings.Contains(known, part) {
				like = append(like, known)
			}
		}
		if like != nil {
			return "one of " + strings.Join(like, ", ")
		}
	}
	return "a name that `netconf_exporter discover` lists"
}
