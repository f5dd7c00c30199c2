package config

import "gopkg.in/yaml.v3"

// unmarshalText reads a scalar's text with parse. Its error is of the kind that lets the decoder go on to the next value.
func unmarshalText[T any](unmarshal func(any) error, out *T, parse func(string) (T, error)) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	value, err := parse(text)
	if err != nil {
		return &yaml.TypeError{Errors: []string{err.Error()}}
	}
	*out = value
	return nil
}
