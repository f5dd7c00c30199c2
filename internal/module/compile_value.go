package module

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// numberValue compiles the value of a metric.
func (c *compiler) numberValue(at []any, index int, from config.Value, entry *config.Metric) decode.Value {
	v := c.common(at, index, from)
	if from.Template != "" {
		c.fail(at, "a template makes a label's text, not a metric's number")
	}
	if from.Lookup != "" {
		c.fail(at, "a lookup gives a label's text, not a metric's number")
	}
	for i, alternative := range from.FirstOf {
		v.FirstOf = append(v.FirstOf, c.numberValue(slices.Concat(at, []any{"first_of", i}), index, inherit(alternative, from), entry))
	}
	for i, part := range from.SumOf {
		v.SumOf = append(v.SumOf, c.numberValue(slices.Concat(at, []any{"sum_of", i}), index, inherit(part, from), entry))
	}
	v.Scale, v.Divisor = 1, 1
	if from.Scale != nil {
		if v.Scale = *from.Scale; v.Scale == 0 || math.IsNaN(v.Scale) || math.IsInf(v.Scale, 0) {
			c.fail(append(slices.Clip(at), "scale"), "a scale is a number other than 0")
		}
	}
	if inverse := math.Round(1 / v.Scale); 1/inverse == v.Scale {
		v.Scale, v.Divisor = math.Copysign(1, inverse), math.Abs(inverse)
	}
	if from.Offset != nil {
		v.Offset = *from.Offset
	}
	v.ScaleLeaf = c.markNeeded(c.optional(at, index, from.ScaleLeaf))
	v.PrecisionLeaf = c.markNeeded(c.optional(at, index, from.PrecisionLeaf))
	v.Min, v.Max, v.MaxNow = bounds(entry)
	if from.Min != nil {
		v.Min = max(v.Min, *from.Min)
	}
	if from.Max != nil {
		v.Max, v.MaxNow = min(v.Max, *from.Max), false
	}
	c.decoding(at, &v, from, entry)
	return v
}

// decoding chooses the decoder: the value's own, else that of the catalogue.
func (c *compiler) decoding(at []any, v *decode.Value, from config.Value, entry *config.Metric) {
	name := from.Decode
	switch {
	case name != "":
	case entry.Decode != "":
		name = entry.Decode
	case entry.Type == "counter":
		name = "counter"
	default:
		name = "number"
	}
	v.Decode, v.Kind, v.Age, v.Decibels = decode.DecoderOf(name), name, name == "age", name == "decibels" || name == "milliwatts"
	if v.Decode == nil {
		c.fail(append(at, "decode"), "decode %q is unknown; it can be %s", name, strings.Join(decode.DecoderNames(), ", "))
	}
	if from.Values == nil && (from.Decode != "" || entry.Values == nil) {
		return
	}
	v.Values = maps.Clone(entry.Values)
	for text, meaning := range from.Values {
		f, err := strconv.ParseFloat(meaning, 64)
		if known, ok := entry.Values[meaning]; ok {
			f, err = known, nil
		}
		switch {
		case err != nil:
			c.fail(slices.Concat(at, []any{"values", text}), "%q is neither a number nor one of the metric's values (%s)",
				meaning, strings.Join(slices.Sorted(maps.Keys(entry.Values)), ", "))
		case text == "*":
			v.OtherValue = &f
		case v.Values == nil:
			v.Values = map[string]float64{text: f}
		default:
			v.Values[text] = f
		}
	}
}

// common compiles what the values of metrics and of labels have in common.
func (c *compiler) common(at []any, index int, from config.Value) decode.Value {
	forms := 0
	for _, given := range []bool{from.Leaf != "" || from.Attribute != "", len(from.FirstOf) > 0, len(from.SumOf) > 0, from.Template != "", from.Lookup != ""} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		c.fail(at, "a value needs exactly one of leaf (or attribute), first_of, sum_of, template and lookup")
	}
	v := decode.Value{Skip: from.Skip, When: c.conditions(at, index, from.When, from.Unless)}
	if from.Leaf != "" || from.Attribute != "" {
		v.Leaf = c.leaf(at, index, from.Leaf, from.Attribute)
	}
	if from.Match != "" {
		var err error
		if v.Match, err = regexp.Compile(strings.ReplaceAll(from.Match, "{number}", numberGroup)); err != nil {
			c.fail(append(slices.Clip(at), "match"), "match %q is not a regular expression of RE2 (%s); lookahead (?=...), lookbehind and references to groups are not part of it",
				from.Match, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
	}
	return v
}

// numberGroup is what {number} stands for in a match: a number as the decoder of that name takes it.
const numberGroup = `([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)`

// inherit fills what a member of first_of or sum_of does not set with what the enclosing value sets.
func inherit(v, from config.Value) config.Value {
	if v.Decode == "" {
		v.Decode = from.Decode
	}
	if v.Values == nil {
		v.Values = from.Values
	}
	if v.Scale == nil {
		v.Scale = from.Scale
	}
	if v.Offset == nil {
		v.Offset = from.Offset
	}
	if v.ScaleLeaf == "" {
		v.ScaleLeaf = from.ScaleLeaf
	}
	if v.PrecisionLeaf == "" {
		v.PrecisionLeaf = from.PrecisionLeaf
	}
	if v.Match == "" {
		v.Match = from.Match
	}
	if v.Skip == nil {
		v.Skip = from.Skip
	}
	return v
}

// conditions compiles what has to hold (when) and what must not (unless).
func (c *compiler) conditions(at []any, index int, when, unless map[string]config.Strings) (conditions []decode.Condition) {
	for _, kind := range []struct {
		key    string
		leaves map[string]config.Strings
	}{{"when", when}, {"unless", unless}} {
		for _, leaf := range slices.Sorted(maps.Keys(kind.leaves)) {
			here := slices.Concat(at, []any{kind.key, leaf})
			if len(kind.leaves[leaf]) == 0 {
				c.fail(here, "a condition needs the texts that the leaf may have")
			}
			conditions = append(conditions, decode.Condition{
				Leaf: c.markNeeded(c.leaf(here, index, leaf, "")), Texts: kind.leaves[leaf], Not: kind.key == "unless",
			})
		}
	}
	return conditions
}

func (c *compiler) optional(at []any, index int, path string) decode.Leaf {
	if path == "" {
		return nil
	}
	return c.leaf(at, index, path, "")
}

// markNeeded notes that filters have to select a leaf.
func (c *compiler) markNeeded(leaf decode.Leaf) decode.Leaf {
	for _, col := range leaf {
		c.needed[col] = true
	}
	return leaf
}

// bounds returns the plausible range of a metric.
func bounds(entry *config.Metric) (least, most float64, now bool) {
	least, most = math.Inf(-1), math.Inf(1)
	if entry.Min != nil {
		least = *entry.Min
	}
	switch entry.Max {
	case "":
	case "now":
		now = true
	default:
		if f, err := strconv.ParseFloat(entry.Max, 64); err == nil { // config has validated it
			most = f
		}
	}
	return least, most, now
}
