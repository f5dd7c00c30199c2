package module

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// row compiles a row and those nested in it. parents are the paths of the enclosing row, or the roots; inherited are its labels.
func (c *compiler) row(at []any, r config.Row, parent int, parents [][]step, inherited []decode.Label) {
	index := c.newRow(decode.RowSpec{Parent: parent})
	if len(r.Path) == 0 {
		c.fail(at, "a row needs a path")
		return
	}
	for order, text := range r.Path {
		if absolute := strings.HasPrefix(text, "/"); absolute != (parent < 0) {
			c.fail(slices.Concat(at, []any{"path", order}), "path %q: a row's path begins with \"/\", that of a nested row does not", text)
			return
		}
		for i, prefix := range parents {
			inherit, order := noInherit, order
			if parent >= 0 {
				inherit = prefix[len(prefix)-1].ns
				order += c.orders[parent][i] * len(r.Path)
			}
			steps, err := c.ns.steps(text, inherit)
			if err != nil {
				c.fail(slices.Concat(at, []any{"path", order}), "%v", err)
				return
			}
			full := slices.Concat(prefix, steps)
			c.paths[index] = append(c.paths[index], full)
			c.orders[index] = append(c.orders[index], order)
			n := c.node(full)
			n.Rows = append(n.Rows, decode.RowStart{Row: index, Order: order})
		}
	}
	if parent < 0 {
		c.checkRead(at, index, r)
	}
	s := &c.rows[index]
	s.Path = r.Path[0]
	if parent >= 0 {
		s.Path = c.rows[parent].Path + "/" + s.Path
	}
	s.Orders, s.Repeats, s.Limit = slices.Max(c.orders[index])+1, r.Repeats, r.Limit
	if r.Limit < 0 {
		c.fail(append(slices.Clip(at), "limit"), "a limit is not negative")
	}
	var key []decode.Leaf
	for i, leaf := range r.Key {
		key = append(key, c.markNeeded(c.leaf(slices.Concat(at, []any{"key", i}), index, leaf, "")))
	}
	begins := c.markNeeded(c.optional(append(slices.Clip(at), "begins_with"), index, r.BeginsWith))
	if len(begins) > 0 && begins[0].Row != index {
		c.fail(append(slices.Clip(at), "begins_with"), "an entry begins with a leaf of its own, not with one of an entry around it")
	}
	labels := slices.Clone(inherited)
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		here := slices.Concat(at, []any{"labels", name})
		made := decode.Label{Name: name, Value: c.labelValue(here, index, r.Labels[name], c.kinds[name])}
		if i := slices.IndexFunc(labels, func(l decode.Label) bool { return l.Name == name }); i >= 0 {
			labels[i] = made // in place of the inherited one
		} else {
			labels = append(labels, made)
		}
	}
	labels = c.derive(labels)
	when := c.conditions(at, index, r.When, r.Unless)
	var start *decode.Value
	if r.StartTime != nil {
		v := c.numberValue(slices.Concat(at, []any{"start_time"}), index, *r.StartTime, startTime())
		start = &v
	}
	s = &c.rows[index] // c.rows may have grown: leaves of enclosing entries add implicit rows
	s.Key, s.Labels, s.When, s.Start, s.Begins = key, labels, when, start, begins
	c.rowMetrics(at, index, r)
	for i, nested := range r.Rows {
		c.row(slices.Concat(at, []any{"rows", i}), nested, index, c.paths[index], labels)
	}
	c.checkLabelsUsed(at, index, r)
}

// derive adds the labels that are made of the row's description. Those that the row has already win.
func (c *compiler) derive(labels []decode.Label) []decode.Label {
	from := slices.IndexFunc(labels, func(l decode.Label) bool { return l.Name == description })
	if from < 0 || c.derived == nil {
		return labels
	}
	pattern, err := regexp.Compile(c.derived.Regex)
	if err != nil {
		return labels // config has refused it
	}
	for _, name := range c.derived.Names() {
		group := pattern.SubexpIndex(name)
		if group > 0 && !slices.ContainsFunc(labels, func(l decode.Label) bool { return l.Name == name }) {
			labels = append(labels, decode.Label{Name: name, Derive: &decode.Derivation{From: from, Pattern: pattern, Group: group}})
		}
	}
	return labels
}

// checkRead warns of rows that no read of the module asks for. What an rpc gives is not known. Of several paths one is enough: modules share rows.
func (c *compiler) checkRead(at []any, index int, r config.Row) {
	for i, path := range c.paths[index] {
		below := path[len(c.roots[i%len(c.roots)]):]
		if slices.ContainsFunc(c.module.Requests, func(r Request) bool { return r.Operation == opRPC || r.filter.selects(below) }) {
			return
		}
	}
	c.warn(slices.Concat(at, []any{"path"}), "no read asks for %s; add it under reads, or these rows are never there", strings.Join(r.Path, " or "))
}

// startTime is the catalogue entry for start times. Devices in the field send times in 1970 and in the future.
func startTime() *config.Metric {
	return &config.Metric{Decode: "timestamp", Min: new(float64(946684800)), Max: "now"}
}

func (c *compiler) newRow(s decode.RowSpec) int {
	c.rows = append(c.rows, s)
	c.columns = append(c.columns, map[string]int{})
	c.paths, c.orders = append(c.paths, nil), append(c.orders, nil)
	return len(c.rows) - 1
}

// rowMetrics compiles the metrics of a row.
func (c *compiler) rowMetrics(at []any, index int, r config.Row) {
	for _, name := range slices.Sorted(maps.Keys(r.Metrics)) {
		here := slices.Concat(at, []any{"metrics", name})
		metric, ok := c.metrics[name]
		if !ok {
			c.fail(here, "metric %s is not in the catalogue%s", name, nearest.Hint(name, slices.Sorted(maps.Keys(c.catalog)), "; describe it under catalog"))
			continue
		}
		made := decode.RowMetric{Metric: c.metricIndex(metric), Counter: metric.Type == dto.MetricType_COUNTER, Value: c.numberValue(here, index, r.Metrics[name], c.catalog[name]), Sum: r.Metrics[name].SumRows}
		s := &c.rows[index]
		find := func(name string) int {
			return slices.IndexFunc(s.Labels, func(l decode.Label) bool { return l.Name == name })
		}
		set := decode.KeySet{}
		for _, name := range metric.Keys {
			i := find(name)
			if i < 0 {
				c.fail(here, "metric %s needs the label %s, which this row does not give; add it under labels", metric.Name, name)
			}
			set.Names, set.Labels = append(set.Names, &name), append(set.Labels, i)
		}
		made.KeySet = slices.IndexFunc(s.KeySets, func(k decode.KeySet) bool { return slices.Equal(k.Labels, set.Labels) })
		if made.KeySet < 0 {
			made.KeySet = len(s.KeySets)
			s.KeySets = append(s.KeySets, set)
		}
		for _, name := range metric.Info {
			made.Info = append(made.Info, find(name))
		}
		s.Metrics = append(s.Metrics, made)
	}
}

func (c *compiler) metricIndex(m *decode.Metric) int {
	i := slices.Index(c.used, m)
	if i < 0 {
		i = len(c.used)
		c.used = append(c.used, m)
	}
	return i
}

// checkLabelsUsed refuses a label that no metric of the row or of its nested rows has: it would not be shown anywhere.
func (c *compiler) checkLabelsUsed(at []any, index int, r config.Row) {
	for name := range r.Labels {
		used := false
		for i := index; i < len(c.rows); i++ {
			for _, m := range c.rows[i].Metrics {
				metric := c.used[m.Metric]
				used = used || slices.Contains(metric.Keys, name) || slices.Contains(metric.Info, name)
			}
		}
		if !used {
			c.fail(slices.Concat(at, []any{"labels", name}), "no metric of this row has a label %s; remove it, or correct its name", name)
		}
	}
}
