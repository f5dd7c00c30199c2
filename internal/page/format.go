package page

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strings"
	"time"
)

// functions are those of the templates.
func functions() template.FuncMap {
	return template.FuncMap{
		"ago":       func(t *time.Time) string { return ago(time.Now(), t) },
		"since":     func(t *time.Time) string { return since(time.Now(), t) },
		"full":      full,
		"seconds":   seconds,
		"thousands": thousands,
		"bits":      bits,
		"number":    number,
		"sensor":    sensor,
		"errors":    errorCounts,
		"path":      escape,
		"ratio":     ratio,
		"words":     func(text string) string { return strings.ReplaceAll(text, "_", " ") },
		"bytes":     size,
		"ptr":       ptr,
	}
}

// ago says how long before now a time was.
func ago(now time.Time, t *time.Time) string {
	switch {
	case t == nil || t.IsZero():
		return ""
	case now.Sub(*t) >= time.Second:
		return brief(now.Sub(*t).Truncate(time.Second)) + " ago"
	}
	return "just now"
}

// since says how far from now a time is.
func since(now time.Time, t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return brief(now.Sub(*t).Abs())
}

func seconds(s *float64) string {
	if s == nil {
		return ""
	}
	return brief(time.Duration(*s * float64(time.Second)))
}

// brief gives a duration in one unit, or two if one would be coarse: 8 ms, 1.4 s, 5 min, 3 h 20 min, 12 d 4 h.
func brief(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0); {
	case d < time.Second-time.Millisecond/2:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < day:
		return twoUnits(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return twoUnits(int(d/day), "d", int(d%day/time.Hour), "h")
}

func twoUnits(n int, unit string, rest int, restUnit string) string {
	if rest == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%d %s %d %s", n, unit, rest, restUnit)
}

func full(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(http.TimeFormat)
}

// thousands writes 12345 as 12,345.
func thousands(n any) string {
	digits := fmt.Sprint(n)
	if f, ok := n.(float64); ok {
		digits = fmt.Sprintf("%.0f", f)
	}
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// bits writes a speed: 1.2 Gbit/s.
func bits(perSecond *float64) string {
	if perSecond == nil {
		return ""
	}
	return scaled(*perSecond, 1000, "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")
}

// size writes a number of bytes: 1.2 MB.
func size(n int64) string { return scaled(float64(n), 1000, "B", "kB", "MB", "GB") }

func scaled(value, step float64, units ...string) string {
	i := 0
	for value >= 0.9995*step && i < len(units)-1 {
		value /= step
		i++
	}
	if value >= 100 || value == math.Trunc(value) {
		return fmt.Sprintf("%.0f %s", value, units[i])
	}
	return fmt.Sprintf("%.3g %s", value, units[i])
}

// number writes a measured value.
func number(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1e15 {
		return thousands(value)
	}
	return fmt.Sprintf("%.4g", value)
}

// errorCounts writes how many errors there were in each direction; "" if the device does not say.
func errorCounts(counters map[string]float64) string {
	in, received := counters["receive_errors"]
	out, sent := counters["transmit_errors"]
	var parts []string
	if in > 0 {
		parts = append(parts, "in "+number(in))
	}
	if out > 0 {
		parts = append(parts, "out "+number(out))
	}
	if len(parts) == 0 && (received || sent) {
		return "0"
	}
	return strings.Join(parts, " ")
}

// sensor writes what a sensor measures, whose name ends in its unit: power_watts 120 is written as power 120 W.
func sensor(name string, value float64) string {
	for suffix, unit := range map[string]string{
		"_celsius": " °C", "_watts": " W", "_volts": " V", "_amperes": " A", "_rpm": " rpm", "_dbm": " dBm", "_ratio": " %",
	} {
		if what, ok := strings.CutSuffix(name, suffix); ok {
			if suffix == "_ratio" {
				value *= 100
			}
			return strings.ReplaceAll(what, "_", " ") + " " + number(value) + unit
		}
	}
	return strings.ReplaceAll(name, "_", " ") + " " + number(value)
}

// ratio is a rate as a part of the speed, from 0 to 1; nil where one of them is not known.
func ratio(rate, speed *float64) *float64 {
	if rate == nil || speed == nil || *speed <= 0 {
		return nil
	}
	return new(min(*rate / *speed, 1))
}

// ptr makes a pointer of a value that is always there.
func ptr(value any) any {
	switch value := value.(type) {
	case float64:
		return &value
	case time.Time:
		return &value
	}
	return value
}
