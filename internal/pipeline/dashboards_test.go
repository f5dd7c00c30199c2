package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var variables = regexp.MustCompile(`\$\{?(\w+)`)

func dashboards(t *testing.T) []*Dashboard {
	t.Helper()
	all, err := Dashboards(root)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d dashboards: %v", len(all), err)
	}
	return all
}

func TestDashboardsAreConsistent(t *testing.T) {
	uids := map[string]string{}
	for _, d := range dashboards(t) {
		if other := uids[d.UID]; d.UID == "" || other != "" {
			t.Errorf("%s: uid %q, which %q has too", d.File, d.UID, other)
		}
		uids[d.UID] = d.File
		ids := map[int]bool{}
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s: panel id %d is not unique", d.File, p.ID)
			}
			ids[p.ID] = true
			if len(p.Panels) > 0 {
				t.Errorf("%s: row %q hides panels from the tests", d.File, p.Title)
			}
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
						t.Fatalf("%s: panel %q lies on %q or outside", d.File, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			if len(p.Targets) == 0 {
				t.Errorf("%s: panel %q asks for nothing", d.File, p.Title)
			}
			if p.Description == "" || p.FieldConfig.Defaults.NoValue == "" || p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s: panel %q says not what it shows (%q), in which unit (%q), or what to do when it is empty (%q)",
					d.File, p.Title, p.Description, p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.NoValue)
			}
		}
	}
}

func TestDashboardsNameMetricsThatThereAre(t *testing.T) {
	known := known(t)
	for _, d := range dashboards(t) {
		for _, q := range d.Queries() {
			wantKnown(t, known, q.Where, q.Expr)
		}
	}
}

// promtool reads the expressions as rules.
func TestDashboardsExpressionsAreGood(t *testing.T) {
	for _, d := range dashboards(t) {
		var recorded []map[string]string
		for _, q := range d.Queries() {
			recorded = append(recorded, map[string]string{"record": fmt.Sprintf("query_%d", len(recorded)), "expr": q.PromQL(nil, "5m")})
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
		if !defined["datasource"] || strings.Contains(d.Text, `"datasource": "`) {
			t.Errorf("%s does not take its data source from a variable", d.File)
		}
		used := map[string]bool{}
		for _, match := range variables.FindAllStringSubmatch(d.Text, -1) {
			if name := match[1]; !strings.HasPrefix(name, "__") {
				used[name] = true
			}
		}
		for name := range used {
			if !defined[name] {
				t.Errorf("%s uses a variable %s, which it does not define", d.File, name)
			}
		}
		for name := range defined {
			if !used[name] {
				t.Errorf("%s does not use its variable %s", d.File, name)
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
		for _, match := range link.FindAllStringSubmatch(d.Text, -1) {
			to, found := variablesOf[match[1]]
			if !found {
				t.Errorf("%s links to %s, which does not exist", d.File, match[1])
			}
			for _, given := range regexp.MustCompile(`var-(\w+)=`).FindAllStringSubmatch(match[2], -1) {
				if !to[given[1]] {
					t.Errorf("%s gives %s the variable %s, which it does not have", d.File, match[1], given[1])
				}
			}
		}
	}
}
