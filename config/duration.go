package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
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
