package config

import (
	"fmt"
	"strconv"

	"github.com/alecthomas/units"
)

// Bytes is a number of bytes that YAML writes as "64MiB" or as a plain number.
type Bytes int64

// ParseBytes reads a plain number of bytes or one with a unit of base 2: "64MiB" (or "64MB") is 67108864.
func ParseBytes(text string) (Bytes, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Bytes(n), nil
	}
	n, err := units.ParseBase2Bytes(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size", text)
	}
	return Bytes(n), nil
}

// String gives the form with units, such as "64MiB".
func (b Bytes) String() string { return units.Base2Bytes(b).String() }

// MarshalYAML gives String's form.
func (b Bytes) MarshalYAML() (any, error) { return b.String(), nil }

// UnmarshalYAML reads what ParseBytes reads.
func (b *Bytes) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalText(unmarshal, b, ParseBytes)
}
