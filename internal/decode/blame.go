package decode

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// leftOutValue notes that a metric's value is not valid for a row.
func (b *builder) leftOutValue(m *RowMetric, s *RowSpec, r row) {
	what := b.table.blame(&m.Value, r, b.now)
	what.subject = b.families[m.Metric].Metric.Name
	b.table.explain.add(what, b.describe(s, m.KeySet))
}

// describe writes the key labels of the current row.
func (b *builder) describe(s *RowSpec, keyset int) string {
	var labels []string
	for i, name := range s.KeySets[keyset].Names {
		labels = append(labels, fmt.Sprintf("%s=%q", *name, clip(string(b.labels[s.KeySets[keyset].Labels[i]]))))
	}
	return strings.Join(labels, ", ")
}

// describeKey writes the key of a group.
func (j *joiner) describeKey(s *RowSpec, g group) string {
	var parts []string
	for _, k := range s.Key {
		text, _ := j.find(k, g)
		parts = append(parts, fmt.Sprintf("%s=%q", j.explain.leafName(k), clip(string(text))))
	}
	return strings.Join(parts, ", ")
}

// blame says which text made a value invalid or implausible, and why.
func (t *Table) blame(v *Value, r row, now time.Time) leftOut {
	for _, parts := range [][]Value{v.FirstOf, v.SumOf} {
		for i := range parts {
			if _, st := parts[i].number(r, now); st == invalid || st == implausible {
				return t.blame(&parts[i], r, now)
			}
		}
	}
	if len(v.SumOf) > 0 {
		return leftOut{text: "the sum", why: "is outside of what the catalogue calls plausible"}
	}
	raw, _ := r.text(v.Leaf)
	quoted := func(text []byte) string {
		return fmt.Sprintf("leaf %s: %q", t.explain.leafName(v.Leaf), clip(string(text)))
	}
	text, st := v.rawText(r)
	if st == invalid {
		return leftOut{text: quoted(raw), why: "does not match " + v.Match.String()}
	}
	f, ok := v.parse(text, now)
	switch {
	case !ok && (v.Values != nil || v.OtherValue != nil):
		return leftOut{text: quoted(text), why: "is not one of " + list(slices.Sorted(maps.Keys(v.Values)))}
	case !ok:
		return leftOut{text: quoted(text), why: "is not " + kindInWords(v.Kind)}
	}
	if v.ScaleLeaf != nil {
		unit, _ := r.text(v.ScaleLeaf)
		if _, ok := siPower(unit); !ok {
			return leftOut{text: quoted(text), why: fmt.Sprintf("has no unit: leaf %s is %q", t.explain.leafName(v.ScaleLeaf), clip(string(unit)))}
		}
	}
	scaled, _ := v.scaled(text, r, now)
	as := ""
	if scaled != f {
		as = fmt.Sprintf("is %g in the metric's unit, and ", scaled)
	}
	switch {
	case scaled < v.Min:
		return leftOut{text: quoted(text), why: fmt.Sprintf("%sis below %g", as, v.Min)}
	case scaled > v.upperBound(now) && v.MaxNow:
		return leftOut{text: quoted(text), why: "is in the future"}
	case scaled > v.upperBound(now):
		return leftOut{text: quoted(text), why: fmt.Sprintf("%sis above %g", as, v.upperBound(now))}
	}
	return leftOut{text: quoted(text), why: "is not a number"}
}

// list writes names with commas between, not too many of them.
func list(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		names = append(slices.Clip(names[:maxListed]), fmt.Sprintf("%d others", more))
	}
	return strings.Join(names, ", ")
}

// kindInWords says what a decoder takes.
func kindInWords(kind string) string {
	switch kind {
	case "counter":
		return "a counter: a whole number from 0 to 2^64-1"
	case "timestamp":
		return "a date and time (RFC 3339)"
	case "age":
		return "a duration, such as 3600 or 1d 02:03:04"
	case "unix_time":
		return "a number of seconds since 1970"
	case "ieeefloat32":
		return "a float32 in base64, or a number"
	case "milliwatts":
		return "a power in milliwatts, which is not below zero"
	case "bitrate":
		return "a bit rate, such as 10Gbps"
	}
	return "a number"
}
