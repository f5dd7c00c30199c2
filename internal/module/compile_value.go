package module

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// numberValue compiles the value of a metric.
func (c *compiler) numberValue(at []any, index int, from config.Value, metric *Metric) value {
	v := c.common(at, index, from)
	if from.Template != "" {
		c.fail(at, "a template makes a label's text, not a metric's number")
	}
	for i, alternative := range from.FirstOf {
		v.firstOf = append(v.firstOf, c.numberValue(slices.Concat(at, []any{"first_of", i}), index, inherit(alternative, from), metric))
	}
	v.scale, v.divisor = 1, 1
	if from.Scale != nil {
		if v.scale = *from.Scale; v.scale == 0 || math.IsNaN(v.scale) || math.IsInf(v.scale, 0) {
			c.fail(append(slices.Clip(at), "scale"), "a scale is a number other than 0")
		}
	}
	if inverse := math.Round(1 / v.scale); 1/inverse == v.scale {
		v.scale, v.divisor = 1, inverse
	}
	if from.Offset != nil {
		v.offset = *from.Offset
	}
	v.linear = v.scale != 1 || v.divisor != 1 || v.offset != 0
	v.scaleLeaf = c.need(c.optional(at, index, from.ScaleLeaf))
	v.precision = c.need(c.optional(at, index, from.PrecisionLeaf))
	v.min, v.max, v.maxNow = bounds(metric)
	c.decoding(at, &v, from, metric)
	v.plain = v.leaf != nil && v.match == nil && len(v.skip)+len(v.when) == 0 && v.values == nil && v.rest == nil &&
		v.scaleLeaf == nil && v.precision == nil && !v.linear && !v.age
	return v
}

// decoding chooses how the text becomes a number: as the value says, else as the catalogue does.
func (c *compiler) decoding(at []any, v *value, from config.Value, metric *Metric) {
	name := from.Decode
	switch {
	case name != "":
	case metric.entry.Decode != "":
		name = metric.entry.Decode
	case metric.entry.Type == "counter":
		name = "counter"
	default:
		name = "number"
	}
	v.decode, v.age = decoders[name], name == "age"
	if v.decode == nil {
		c.fail(append(at, "decode"), "decode %q is unknown; it can be %s", name, strings.Join(slices.Sorted(maps.Keys(decoders)), ", "))
	}
	if from.Values == nil && (from.Decode != "" || metric.entry.Values == nil) {
		return
	}
	v.values = maps.Clone(metric.entry.Values)
	for text, meaning := range from.Values {
		f, err := strconv.ParseFloat(meaning, 64)
		if known, ok := metric.entry.Values[meaning]; ok {
			f, err = known, nil
		}
		switch {
		case err != nil:
			c.fail(slices.Concat(at, []any{"values", text}), "%q is neither a number nor one of the metric's values (%s)",
				meaning, strings.Join(slices.Sorted(maps.Keys(metric.entry.Values)), ", "))
		case text == "*":
			v.rest = &f
		case v.values == nil:
			v.values = map[string]float64{text: f}
		default:
			v.values[text] = f
		}
	}
}

// labelValue compiles the value of a label; kind is how the catalogue wants its text.
func (c *compiler) labelValue(at []any, index int, from config.Value, kind string) value {
	if from.Decode != "" || from.Scale != nil || from.Offset != nil || from.ScaleLeaf != "" || from.PrecisionLeaf != "" {
		c.fail(at, "decode, scale, offset, scale_leaf and precision_leaf are for metrics; a label is a text")
	}
	v := c.common(at, index, from)
	c.need(v.leaf)
	for i, alternative := range from.FirstOf {
		v.firstOf = append(v.firstOf, c.labelValue(slices.Concat(at, []any{"first_of", i}), index, inherit(alternative, from), kind))
	}
	v.texts = from.Values
	switch kind {
	case "identity":
		v.normalise = asIdentity
	case "mac":
		v.normalise = asMAC
	default:
		v.normalise = asText
	}
	if from.Template != "" {
		v.template = c.template(at, index, from.Template)
		if from.Match != "" || from.Skip != nil || from.Values != nil {
			c.fail(at, "match, skip and values are for a leaf's text; a template has none of its own")
		}
	}
	return v
}

// common compiles what metrics and labels share.
func (c *compiler) common(at []any, index int, from config.Value) value {
	forms := 0
	for _, given := range []bool{from.Leaf != "" || from.Attribute != "", len(from.FirstOf) > 0, from.Template != ""} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		c.fail(at, "a value needs exactly one of leaf (or attribute), first_of and template")
	}
	v := value{skip: from.Skip, when: c.conditions(append(slices.Clip(at), "when"), index, from.When)}
	if from.Leaf != "" || from.Attribute != "" {
		v.leaf = c.leaf(at, index, from.Leaf, from.Attribute)
	}
	if from.Match != "" {
		var err error
		if v.match, err = regexp.Compile(from.Match); err != nil {
			c.fail(append(slices.Clip(at), "match"), "%v", err)
		}
	}
	return v
}

// inherit gives an alternative of first_of what the value around it says and it does not say itself.
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

func (c *compiler) conditions(at []any, index int, when map[string]config.Strings) (conditions []condition) {
	for _, leaf := range slices.Sorted(maps.Keys(when)) {
		here := append(slices.Clip(at), leaf)
		if len(when[leaf]) == 0 {
			c.fail(here, "a condition needs the texts that the leaf may have")
		}
		conditions = append(conditions, condition{c.need(c.leaf(here, index, leaf, "")), when[leaf]})
	}
	return conditions
}

// template parses "{slot}/{port}".
func (c *compiler) template(at []any, index int, text string) (pieces []piece) {
	for text != "" {
		before, rest, open := strings.Cut(text, "{")
		p := piece{text: before}
		text = ""
		if open {
			leaf, after, closed := strings.Cut(rest, "}")
			if !closed || leaf == "" {
				c.fail(at, "the template has a brace without its leaf or its end")
				return nil
			}
			p.leaf, text = c.need(c.leaf(at, index, leaf, "")), after
		}
		pieces = append(pieces, p)
	}
	return pieces
}

func (c *compiler) optional(at []any, index int, path string) ref {
	if path == "" {
		return nil
	}
	return c.leaf(at, index, path, "")
}

// need notes that filters must ask for a leaf even where they do not name it.
func (c *compiler) need(leaf ref) ref {
	for _, col := range leaf {
		c.needed[col] = true
	}
	return leaf
}

// bounds gives the range of what is plausible for a metric.
func bounds(m *Metric) (least, most float64, now bool) {
	least, most = math.Inf(-1), math.Inf(1)
	if m.entry.Min != nil {
		least = *m.entry.Min
	}
	switch m.entry.Max {
	case "":
	case "now":
		now = true
	default:
		if f, err := strconv.ParseFloat(m.entry.Max, 64); err == nil { // checked where the catalogue is loaded
			most = f
		}
	}
	return least, most, now
}
