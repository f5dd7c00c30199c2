package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// metrics checks the configuration's own catalogue against the built-in one.
func (v *validator) metrics(own, shipped map[string]*Metric) {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if first := shipped[name]; first != nil {
			v.add(own[name].Position, "metric %q is already in the built-in catalogue; use it as it is, or choose another name", name)
		} else if isOwnMetric(name) {
			v.add(own[name].Position, "metric %q has a name that the exporter keeps for its own metrics; choose another name", name)
		} else if name == "up" || strings.HasPrefix(name, "scrape_") {
			v.add(own[name].Position, "metric %q has a name that Prometheus keeps for what it says of each scrape; choose another name", name)
		} else if counter := name + "_total"; own[counter] != nil || shipped[counter] != nil {
			v.add(own[name].Position, "metric %q has the name by which OpenMetrics knows the counter %q; choose another name", name, counter)
		} else {
			v.metric(name, own[name])
		}
	}
}

// isOwnMetric tells whether a name is, or may become, one of the metrics about the exporter and its scrapes.
func isOwnMetric(name string) bool {
	if name == "netconf_up" || name == "netconf_target_info" {
		return true
	}
	for _, prefix := range []string{"netconf_scrape_", "netconf_module_", "netconf_session_", "netconf_login_", "netconf_exporter_", "go_", "process_", "promhttp_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// metric checks one catalogue entry.
func (v *validator) metric(name string, m *Metric) {
	at := v.source(m, m.Position)
	if !isName(name) {
		v.add(at.at(), "metric %q is not a valid name; use letters, digits and _, and no digit first", name)
	}
	switch {
	case m.Type == "":
		v.add(at.at(), "metric %q has no type; add type: gauge or type: counter", name)
	case m.Type != "gauge" && m.Type != "counter":
		v.add(at.at("type"), "type %q of metric %q is not known; write gauge or counter", m.Type, name)
	case m.Type == "counter" != strings.HasSuffix(name, "_total"):
		v.add(at.at("type"), "metric %q is a %s; names of counters end in _total, and no other names do", name, m.Type)
	}
	if strings.TrimSpace(m.Help) == "" {
		v.add(at.at("help"), "metric %q has no help; say in a sentence what it is, and in which unit", name)
	}
	if !slices.Contains([]string{"", "number", "timestamp", "decibels", "one"}, m.Decode) {
		v.add(at.at("decode"), "decode %q of metric %q is not known; write number, timestamp, decibels or one", m.Decode, name)
	}
	v.metricLabels(name, m)
	v.metricRange(name, m)
}

func (v *validator) metricLabels(name string, m *Metric) {
	at := v.source(m, m.Position)
	for i, label := range m.Labels {
		v.metricLabel(at.at("labels", i), label)
		if slices.Index(m.Labels, label) < i {
			v.add(at.at("labels", i), "label %q of metric %q is listed twice; keep one", label, name)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(m.Info)) {
		position := at.at("info", label)
		v.metricLabel(position, label)
		if slices.Contains(m.Labels, label) {
			v.add(position, "label %q of metric %q is both a key label and an info label; keep one", label, name)
		}
		if kind := m.Info[label]; !slices.Contains([]string{"text", "identity", "mac"}, kind) {
			v.add(position, "info label %q is of the unknown kind %q; write text, identity or mac", label, kind)
		}
	}
}

func (v *validator) metricLabel(at Position, label string) {
	switch {
	case !isName(label):
		v.add(at, "label %q is not a valid name; use letters, digits and _, and no digit first", label)
	case isPrometheusLabel(label):
		v.add(at, "label %q is set by Prometheus or the exporter; choose another name", label)
	}
}

func (v *validator) metricRange(name string, m *Metric) {
	if m.Max == "" || m.Max == "now" {
		return
	}
	limit, err := strconv.ParseFloat(m.Max, 64)
	switch at := v.source(m, m.Position).at("max"); {
	case err != nil:
		v.add(at, "max %q of metric %q is not a number; write a number, or now", m.Max, name)
	case m.Min != nil && limit < *m.Min:
		v.add(at, "max of metric %q is below its min; correct one of them", name)
	}
}

// isName tells whether text may name a metric or a label. Colons are left to recording rules.
func isName(text string) bool {
	return regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`).MatchString(text)
}

// isPrometheusLabel tells whether a label is Prometheus' own, or the one that /metrics adds.
func isPrometheusLabel(label string) bool {
	return strings.HasPrefix(label, "__") || slices.Contains([]string{"target", "job", "instance", "le", "quantile"}, label)
}
