package module

import (
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// labelValue compiles the value of a label. kind is the catalogue's: text, identity or mac.
func (c *compiler) labelValue(at []any, index int, from config.Value, kind string) decode.Value {
	if from.Scale != nil || from.Offset != nil || from.ScaleLeaf != "" || from.PrecisionLeaf != "" || from.SumOf != nil || from.SumRows || from.Min != nil || from.Max != nil {
		c.fail(at, "scale, offset, scale_leaf, precision_leaf, min, max, sum_of and sum_rows are for metrics; a label is a text")
	}
	switch from.Decode {
	case "":
	case "dotted_quad", "lower_case":
		kind = from.Decode
	default:
		c.fail(append(slices.Clip(at), "decode"), "decode %q is not for labels, which are texts; theirs are dotted_quad and lower_case", from.Decode)
	}
	v := c.common(at, index, from)
	c.markNeeded(v.Leaf)
	for i, alternative := range from.FirstOf {
		v.FirstOf = append(v.FirstOf, c.labelValue(slices.Concat(at, []any{"first_of", i}), index, inherit(alternative, from), kind))
	}
	if from.Lookup != "" {
		c.lookup(at, index, from, &v)
	} else if from.By != nil {
		c.fail(append(slices.Clip(at), "by"), "by is the key to a lookup, which is not there; add it")
	}
	v.Texts = from.Values
	v.Normalise = decode.NormaliserOf(kind)
	if from.Template != "" {
		v.Template = c.template(at, index, from.Template)
		if from.Match != "" || from.Skip != nil || from.Values != nil {
			c.fail(at, "match, skip and values are for a leaf's text; a template has none of its own")
		}
	}
	return v
}

// template parses "{slot}/{port}".
func (c *compiler) template(at []any, index int, text string) (parts []decode.TemplatePart) {
	for text != "" {
		before, rest, open := strings.Cut(text, "{")
		p := decode.TemplatePart{Text: before}
		text = ""
		if open {
			leaf, after, closed := strings.Cut(rest, "}")
			if !closed || leaf == "" {
				c.fail(at, "the template has a brace without its leaf or its end")
				return nil
			}
			if text = after; leaf == "position()" {
				p.Position = true
			} else {
				p.Leaf = c.markNeeded(c.leaf(at, index, leaf, ""))
			}
		}
		parts = append(parts, p)
	}
	return parts
}
