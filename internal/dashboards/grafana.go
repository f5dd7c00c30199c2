package dashboards

import (
	"fmt"
	"strings"
)

// object is a JSON object in Grafana's form.
type object = map[string]any

// dashboard is one file.
type dashboard struct {
	uid, title, about string
	variables         []variable
	annotations       []annotation
	rows              []row
}

// row is a row of panels under a title. repeat names the variable for each of whose values the row is repeated; {! in queries selects
// its targets, see panel.
type row struct {
	title, repeat string
	closed        bool
	panels        []panel
}

// annotation marks times in all graphs. Those with at have the time as their value, in milliseconds.
type annotation struct {
	name, expr, title, text, color string
	at                             bool
}

func (d dashboard) json() object {
	panels := []any{}
	id, y := 0, 0
	next := func() int { id++; return id }
	for _, r := range d.rows {
		inner, bottom := r.layout(y+1, next)
		title := object{"id": next(), "type": "row", "title": r.title, "collapsed": r.closed, "gridPos": grid(0, y, 24, 1), "panels": []any{}}
		if r.repeat != "" {
			title["repeat"] = r.repeat
		}
		panels = append(panels, title)
		if r.closed {
			title["panels"] = inner
			y++
		} else {
			panels = append(panels, inner...)
			y = bottom
		}
	}
	marks, list := []any{}, []any{}
	for _, a := range d.annotations {
		marks = append(marks, a.json())
	}
	for _, v := range d.variables {
		list = append(list, v.json())
	}
	return object{
		"uid": d.uid, "title": d.title, "description": d.about, "tags": []string{"netconf"}, "schemaVersion": 41, "version": 1,
		"editable": false, "graphTooltip": 1, "refresh": "30s", "timezone": "browser", "time": object{"from": "now-3h", "to": "now"},
		"annotations": object{"list": marks}, "templating": object{"list": list}, "panels": panels,
		"links": []any{object{"title": "NETCONF dashboards", "type": "dashboards", "tags": []string{"netconf"}, "asDropdown": false,
			"includeVars": true, "keepTime": true, "targetBlank": false, "icon": "external link", "tooltip": "", "url": ""}},
	}
}

// layout places the panels one beside the other, beginning a line when one has no room.
func (r row) layout(top int, next func() int) (panels []any, bottom int) {
	x, y, height := 0, top, 0
	for _, p := range r.panels {
		if x+p.width > 24 {
			x, y, height = 0, y+height, 0
		}
		made := p.json(r.repeat)
		made["id"], made["gridPos"] = next(), grid(x, y, p.width, p.height)
		panels = append(panels, made)
		x, height = x+p.width, max(height, p.height)
	}
	return panels, y + height
}

func grid(x, y, w, h int) object { return object{"x": x, "y": y, "w": w, "h": h} }

func (a annotation) json() object {
	o := object{"name": a.name, "enable": true, "iconColor": a.color, "datasource": source, "expr": a.expr, "titleFormat": a.title, "textFormat": a.text, "step": "60s"}
	if a.at {
		o["useValueForTime"] = "on"
	}
	return o
}

// source is the data source that the variable names.
var source = object{"type": "prometheus", "uid": "${datasource}"}

// variable is what a person chooses at the top, or, hidden, what decides which rows there are.
type variable struct {
	name, label, query string
	multi, all         bool
	allValue           string // none: all values that there are
	preset             string
	regex              string // what of the query's answer is the value
	hidden             bool
	text               bool // a person types it in
}

// The data source and the job are the same for all dashboards.
var (
	sourceVariable = variable{name: "datasource", label: "Data source"}
	jobVariable    = variable{name: "job", label: "Job", query: `label_values({__name__=~"netconf_(up|exporter_build_info)"}, job)`, multi: true, all: true, allValue: ".+"}
)

// naturalSort puts port 2 ahead of port 10.
const naturalSort = 7

func (v variable) json() object {
	o := object{"name": v.name, "label": v.label, "hide": 0, "options": []any{}, "current": object{}, "multi": v.multi, "includeAll": v.all}
	if v.hidden {
		o["hide"] = 2
	}
	if v.preset != "" {
		o["current"] = object{"selected": true, "text": v.preset, "value": v.preset}
	}
	switch {
	case v.text:
		o["type"], o["query"] = "textbox", v.preset
		delete(o, "multi")
		delete(o, "includeAll")
	case v.query == "":
		o["type"], o["query"], o["refresh"], o["regex"] = "datasource", "prometheus", 1, ""
	default:
		o["type"], o["datasource"], o["definition"], o["refresh"], o["regex"], o["sort"] = "query", source, v.query, 2, v.regex, naturalSort
		o["query"] = object{"qryType": 5, "query": v.query, "refId": "variable"}
		if v.all {
			o["current"] = object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}
		}
		if v.allValue != "" {
			o["allValue"] = v.allValue
		}
	}
	return o
}

// selected puts the labels of a dashboard's selection in place of {! in an expression.
func selected(expr, targets string) string {
	selector := `job=~"$job"`
	if targets != "" {
		selector += fmt.Sprintf(`, target=~"$%s"`, targets)
	}
	return strings.ReplaceAll(expr, "{!", "{"+selector)
}
