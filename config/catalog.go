package config

// Metric is the catalogue's entry of one metric: everything about it that does not depend on a device.
type Metric struct {
	// Type is "gauge" or "counter".
	Type string `yaml:"type"`
	Help string `yaml:"help"`
	// Labels are the key labels, which identify the thing.
	Labels []string `yaml:"labels,flow"`
	// Info maps value labels, which only describe the thing, to how their text is normalised: text, identity (a YANG
	// identity, its prefix taken off) or mac (a hardware address as lower-case pairs joined by colons).
	Info map[string]string `yaml:"info,omitempty"`
	// Decode says how a text becomes a number: number (the default), timestamp (RFC 6991 date-and-time, to Unix seconds), decibels
	// (where "-Inf" is a value),
	// or one (always 1, for info metrics).
	Decode string `yaml:"decode,omitempty"`
	// Values maps the texts of an enumeration to numbers.
	Values map[string]float64 `yaml:"values,omitempty,flow"`
	// Min and Max bound what is possible, both included; Max may be "now", with five minutes' grace for clocks.
	Min *float64 `yaml:"min,omitempty"`
	Max string   `yaml:"max,omitempty"`

	// Position is where the entry begins in its file.
	Position Position `yaml:"-"`
}
