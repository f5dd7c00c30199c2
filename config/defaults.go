package config

import "time"

// defaults are the settings of an empty configuration.
func defaults() Settings {
	return Settings{
		Transport:     new(TransportSSH),
		Port:          new(TransportSSH.DefaultPort()),
		Timeout:       new(Duration(30 * time.Second)),
		MaxAge:        new(Duration(0)),
		Modules:       []string{Auto},
		MaxReplyBytes: new(Bytes(64 << 20)),
		MaxSamples:    new(500_000),
		ProxyJump:     new(""),
		ProxyURL:      new(ProxyURL("")),
	}
}

// applyDefaults sets what is nil to the value of other.
func (s *Settings) applyDefaults(other Settings) {
	setDefault(&s.Transport, other.Transport)
	if s.Over() == other.Over() {
		setDefault(&s.Port, other.Port)
	}
	setDefault(&s.Port, new(s.Over().DefaultPort())) // a port is one of its transport
	setDefault(&s.Timeout, other.Timeout)
	setDefault(&s.MaxAge, other.MaxAge)
	setDefault(&s.MaxReplyBytes, other.MaxReplyBytes)
	setDefault(&s.MaxSamples, other.MaxSamples)
	setDefault(&s.ProxyJump, other.ProxyJump)
	setDefault(&s.ProxyURL, other.ProxyURL)
	s.completeModules()
	if s.Modules == nil {
		s.Modules, s.ModuleSettings = other.Modules, other.ModuleSettings
	}
	s.completeModules()
	if s.Filters == nil && other.Filters != nil {
		s.Filters = other.Filters
	}
}

func setDefault[T any](own **T, other *T) {
	if *own == nil {
		*own = other
	}
}
