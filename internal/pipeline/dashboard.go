package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Dashboard is what of Grafana's form tests look at.
type Dashboard struct {
	File       string `json:"-"` // without its folder
	Text       string `json:"-"` // all of it
	UID, Title string
	Editable   bool
	Tags       []string
	Schema     int `json:"schemaVersion"`
	Templating struct{ List []Variable }
	Panels     []Panel // of rows that are closed, too
}

// Variable is what a person chooses at the top of a dashboard.
type Variable struct {
	Name, Type, Label, AllValue string
	Multi, IncludeAll           bool
	Refresh, Hide               int
	Query                       any // a text, or for Prometheus an object with one
}

// Panel is one picture, or the title of a row.
type Panel struct {
	ID                       int
	Type, Title, Description string
	Repeat                   string // the variable for each of whose values there is such a row
	Collapsed                bool
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ RefID, Expr string }
	Panels                   []Panel // of a row that is closed
	Transformations          []struct {
		ID      string
		Options struct {
			Include      struct{ Names []string }
			RenameByName map[string]string
		}
	}
	FieldConfig struct {
		Defaults  struct{ NoValue, Unit string }
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
}

// Columns are the fields that a table shows; none for other panels.
func (p Panel) Columns() (names []string) {
	if p.Type == "table" {
		for _, t := range p.Transformations {
			names = append(names, t.Options.Include.Names...)
		}
	}
	return names
}

// Query is an expression of a dashboard, and where it is.
type Query struct{ Panel, Where, Expr string }

// Dashboards reads those of the repository whose root is given.
func Dashboards(root string) ([]*Dashboard, error) {
	files, err := filepath.Glob(filepath.Join(root, "grafana-dashboards/*.json"))
	if err != nil {
		return nil, err
	}
	var all []*Dashboard
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		d := &Dashboard{File: filepath.Base(file), Text: string(text)}
		if err := json.Unmarshal(text, d); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, row := range d.Panels {
			d.Panels = append(d.Panels, row.Panels...)
		}
		all = append(all, d)
	}
	return all, nil
}

// lookedUp is Grafana's way to ask for the values of a selector's label, or for what an expression gives.
var lookedUp = regexp.MustCompile(`^(?:label_values\((.*), (?:\w+|\$\{label:raw\})|query_result\((.*))\)$`)

// Queries returns the expressions of all panels and variables.
func (d *Dashboard) Queries() []Query {
	var all []Query
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all = append(all, Query{p.Title, fmt.Sprintf("%s: %s (%d), query %s", d.File, p.Title, p.ID, target.RefID), target.Expr})
		}
	}
	for _, v := range d.Templating.List {
		if inner, ok := v.Query.(map[string]any); ok {
			if match := lookedUp.FindStringSubmatch(fmt.Sprint(inner["query"])); match != nil {
				all = append(all, Query{"", fmt.Sprintf("%s: variable %s", d.File, v.Name), match[1] + match[2]})
			}
		}
	}
	return all
}

// variable begins with a letter: $1 belongs to a regular expression.
var variable = regexp.MustCompile(`\$([A-Za-z_]\w*)|\$\{(\w+)(:raw)?\}`)

// PromQL is the query with values in place of Grafana's variables, ".*" for those that are not given; span is that of
// $__rate_interval and $__range.
func (q Query) PromQL(values map[string]string, span string) string {
	return variable.ReplaceAllStringFunc(q.Expr, func(name string) string {
		name = strings.TrimSuffix(strings.Trim(name, "${}"), ":raw")
		if name == "__rate_interval" || name == "__range" {
			return span
		}
		if value, given := values[name]; given {
			return value
		}
		if name == "label" { // the name of a label, not a pattern
			return "target"
		}
		return ".*"
	})
}
