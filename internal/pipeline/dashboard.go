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
	Templating struct{ List []Variable }
	Panels     []Panel
}

// Variable is what a person chooses at the top of a dashboard.
type Variable struct {
	Name, Type string
	Query      any // a text, or for Prometheus an object with one
}

// Panel is one picture, or the title of a row.
type Panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ RefID, Expr string }
	Panels                   []Panel // of a row that is closed
	FieldConfig              struct {
		Defaults struct{ NoValue, Unit string }
	}
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
		all = append(all, d)
	}
	return all, nil
}

// labelValues is Grafana's way to ask for the values of a selector's label.
var labelValues = regexp.MustCompile(`^label_values\((.*), \w+\)$`)

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
			if match := labelValues.FindStringSubmatch(fmt.Sprint(inner["query"])); match != nil {
				all = append(all, Query{"", fmt.Sprintf("%s: variable %s", d.File, v.Name), match[1]})
			}
		}
	}
	return all
}

var variable = regexp.MustCompile(`\$(\w+)|\$\{(\w+)\}`)

// PromQL is the query with values in place of Grafana's variables; span is that of $__rate_interval.
func (q Query) PromQL(values map[string]string, span string) string {
	return variable.ReplaceAllStringFunc(q.Expr, func(name string) string {
		name = strings.Trim(name, "${}")
		if name == "__rate_interval" {
			return span
		}
		return values[name]
	})
}
