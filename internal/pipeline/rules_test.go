package pipeline

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule is a recording or alerting rule.
type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func (r rule) name() string { return r.Record + r.Alert }

// rules returns all of them.
func rules(t *testing.T) (all []rule) {
	t.Helper()
	for _, file := range glob(t, "examples/rules/*.yml") {
		var groups struct {
			Groups []struct {
				Name  string
				Rules []rule
			}
		}
		readYAML(t, file, &groups)
		for _, group := range groups.Groups {
			all = append(all, group.Rules...)
		}
	}
	return all
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(root + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	for i := range files {
		files[i] = strings.TrimPrefix(files[i], root)
	}
	return files
}

func TestRulesNameMetricsThatThereAre(t *testing.T) {
	known := known(t)
	known["up"] = true // Prometheus' own
	for _, r := range rules(t) {
		wantKnown(t, known, r.name(), r.Expr)
	}
}

// subject is what an alert may be about.
var subject = regexp.MustCompile(`\$labels\.(target|instance|site|job)`)

func TestAlertsSayWhatWhereAndWhatToDo(t *testing.T) {
	const runbooks = "https://github.com/netconf-exporter/netconf_exporter/blob/main/docs/runbooks.md#"
	text, err := os.ReadFile(root + "docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(text), -1) {
		sections[strings.ToLower(heading[1])] = true
	}
	seen := map[string]bool{}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if seen[r.Alert] {
			t.Errorf("%s is there twice", r.Alert)
		}
		seen[r.Alert] = true
		// A severity may be looked up, with one that holds otherwise.
		severity := strings.ReplaceAll(r.Labels["severity"], "{{ end }}", "")
		severity = severity[strings.LastIndex(severity, "}")+1:]
		if !slices.Contains([]string{"critical", "warning", "info"}, severity) {
			t.Errorf("%s has the severity %q", r.Alert, severity)
		}
		for _, annotation := range []string{"summary", "description"} {
			if text := r.Annotations[annotation]; !subject.MatchString(text) {
				t.Errorf("%s: the %s does not name what it is about: %s", r.Alert, annotation, text)
			}
		}
		section, ours := strings.CutPrefix(r.Annotations["runbook_url"], runbooks)
		if !ours || !sections[section] {
			t.Errorf("%s: there is no section %s", r.Alert, r.Annotations["runbook_url"])
		}
		delete(sections, section)
	}
	if len(sections) > 0 {
		t.Errorf("runbooks without an alert: %v", slices.Sorted(maps.Keys(sections)))
	}
}

func TestPromtoolTestsTheRules(t *testing.T) {
	for _, file := range glob(t, "examples/rules/tests/*.yml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			runTool(t, "promtool", "test", "rules", root+file)
		})
	}
}

// Every alert has a case that fires it and one that does not.
func TestEveryAlertIsTested(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, file := range glob(t, "examples/rules/tests/*.yml") {
		var tests struct {
			Tests []struct {
				Alerts []struct {
					Name string `yaml:"alertname"`
					Want []any  `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		readYAML(t, file, &tests)
		for _, test := range tests.Tests {
			for _, alert := range test.Alerts {
				if len(alert.Want) > 0 {
					fires[alert.Name] = true
				} else {
					silent[alert.Name] = true
				}
			}
		}
	}
	for _, r := range rules(t) {
		if r.Alert != "" && (!fires[r.Alert] || !silent[r.Alert]) {
			t.Errorf("%s: a case in which it fires: %t, one in which it does not: %t", r.Alert, fires[r.Alert], silent[r.Alert])
		}
	}
}
