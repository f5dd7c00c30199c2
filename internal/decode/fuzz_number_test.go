package decode

import (
	"math"
	"strconv"
	"testing"
	"time"
)

// FuzzDecoders gives any text to all decoders of numbers and dates: what they take, they take for a number, and where Go's
// own library reads the form they agree with it. It is inside the package, since modules name the decoders.
func FuzzDecoders(f *testing.F) {
	for _, text := range []string{
		"0", "-1", "+1.5", "18446744073709551615", "18446744073709551616", "1e400", "0x10", "1_000", "NaN", "Inf", "- Inf", "-Inf",
		"2024-02-29T23:59:60Z", "2014-05-08T00:00:00.123456+02:00", "0000-00-00T00:00:00Z", "2024-01-01 00:00:00 UTC", "1y2w", "3w4d", "1d 02:03:04", "12:34",
		"QEYAAA==", "f4AAAA==", "10Gbps", "1000 mbps", "100M", "true", "9223372036854775808", "-9223372036854775809",
	} {
		f.Add([]byte(text))
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, decode := range decoders {
			given := string(text)
			n, ok := decode(text, now)
			if string(text) != given {
				t.Fatalf("%s changed the text", name)
			}
			if !ok {
				continue
			}
			if math.IsNaN(n) || math.IsInf(n, 1) || math.IsInf(n, -1) && name != "decibels" && name != "milliwatts" {
				t.Errorf("%s takes %q for %v", name, text, n)
			}
			switch want, err := strconv.ParseFloat(given, 64); name {
			case "number":
				if err != nil || want != n {
					t.Errorf("%q is %v, not %v (%v)", text, n, want, err)
				}
			case "counter":
				if whole, err := strconv.ParseUint(given, 10, 64); err != nil || float64(whole) != n {
					t.Errorf("counter %q is %v, not %d (%v)", text, n, whole, err)
				}
			}
		}
	})
}
