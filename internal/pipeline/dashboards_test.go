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

var variables = regexp.MustCompile(`\$\{?([A-Za-z_]\w*)`)

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
			if p.Collapsed != (len(p.Panels) > 0) {
				t.Errorf("%s: row %q is closed (%t) and has %d panels of its own", d.File, p.Title, p.Collapsed, len(p.Panels))
			}
			if p.Type == "row" {
				continue
			}
			if len(p.Targets) == 0 || p.Description == "" {
				t.Errorf("%s: panel %q has %d queries and the description %q", d.File, p.Title, len(p.Targets), p.Description)
			}
		}
		// Panels of closed rows lie below their row, where the next row is, too.
		for _, line := range append([]Panel{{Panels: topLevel(d)}}, d.Panels...) {
			clear(taken)
			for _, p := range line.Panels {
				for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
					for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
						if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
							t.Fatalf("%s: panel %q lies on %q or outside", d.File, p.Title, other)
						}
						taken[[2]int{x, y}] = p.Title
					}
				}
			}
		}
	}
}

// topLevel are the panels that are there while all closed rows are closed.
func topLevel(d *Dashboard) (open []Panel) {
	inside := map[int]bool{}
	for _, row := range d.Panels {
		for _, p := range row.Panels {
			inside[p.ID] = true
		}
	}
	for _, p := range d.Panels {
		if !inside[p.ID] {
			open = append(open, p)
		}
	}
	return open
}

// What is text in a table stays as it is, whatever it looks like: interface 1001 is no 1.00 K. What is empty is a dash: what else
// stood in place of it would stand in every empty cell. Curves and numbers have a unit.
func TestDashboardsShowValuesAsTheyAre(t *testing.T) {
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			defaults := p.FieldConfig.Defaults
			switch p.Type {
			case "row":
			case "table":
				if defaults.Unit != "" || defaults.NoValue != "-" {
					t.Errorf("%s: table %q has the unit %q and %q for what is empty, for all columns", d.File, p.Title, defaults.Unit, defaults.NoValue)
				}
				first := p.FieldConfig.Overrides[0]
				if first.Matcher.ID != "byType" || first.Matcher.Options != "string" || first.Properties[0].Value != "string" {
					t.Errorf("%s: table %q may take text for numbers: %v", d.File, p.Title, first)
				}
			default:
				if defaults.Unit == "" || defaults.NoValue == "" {
					t.Errorf("%s: panel %q has the unit %q and says %q when it is empty", d.File, p.Title, defaults.Unit, defaults.NoValue)
				}
				if strings.Contains(defaults.Unit, "Bps") {
					t.Errorf("%s: panel %q shows bytes beside speeds in bits", d.File, p.Title)
				}
			}
		}
	}
}

// Each number that a table shows has a column with a title; with several queries they are "Value #A" and so on.
func TestDashboardsTablesNameTheirColumns(t *testing.T) {
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			if p.Type != "table" {
				continue
			}
			names, titles := map[string]bool{}, map[string]bool{}
			for _, transformation := range p.Transformations {
				for _, name := range transformation.Options.Include.Names {
					names[name] = true
				}
				for name, title := range transformation.Options.RenameByName {
					if !names[name] || title == "" || titles[title] {
						t.Errorf("%s: table %q has the column %q (%q), which is not there, or twice", d.File, p.Title, title, name)
					}
					titles[title] = true
				}
			}
			for name := range names {
				if query, found := strings.CutPrefix(name, "Value #"); found && int(query[0]-'A') >= len(p.Targets) {
					t.Errorf("%s: table %q has no query %s", d.File, p.Title, query)
				}
			}
			for _, override := range p.FieldConfig.Overrides {
				if override.Matcher.ID == "byName" && !titles[override.Matcher.Options] {
					t.Errorf("%s: table %q shapes a column %q, which it does not have", d.File, p.Title, override.Matcher.Options)
				}
			}
		}
	}
}

// What Grafana's own linter for dashboards asks for. Recorded series have no instance on purpose: targets move between exporters.
func TestDashboardsAsTheLinterWants(t *testing.T) {
	for _, d := range dashboards(t) {
		if d.Editable || len(d.Tags) == 0 || d.Schema < 30 || !strings.HasPrefix(d.UID, "netconf-") {
			t.Errorf("%s: editable %t, tags %v, schemaVersion %d, uid %q", d.File, d.Editable, d.Tags, d.Schema, d.UID)
		}
		for i, v := range d.Templating.List {
			switch {
			case i == 0 && (v.Name != "datasource" || v.Type != "datasource" || v.Label != "Data source"):
				t.Errorf("%s begins with the variable %+v", d.File, v)
			case i == 1 && (v.Name != "job" || v.Label != "Job" || !v.Multi || !v.IncludeAll || v.AllValue != ".+"):
				t.Errorf("%s: the second variable is %+v, want the job", d.File, v)
			case v.Type == "query" && v.Refresh != 2:
				t.Errorf("%s: variable %s is not looked up anew when the time changes", d.File, v.Name)
			}
		}
		for _, q := range d.Queries() {
			if !strings.Contains(q.Expr, `job=~"$job`) && q.Panel != "" {
				t.Errorf("%s asks for other jobs, too: %s", q.Where, q.Expr)
			}
			for _, window := range regexp.MustCompile(`rate\([^\[\]]*\[([^\]]*)\]`).FindAllStringSubmatch(q.Expr, -1) {
				if window[1] != "$__rate_interval" {
					t.Errorf("%s: a rate over %s", q.Where, window[1])
				}
			}
		}
	}
}

func TestDashboardsNameMetricsThatThereAre(t *testing.T) {
	known := known(t)
	known["ALERTS"], known["ALERTS_FOR_STATE"] = true, true // Prometheus' own
	for _, d := range dashboards(t) {
		for _, q := range d.Queries() {
			wantKnown(t, known, q.Where, q.PromQL(nil, "5m"))
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
	repeated := regexp.MustCompile(`var-target=\$\{(\w+)\}`)
	for _, d := range dashboards(t) {
		for _, match := range link.FindAllStringSubmatch(d.Text, -1) {
			to, found := variablesOf[match[1]]
			if !found {
				t.Errorf("%s links to %s, which does not exist", d.File, match[1])
			}
			for _, variable := range repeated.FindAllStringSubmatch(match[2], -1) {
				if !variablesOf[d.UID][variable[1]] {
					t.Errorf("%s gives the device as %s, which it does not have", d.File, variable[1])
				}
			}
			for _, given := range regexp.MustCompile(`var-(\w+)=`).FindAllStringSubmatch(match[2], -1) {
				if !to[given[1]] {
					t.Errorf("%s gives %s the variable %s, which it does not have", d.File, match[1], given[1])
				}
			}
		}
	}
}
