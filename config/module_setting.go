package config

import "slices"

// ModuleSetting is a module that a target reads, with its own settings. In YAML it is the module's name, or a mapping.
type ModuleSetting struct {
	Name    string    `yaml:"name"`
	MaxAge  *Duration `yaml:"max_age,omitempty"` // in place of the module's own and the target's
	Timeout *Duration `yaml:"timeout,omitempty"` // of this module alone; at most the target's
}

// UnmarshalYAML reads a name or a mapping.
func (m *ModuleSetting) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&m.Name) == nil {
		return nil
	}
	m.Name = ""
	type plain ModuleSetting
	return unmarshal((*plain)(m))
}

// MarshalYAML gives only the name if there are no own settings.
func (m ModuleSetting) MarshalYAML() (any, error) {
	if m.MaxAge == nil && m.Timeout == nil {
		return m.Name, nil
	}
	type plain ModuleSetting
	return plain(m), nil
}

// completeModules makes Modules, which programs set, and ModuleSettings, which files set, consistent.
func (s *Settings) completeModules() {
	switch {
	case s.ModuleSettings != nil && s.Modules == nil:
		s.Modules = make([]string, 0, len(s.ModuleSettings))
		for _, m := range s.ModuleSettings {
			s.Modules = append(s.Modules, m.Name)
		}
	case s.Modules != nil && s.ModuleSettings == nil:
		s.ModuleSettings = make([]ModuleSetting, 0, len(s.Modules))
		for _, name := range s.Modules {
			s.ModuleSettings = append(s.ModuleSettings, ModuleSetting{Name: name})
		}
	}
}

// Module returns the target's own settings of a module; the zero value if there are none.
func (s *Settings) Module(name string) ModuleSetting {
	if i := slices.IndexFunc(s.ModuleSettings, func(m ModuleSetting) bool { return m.Name == name }); i >= 0 {
		return s.ModuleSettings[i]
	}
	return ModuleSetting{Name: name}
}

func (v *validator) moduleSettings(s Settings, at *source) {
	for i, m := range s.ModuleSettings {
		here := at.at("modules", i)
		if m.Name == Auto && (m.MaxAge != nil || m.Timeout != nil) {
			v.add(here, "max_age and timeout are of one module, and auto stands for several; set those of the target, or name a module")
		}
		if m.MaxAge != nil && *m.MaxAge < 0 {
			v.add(here, "max_age %s of module %q is negative; write 0s or a time such as 5m", *m.MaxAge, m.Name)
		}
		if m.Timeout != nil && *m.Timeout <= 0 {
			v.add(here, "timeout %s of module %q is too short; write a time such as 10s", *m.Timeout, m.Name)
		}
	}
}
