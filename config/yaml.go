package config

import (
	"bytes"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// YAML returns the running configuration as one file: everything merged, defaults filled in, target_files' targets among
// the others, and secrets as <secret>. A target shows the settings in which it differs from the defaults.
func (c *Config) YAML() ([]byte, error) {
	shown := *c
	shown.TargetFiles = nil
	shown.Targets = nil
	for _, target := range c.Targets {
		brief := *target
		brief.Settings = target.differing(c.Defaults.Settings)
		shown.Targets = append(shown.Targets, &brief)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&shown); err != nil {
		return nil, fmt.Errorf("write the configuration as YAML: %w", err)
	}
	return out.Bytes(), nil
}

// differing returns the settings that differ from those of other.
func (s Settings) differing(other Settings) Settings {
	own, base := reflect.ValueOf(&s).Elem(), reflect.ValueOf(other)
	for i := range own.NumField() {
		if reflect.DeepEqual(own.Field(i).Interface(), base.Field(i).Interface()) {
			own.Field(i).SetZero()
		}
	}
	return s
}
