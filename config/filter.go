package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// Filter leaves rows out by the text of one of their labels. It does not affect rows without the label.
type Filter struct {
	Label  string `yaml:"label"`
	Regex  string `yaml:"regex"`  // the whole text has to match, as in Prometheus' relabelling
	Action string `yaml:"action"` // drop or keep
}

// The actions of a filter.
const (
	ActionDrop = "drop" // leaves out the rows that match
	ActionKeep = "keep" // leaves out the rows that do not match
)

// Pattern compiles the filter's regular expression, anchored.
func (f Filter) Pattern() (*regexp.Regexp, error) { return regexp.Compile("^(?s:" + f.Regex + ")$") }

// DescriptionLabels makes labels of descriptions: each metric with the value label description has one for each of Labels.
type DescriptionLabels struct {
	Regex  string   `yaml:"regex"`                 // found anywhere in the description; its named groups are the labels
	Labels []string `yaml:"labels,omitempty,flow"` // which of the groups; none: all
}

// Names are the labels, sorted, each once.
func (d *DescriptionLabels) Names() []string {
	if d == nil {
		return nil
	}
	names := slices.Clone(d.Labels)
	if pattern, err := regexp.Compile(d.Regex); err == nil && len(names) == 0 {
		names = slices.DeleteFunc(pattern.SubexpNames(), func(name string) bool { return name == "" })
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (v *validator) filters(filters []Filter, at *source) {
	for i, f := range filters {
		here := at.at("filters", i)
		if f.Label == "" || !v.labels[f.Label] {
			v.add(here, "filter: no metric has the label %q%s", f.Label, nearest.Hint(f.Label, v.labelNames(), "; docs/metrics.md lists the labels"))
		}
		const whole = "one that the whole text of the label has to match, such as \"lo|veth.*\""
		if _, err := regexp.Compile(f.Regex); f.Regex == "" {
			v.add(here, "filter: regex is missing; write "+whole)
		} else if err != nil {
			v.add(here, "filter: regex %q is not a regular expression of RE2 (%s); write "+whole, f.Regex, whyNot(err))
		}
		if f.Action != ActionDrop && f.Action != ActionKeep {
			v.add(here, "filter: action %q is neither drop nor keep; write one of them", f.Action)
		}
	}
}

// whyNot is what the library says of a wrong regular expression, without its own beginning.
func whyNot(err error) string { return strings.TrimPrefix(err.Error(), "error parsing regexp: ") }

func (v *validator) labelNames() (names []string) {
	for name := range v.labels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (v *validator) descriptionLabels(d *DescriptionLabels, at *source) {
	if d == nil {
		return
	}
	here := at.at("description_labels")
	const named = `one with named groups, such as "\[(?P<role>[a-z]+)\]"`
	pattern, err := regexp.Compile(d.Regex)
	if d.Regex == "" {
		v.add(here, "description_labels: regex is missing; write "+named)
		return
	}
	if err != nil {
		v.add(here, "description_labels: regex %q is not a regular expression of RE2 (%s); write "+named, d.Regex, whyNot(err))
		return
	}
	if len(d.Names()) == 0 {
		v.add(here, `description_labels: regex %q has no named group; write (?P<role>...) around what becomes the label role`, d.Regex)
	}
	for _, name := range d.Names() {
		switch {
		case pattern.SubexpIndex(name) < 0:
			v.add(here, "description_labels: regex %q has no group (?P<%s>...), which labels lists; add the group, or take it out of labels", d.Regex, name)
		case !isName(name):
			v.add(here, "label %q is not a valid name; use letters, digits and _, and no digit first", name)
		case v.isReserved(name):
			v.add(here, "label %q is set by Prometheus or the exporter; choose another name", name)
		}
	}
}
