package dashboards

import "strings"

// column is a column of a table: the field of a label, or "Value #B" of the second query.
type column struct {
	name, title string
	width       int // 0: what is left
	properties  []any
}

// table shows what its queries give now, one row for each set of labels. With by, the queries are joined by that one label, which lets
// one of them be drawn as a curve (see sparkline); else they are merged by all labels that they share. What is text stays as it is,
// numbers have the unit of their column, and what is empty is a dash.
func table(title, about string, width, height int, by string, exprs []string, columns []column, options ...option) panel {
	p := panel{
		kind: "table", title: title, about: about, width: width, height: height, targets: "target",
		defaults:  object{"noValue": "-", "color": object{"mode": "thresholds"}, "thresholds": steps("text"), "mappings": []any{nothing}},
		custom:    object{"align": "auto", "cellOptions": object{"type": "auto"}, "inspect": false, "filterable": false, "minWidth": 80},
		overrides: []any{override("byType", "string", object{"id": "unit", "value": "string"})},
		options:   object{"cellHeight": "sm", "showHeader": true, "footer": object{"show": false, "reducer": []string{"sum"}, "countRows": false, "fields": ""}},
	}
	for _, expr := range exprs {
		p.queries = append(p.queries, query{expr: expr, instant: true, table: true})
	}
	switch {
	case by != "":
		p.transformations = append(p.transformations, transformation("joinByField", object{"byField": by, "mode": "outer"}))
	case len(exprs) > 1:
		p.transformations = append(p.transformations, transformation("merge", object{}))
	}
	names, order, titles := []string{}, object{}, object{}
	for i, c := range columns {
		names = append(names, c.name)
		order[c.name], titles[c.name] = i, c.title
		properties := c.properties
		if c.width > 0 {
			properties = append([]any{object{"id": "custom.width", "value": c.width}}, properties...)
		}
		if len(properties) > 0 {
			p.overrides = append(p.overrides, override("byName", c.title, properties...))
		}
	}
	p.transformations = append(p.transformations,
		transformation("filterFieldsByName", object{"include": object{"names": names}}),
		transformation("organize", object{"indexByName": order, "renameByName": titles, "excludeByName": object{}}))
	return p.with(options)
}

func transformation(id string, options object) object { return object{"id": id, "options": options} }

// col is a column; its properties follow.
func col(name, title string, width int, properties ...any) column {
	return column{name, title, width, properties}
}

// Properties of columns

func unit(u string) object { return object{"id": "unit", "value": u} }

func digits(n int) object { return object{"id": "decimals", "value": n} }

func words(mappings []any) object {
	return object{"id": "mappings", "value": append(append([]any{}, mappings...), nothing)}
}

func cell(kind string) object {
	return object{"id": "custom.cellOptions", "value": object{"type": kind}}
}

func left() object { return object{"id": "custom.align", "value": "left"} }

// bar draws a share as a bar, colored by how much of 1 it is.
func bar() []any {
	return []any{unit("percentunit"), digits(1), object{"id": "min", "value": 0}, object{"id": "max", "value": 1},
		object{"id": "custom.cellOptions", "value": object{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}},
		object{"id": "thresholds", "value": steps("green", 0.8, "orange", 0.95, "red")}}
}

// warned colors a number from the limits on.
func warned(first string, limits ...any) []any {
	return []any{cell("color-text"), object{"id": "thresholds", "value": steps(first, limits...)}}
}

// linked makes the cells of a column links.
func linked(pairs ...string) object {
	links := []any{}
	for i := 0; i < len(pairs); i += 2 {
		links = append(links, object{"title": pairs[i], "url": pairs[i+1], "targetBlank": false})
	}
	return object{"id": "links", "value": links}
}

const (
	deviceURL    = "/d/netconf-device/netconf-device?${__url_time_range}&var-datasource=${datasource}&var-target=${__data.fields.target}"
	interfaceURL = "/d/netconf-interface/netconf-interface?${__url_time_range}&var-datasource=${datasource}&var-target=${__data.fields.target}&var-interface=${__data.fields.interface}"
)

func toDevice() object { return linked("Device", deviceURL) }

func toInterface() object { return linked("Interface", interfaceURL) }

// toInterfaceOf is for tables of one device, which a variable names.
func toInterfaceOf(variable string) object {
	return linked("Interface", strings.Replace(interfaceURL, "${__data.fields.target}", "${"+variable+"}", 1))
}

// sorted sorts a table by a column's title, after the columns that were named before.
func sorted(title string, descending bool) option {
	return func(p *panel) {
		before, _ := p.options["sortBy"].([]any)
		p.options["sortBy"] = append(before, object{"displayName": title, "desc": descending})
	}
}

// sparkline adds a query over time whose curve is the column "Trend #" and the query's letter; the table must be joined by a label.
func sparkline(expr string) option {
	return func(p *panel) {
		p.queries = append(p.queries, query{expr: expr, legend: "__auto"})
		p.transformations = append([]any{transformation("timeSeriesTable", object{})}, p.transformations...)
	}
}

// curve is the property of a sparkline's column.
func curve(u string) []any {
	return []any{unit(u), object{"id": "custom.cellOptions", "value": object{"type": "sparkline", "drawStyle": "line", "lineWidth": 1, "fillOpacity": 15, "hideValue": true, "showPoints": "never"}}}
}
