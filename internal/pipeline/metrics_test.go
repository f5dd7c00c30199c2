package pipeline

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

var (
	// What in an expression is not a metric although it looks like one.
	quoted   = regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`)
	braces   = regexp.MustCompile(`\{[^{}]*\}`)
	brackets = regexp.MustCompile(`\[[^\]]*\]`)
	grouping = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)`)
	function = regexp.MustCompile(`[a-zA-Z_]\w*\s*\(`)
	moment   = regexp.MustCompile(`@\s*(start|end)\s*\(\s*\)`)
	offset   = regexp.MustCompile(`\boffset\s+-?\w+`)
	word     = regexp.MustCompile(`\b[a-zA-Z_][\w:]*`)
	keywords = []string{"and", "or", "unless", "bool", "inf", "nan"}
)

// byPattern is a selector of several metrics.
var byPattern = regexp.MustCompile(`__name__=~"([^"]*)"`)

// metricsOf returns the metrics that an expression names.
func metricsOf(expr string) []string {
	for _, other := range []*regexp.Regexp{quoted, braces, brackets, moment, grouping, offset, function} {
		expr = other.ReplaceAllString(expr, " ")
	}
	names := word.FindAllString(expr, -1)
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(keywords, strings.ToLower(name)) })
}

func TestMetricsOf(t *testing.T) {
	for expr, want := range map[string][]string{
		`sum by (target) (a:b:rate5m{x="c(d", y!~"{e}"}) / on (job) group_left (f) g offset 1h > bool 1e3`: {"a:b:rate5m", "g"},
		`label_replace(max(rate(a_total{b="c"}[5m:1m])), "d", "e", "", "") or time() - b`:                  {"a_total", "b"},
	} {
		if got := metricsOf(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// exported are the metrics that there are: of the catalogue, about reading targets, and the exporter's own.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	library, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name := range library.Catalog {
		names[name] = true
	}
	for _, d := range collector.Definitions() {
		names[d.Name] = true
	}
	metrics := web.NewMetrics()
	metrics.Files(func() map[string]error { return map[string]error{"": nil} }) // it has a series for each file alone
	metrics.Inventories(func() map[string]error { return map[string]error{"": nil} })
	own, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range own {
		names[family.GetName()] = true
	}
	return names
}

// known adds to the exported metrics those that rules record.
func known(t *testing.T) map[string]bool {
	t.Helper()
	names := exported(t)
	for _, r := range rules(t) {
		names[r.Record] = true
	}
	return names
}

func wantKnown(t *testing.T, known map[string]bool, where, expr string) {
	t.Helper()
	names := metricsOf(expr)
	patterns := byPattern.FindAllStringSubmatch(expr, -1)
	if len(names)+len(patterns) == 0 {
		t.Errorf("%s names no metric: %s", where, expr)
	}
	for _, pattern := range patterns {
		matches := regexp.MustCompile("^(" + pattern[1] + ")$").MatchString
		if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), matches) {
			t.Errorf("%s: nobody exports or records %s", where, pattern[1])
		}
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("%s: nobody exports or records %s", where, name)
		}
	}
}

// Metrics and labels that rules and dashboards rely on are a promise to those who copied them.
func TestLabelsThatRulesRelyOn(t *testing.T) {
	library, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"netconf_interface_info":                 {"interface", "description", "if_type", "parent"},
		"netconf_hardware_info":                  {"component", "class"},
		"netconf_optics_receive_power_dbm":       {"interface", "lane"},
		"netconf_bgp_neighbor_state":             {"vrf", "neighbor"},
		"netconf_bgp_neighbor_info":              {"vrf", "neighbor", "description", "remote_as"},
		"netconf_lldp_neighbor_info":             {"interface", "system_name", "port_id"},
		"netconf_interface_address_info":         {"interface", "address"},
		"netconf_cpu_utilization_ratio":          {"cpu"},
		"netconf_memory_utilization_ratio":       {"memory"},
		"netconf_hardware_oper_status":           {"component"},
		"netconf_interface_oper_status":          {"interface"},
		"netconf_interface_admin_status":         {"interface"},
		"netconf_bgp_neighbor_received_prefixes": {"vrf", "neighbor"},
	} {
		metric := library.Catalog[name]
		if metric == nil {
			t.Errorf("%s is not in the catalogue", name)
			continue
		}
		labels := append(slices.Clone(metric.Labels), slices.Collect(maps.Keys(metric.Info))...)
		for _, label := range want {
			if !slices.Contains(labels, label) {
				t.Errorf("%s has the labels %v, without %s", name, labels, label)
			}
		}
	}
}
