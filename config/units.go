package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/units"
	"gopkg.in/yaml.v3"
)

// Duration is a time.Duration that YAML writes as "30s", "1m30s" or "1d".
type Duration time.Duration

// ParseDuration reads what time.ParseDuration reads, with weeks (w) and days (d) allowed in front: "1w2d", "1d12h".
func ParseDuration(text string) (Duration, error) {
	const day = 24 * time.Hour
	parts := regexp.MustCompile(`^(?:(\d{1,5})w)?(?:(\d{1,5})d)?(.*)$`).FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%q is not a duration", text)
	}
	weeks, _ := strconv.Atoi(parts[1])
	days, _ := strconv.Atoi(parts[2])
	whole := time.Duration(min(weeks*7+days, int(math.MaxInt64/day))) * day
	if parts[3] == "" && text != "" {
		return Duration(whole), nil
	}
	rest, err := time.ParseDuration(parts[3])
	if err != nil || (whole > 0 && (rest < 0 || rest > math.MaxInt64-whole)) {
		return 0, fmt.Errorf("%q is not a duration", text)
	}
	return Duration(whole + rest), nil
}

// String gives the shortest form that ParseDuration reads back: "1d12h", "1m30s", "0s".
func (d Duration) String() string {
	const day = 24 * time.Hour
	rest, text := time.Duration(d), ""
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		if n := rest / unit.length; n > 0 {
			text += fmt.Sprintf("%d%s", n, unit.name)
			rest -= n * unit.length
		}
	}
	if rest == 0 && text != "" {
		return text
	}
	short := rest.String()
	if strings.HasSuffix(short, "m0s") {
		short = strings.TrimSuffix(short, "0s")
	}
	if strings.HasSuffix(short, "h0m") {
		short = strings.TrimSuffix(short, "0m")
	}
	return text + short
}

// MarshalYAML gives String's form.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// UnmarshalYAML reads what ParseDuration reads.
func (d *Duration) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalText(unmarshal, d, ParseDuration)
}

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
