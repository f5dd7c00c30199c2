package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// dashboard is what of Grafana's form the tests look at.
type dashboard struct {
	file       string
	text       string
	UID, Title string
	Tags       []string
	Templating struct{ List []variable }
	Panels     []panel
}

type variable struct {
	Name, Type string
	Query      any // a text, or for Prometheus an object with one
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ RefID, Expr string }
	Panels                   []panel
	FieldConfig              struct {
		Defaults struct{ NoValue, Unit string }
	}
}

// dashboards returns all of them.
func dashboards(t *testing.T) (all []*dashboard) {
	t.Helper()
	for _, file := range glob(t, "grafana-dashboards/*.json") {
		text, err := os.ReadFile(root + file)
		if err != nil {
			t.Fatal(err)
		}
		d := &dashboard{file: filepath.Base(file), text: string(text)}
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, d)
	}
	return all
}

// queries returns the expressions of all panels and variables, by where they are.
func (d *dashboard) queries() map[string]string {
	all := map[string]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all[fmt.Sprintf("%s: panel %d %q, query %s", d.file, p.ID, p.Title, target.RefID)] = target.Expr
		}
	}
	for _, v := range d.Templating.List {
		if inner, ok := v.Query.(map[string]any); ok {
			text, _ := inner["query"].(string)
			if match := labelValues.FindStringSubmatch(text); match != nil {
				all[fmt.Sprintf("%s: variable %s", d.file, v.Name)] = match[1]
			}
		}
	}
	return all
}

// labelValues is Grafana's way to ask for the values of a selector's label.
var labelValues = regexp.MustCompile(`^label_values\((.*), \w+\)$`)

var variables = regexp.MustCompile(`\$\{?(\w+)`)

// promQL puts values in place of Grafana's variables.
func promQL(expr string) string {
	return regexp.MustCompile(`\$(\w+)|\$\{\w+\}`).ReplaceAllStringFunc(expr, func(variable string) string {
		if strings.HasPrefix(variable, "$__") {
			return "5m"
		}
		return "x"
	})
}

func TestDashboardsAreConsistent(t *testing.T) {
	uids := map[string]string{}
	for _, d := range dashboards(t) {
		if other := uids[d.UID]; d.UID == "" || other != "" {
			t.Errorf("%s: uid %q, which %q has too", d.file, d.UID, other)
		}
		uids[d.UID] = d.file
		ids := map[int]bool{}
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s: panel id %d is not unique", d.file, p.ID)
			}
			ids[p.ID] = true
			if len(p.Panels) > 0 {
				t.Errorf("%s: row %q hides panels from the tests", d.file, p.Title)
			}
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
						t.Fatalf("%s: panel %q lies on %q or outside", d.file, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			if len(p.Targets) == 0 {
				t.Errorf("%s: panel %q asks for nothing", d.file, p.Title)
			}
			if p.Description == "" || p.FieldConfig.Defaults.NoValue == "" || p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s: panel %q says not what it shows (%q), in which unit (%q), or what to do when it is empty (%q)",
					d.file, p.Title, p.Description, p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.NoValue)
			}
		}
	}
}

func TestDashboardsNameMetricsThatThereAre(t *testing.T) {
	known := known(t)
	for _, d := range dashboards(t) {
		for where, expr := range d.queries() {
			wantKnown(t, known, where, expr)
		}
	}
}

// promtool reads the expressions as rules.
func TestDashboardsExpressionsAreGood(t *testing.T) {
	for _, d := range dashboards(t) {
		var recorded []map[string]string
		for _, expr := range d.queries() {
			recorded = append(recorded, map[string]string{"record": fmt.Sprintf("query_%d", len(recorded)), "expr": promQL(expr)})
		}
		text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": d.UID, "rules": recorded}}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "queries.yml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		runTool(t, "promtool", "check", "rules", file)
	}
}

func TestDashboardsVariables(t *testing.T) {
	for _, d := range dashboards(t) {
		defined := map[string]bool{}
		for _, v := range d.Templating.List {
			defined[v.Name] = true
		}
		if !defined["datasource"] || strings.Contains(d.text, `"datasource": "`) {
			t.Errorf("%s does not take its data source from a variable", d.file)
		}
		used := map[string]bool{}
		for _, match := range variables.FindAllStringSubmatch(d.text, -1) {
			if name := match[1]; !strings.HasPrefix(name, "__") {
				used[name] = true
			}
		}
		for name := range used {
			if !defined[name] {
				t.Errorf("%s uses a variable %s, which it does not define", d.file, name)
			}
		}
		for name := range defined {
			if !used[name] {
				t.Errorf("%s does not use its variable %s", d.file, name)
			}
		}
	}
}

func TestDashboardsLeadToOneAnother(t *testing.T) {
	variablesOf := map[string]map[string]bool{}
	for _, d := range dashboards(t) {
		variablesOf[d.UID] = map[string]bool{}
		for _, v := range d.Templating.List {
			variablesOf[d.UID][v.Name] = true
		}
	}
	link := regexp.MustCompile(`"/d/([\w-]+)/[^?"]*\?([^"]*)"`)
	for _, d := range dashboards(t) {
		for _, match := range link.FindAllStringSubmatch(d.text, -1) {
			to, found := variablesOf[match[1]]
			if !found {
				t.Errorf("%s links to %s, which does not exist", d.file, match[1])
			}
			for _, given := range regexp.MustCompile(`var-(\w+)=`).FindAllStringSubmatch(match[2], -1) {
				if !to[given[1]] {
					t.Errorf("%s gives %s the variable %s, which it does not have", d.file, match[1], given[1])
				}
			}
		}
	}
}
