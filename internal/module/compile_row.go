package module

import (
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// row compiles one row and those nested in it. above are the ways to what it lies in; inherited are the labels from there.
func (c *compiler) row(at []any, r config.Row, parent int, above [][]step, inherited []label) {
	index := c.newSpec(spec{parent: parent})
	if len(r.Path) == 0 {
		c.fail(at, "a row needs a path")
		return
	}
	for order, text := range r.Path {
		if absolute := strings.HasPrefix(text, "/"); absolute != (parent < 0) {
			c.fail(slices.Concat(at, []any{"path", order}), "path %q: a row's path begins with \"/\", that of a nested row does not", text)
			return
		}
		for i, prefix := range above {
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
			n.rows = append(n.rows, opening{index, order})
		}
	}
	s := &c.module.specs[index]
	s.orders, s.repeats = slices.Max(c.orders[index])+1, r.Repeats
	var key []ref
	for i, leaf := range r.Key {
		key = append(key, c.need(c.leaf(slices.Concat(at, []any{"key", i}), index, leaf, "")))
	}
	labels := slices.Clone(inherited)
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		here := slices.Concat(at, []any{"labels", name})
		made := label{name, c.labelValue(here, index, r.Labels[name], c.kinds[name])}
		if i := slices.IndexFunc(labels, func(l label) bool { return l.name == name }); i >= 0 {
			labels[i] = made // the nearer one wins
		} else {
			labels = append(labels, made)
		}
	}
	when := c.conditions(slices.Concat(at, []any{"when"}), index, r.When)
	var start *value
	if r.StartTime != nil {
		v := c.numberValue(slices.Concat(at, []any{"start_time"}), index, *r.StartTime, startTime)
		start = &v
	}
	s = &c.module.specs[index] // specs may have moved: leaves of enclosing entries add to them
	s.key, s.labels, s.when, s.start = key, labels, when, start
	s.isKey = make([]bool, s.columns)
	for _, k := range key {
		for _, col := range k {
			if col.spec == index {
				s.isKey[col.col] = true
			}
		}
	}
	c.rowMetrics(at, index, r)
	for i, nested := range r.Rows {
		c.row(slices.Concat(at, []any{"rows", i}), nested, index, c.paths[index], labels)
	}
	c.checkLabelsUsed(at, index, r)
	s = &c.module.specs[index]
	s.isKey = append(s.isKey, make([]bool, s.columns-len(s.isKey))...)
}

// startTime is the catalogue's idea of when counters began: field devices send epochs of 1970 and of the future.
var startTime = &Metric{Name: "start_time", entry: &config.Metric{Decode: "timestamp", Min: new(float64(946684800)), Max: "now"}}

func (c *compiler) newSpec(s spec) int {
	s.index = len(c.module.specs)
	c.module.specs = append(c.module.specs, s)
	c.columns = append(c.columns, map[string]int{})
	c.paths, c.orders = append(c.paths, nil), append(c.orders, nil)
	return len(c.module.specs) - 1
}

// rowMetrics compiles the metrics of a row.
func (c *compiler) rowMetrics(at []any, index int, r config.Row) {
	for _, name := range slices.Sorted(maps.Keys(r.Metrics)) {
		here := slices.Concat(at, []any{"metrics", name})
		metric, ok := c.metrics[name]
		if !ok {
			c.fail(here, "metric %s is not in the catalogue; describe it under catalog", name)
			continue
		}
		made := rowMetric{metric: c.metricIndex(metric), counter: metric.Type == dto.MetricType_COUNTER, value: c.numberValue(here, index, r.Metrics[name], metric)}
		s := &c.module.specs[index]
		find := func(name string) int {
			return slices.IndexFunc(s.labels, func(l label) bool { return l.name == name })
		}
		set := keyset{}
		for _, name := range metric.Keys {
			i := find(name)
			if i < 0 {
				c.fail(here, "metric %s needs the label %s, which this row does not give; add it under labels", metric.Name, name)
			}
			set.names, set.labels = append(set.names, &name), append(set.labels, i)
		}
		made.keyset = slices.IndexFunc(s.keysets, func(k keyset) bool { return slices.Equal(k.labels, set.labels) })
		if made.keyset < 0 {
			made.keyset = len(s.keysets)
			s.keysets = append(s.keysets, set)
		}
		for _, name := range metric.Info {
			made.info = append(made.info, find(name))
		}
		s.metrics = append(s.metrics, made)
	}
}

func (c *compiler) metricIndex(m *Metric) int {
	i := slices.Index(c.module.Metrics, m)
	if i < 0 {
		i = len(c.module.Metrics)
		c.module.Metrics = append(c.module.Metrics, m)
	}
	return i
}

// checkLabelsUsed refuses a label that no metric of the row, or of a row nested in it, has: it would be lost in silence.
func (c *compiler) checkLabelsUsed(at []any, index int, r config.Row) {
	for name := range r.Labels {
		used := false
		for i := index; i < len(c.module.specs); i++ {
			for _, m := range c.module.specs[i].metrics {
				metric := c.module.Metrics[m.metric]
				used = used || slices.Contains(metric.Keys, name) || slices.Contains(metric.Info, name)
			}
		}
		if !used {
			c.fail(slices.Concat(at, []any{"labels", name}), "no metric of this row has a label %s; remove it, or correct its name", name)
		}
	}
}
