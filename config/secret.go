package config

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "<secret>"

// Secret is text that is never shown: however it is printed, logged or encoded, "<secret>" comes out. Reveal gives the text.
type Secret string

// Reveal returns the secret's text. It is for logging in, and for nothing else.
func (s Secret) Reveal() string { return string(s) }

// String gives "<secret>".
func (Secret) String() string { return hidden }

// GoString gives "<secret>".
func (Secret) GoString() string { return hidden }

// Format gives "<secret>" for every verb, also those that would go round String, such as %x.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalYAML gives "<secret>".
func (Secret) MarshalYAML() (any, error) { return hidden, nil }

// MarshalJSON gives "<secret>".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText gives "<secret>".
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Format gives the auth's user alone. Without it, fmt would go past Secret's methods where a verb does not suit the
// pointer to an auth inside something else.
func (a Auth) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{username:%s}", a.Username) }

// LogValue gives "<secret>".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
