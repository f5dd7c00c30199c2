package dashboards

// panel is one picture. In its queries {! stands for the labels that are chosen at the top: the job and, in a row that is repeated,
// the row's own target, elsewhere what the dashboard gives as targets.
type panel struct {
	kind, title, about string
	width, height      int
	queries            []query
	targets            string // variable of the targets where the row is not repeated
	defaults, custom   object // of all fields; custom belongs to the kind of panel
	overrides          []any
	transformations    []any
	options            object
}

// query is one expression; its legend names its curves.
type query struct {
	expr, legend   string
	instant, table bool
}

// option changes a panel.
type option func(*panel)

func (p panel) with(options []option) panel {
	for _, o := range options {
		o(&p)
	}
	return p
}

func (p panel) json(repeat string) object {
	targets := []any{}
	if repeat == "" {
		repeat = p.targets
	}
	for i, q := range p.queries {
		t := object{"refId": refID(i), "datasource": source, "editorMode": "code", "expr": selected(q.expr, repeat), "instant": q.instant, "range": !q.instant}
		if q.table {
			t["format"] = "table"
		} else {
			t["legendFormat"] = q.legend
		}
		targets = append(targets, t)
	}
	if len(p.custom) > 0 {
		p.defaults["custom"] = p.custom
	}
	if p.overrides == nil {
		p.overrides = []any{}
	}
	o := object{"type": p.kind, "title": p.title, "description": p.about, "datasource": source, "targets": targets, "options": p.options,
		"fieldConfig": object{"defaults": p.defaults, "overrides": p.overrides}}
	if p.transformations != nil {
		o["transformations"] = p.transformations
	}
	return o
}

func refID(i int) string { return string(rune('A' + i)) }

// stat shows one number of now, or one for each series.
func stat(title, about string, width int, expr, unit string, options ...option) panel {
	return panel{
		kind: "stat", title: title, about: about, width: width, height: 4, targets: "target", queries: []query{{expr: expr, instant: true}},
		defaults: object{"unit": unit, "noValue": "-", "color": object{"mode": "thresholds"}, "thresholds": steps("text"), "mappings": []any{nothing}},
		options: object{"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}, "colorMode": "value",
			"graphMode": "none", "justifyMode": "center", "orientation": "auto", "textMode": "auto", "wideLayout": true, "percentChangeColorMode": "standard", "showPercentChange": false},
	}.with(options)
}

// graph shows curves over time.
func graph(title, about string, width int, unit string, queries []query, options ...option) panel {
	return panel{
		kind: "timeseries", title: title, about: about, width: width, height: 8, targets: "target", queries: queries,
		defaults: object{"unit": unit, "noValue": "No data", "color": object{"mode": "palette-classic"}},
		custom:   object{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never", "spanNulls": false, "axisBorderShow": false, "stacking": object{"mode": "none", "group": "A"}},
		options:  object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}, "tooltip": object{"mode": "multi", "sort": "desc"}},
	}.with(options)
}

// timeline shows states over time, one line for each series.
func timeline(title, about string, width int, queries []query, states []any, options ...option) panel {
	return panel{
		kind: "state-timeline", title: title, about: about, width: width, height: 8, targets: "target", queries: queries,
		defaults: object{"unit": "none", "noValue": "No data", "mappings": states, "color": object{"mode": "thresholds"}, "thresholds": steps("text")},
		custom:   object{"fillOpacity": 75, "lineWidth": 0},
		options: object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}, "mergeValues": true, "rowHeight": 0.85,
			"showValue": "never", "alignValue": "left", "tooltip": object{"mode": "single", "sort": "none"}},
	}.with(options)
}

// curves are queries over time: expressions and legends in turn.
func curves(pairs ...string) (all []query) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, query{expr: pairs[i], legend: pairs[i+1]})
	}
	return all
}

// Options

func height(h int) option      { return func(p *panel) { p.height = h } }
func noValue(s string) option  { return func(p *panel) { p.defaults["noValue"] = s } }
func decimals(n int) option    { return func(p *panel) { p.defaults["decimals"] = n } }
func filled(share int) option  { return func(p *panel) { p.custom["fillOpacity"] = share } }
func softMax(v float64) option { return func(p *panel) { p.custom["axisSoftMax"] = v } }
func least(v float64) option   { return func(p *panel) { p.defaults["min"] = v } }

// states maps numbers to words.
func states(words []any) option {
	return func(p *panel) { p.defaults["mappings"] = append(append([]any{}, words...), nothing) }
}

// colored gives a number's color: that of the first step, then at or above each limit that of its step.
func colored(first string, limits ...any) option {
	return func(p *panel) { p.defaults["thresholds"] = steps(first, limits...) }
}

// trend puts a stat's curve behind its number.
func trend(p *panel) {
	p.options["graphMode"] = "area"
	p.options["reduceOptions"].(object)["calcs"] = []string{"last"} // not what was before the device went down
	p.queries[0].instant = false
}

// named shows the legend of a stat in place of its number, or beside it.
func named(mode, legend string) option {
	return func(p *panel) { p.options["textMode"], p.queries[0].legend = mode, legend }
}

// mirrored draws what is sent below zero, and what is received above.
func mirrored(p *panel) {
	p.custom["axisCenteredZero"] = true
	p.overrides = append(p.overrides, override("byRegexp", "/(transmit|sent)$/", object{"id": "custom.transform", "value": "negative-Y"}))
}

// listed shows the legend as a table with these calculations, for many curves.
func listed(calcs ...string) option {
	return func(p *panel) {
		p.options["legend"] = object{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": calcs}
	}
}

// limit draws the curve of that name as a dashed red line.
func limit(pattern string) option {
	return func(p *panel) {
		p.overrides = append(p.overrides, override("byRegexp", pattern,
			object{"id": "custom.lineStyle", "value": object{"fill": "dash", "dash": []int{8, 8}}},
			object{"id": "color", "value": object{"mode": "fixed", "fixedColor": "red"}}))
	}
}

// onRight gives the curves of that name a unit and an axis of their own.
func onRight(pattern, unit string) option {
	return func(p *panel) {
		p.overrides = append(p.overrides, override("byRegexp", pattern, object{"id": "unit", "value": unit}, object{"id": "custom.axisPlacement", "value": "right"}))
	}
}

func override(matcher, of string, properties ...any) object {
	return object{"matcher": object{"id": matcher, "options": of}, "properties": properties}
}

func steps(first string, limits ...any) object {
	all := []any{object{"color": first, "value": nil}}
	for i := 0; i < len(limits); i += 2 {
		all = append(all, object{"color": limits[i+1], "value": limits[i]})
	}
	return object{"mode": "absolute", "steps": all}
}
