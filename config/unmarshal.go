package config

import "gopkg.in/yaml.v3"

// unmarshalText parses the text of a scalar. Its error has the type with which the decoder continues at the next value.
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
