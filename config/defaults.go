package config

import "time"

// defaults are the settings of a configuration that says nothing.
func defaults() Settings {
	return Settings{
		Port:          new(defaultPort),
		Timeout:       new(Duration(30 * time.Second)),
		MaxAge:        new(Duration(0)),
		Modules:       []string{Auto},
		MaxReplyBytes: new(Bytes(64 << 20)),
		MaxSamples:    new(500_000),
	}
}

// fill takes from other what s leaves open.
func (s *Settings) fill(other Settings) {
	fill(&s.Port, other.Port)
	fill(&s.Timeout, other.Timeout)
	fill(&s.MaxAge, other.MaxAge)
	fill(&s.MaxReplyBytes, other.MaxReplyBytes)
	fill(&s.MaxSamples, other.MaxSamples)
	if s.Modules == nil {
		s.Modules = other.Modules
	}
}

func fill[T any](own **T, other *T) {
	if *own == nil {
		*own = other
	}
}
