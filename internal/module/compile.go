package module

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Compile makes all modules of a library ready. Errors name file and line.
func Compile(library *config.Library) (map[string]*Module, error) {
	var errs []error
	metrics, kinds := map[string]*Metric{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(library.Catalog)) {
		entry := library.Catalog[name]
		metrics[name] = newMetric(name, entry)
		for label, kind := range entry.Info {
			if first, ok := kinds[label]; ok && first != kind {
				errs = append(errs, &config.Error{Position: entry.Position, Message: fmt.Sprintf(
					"metric %s: label %s is of kind %s here and of kind %s elsewhere; it has to be the same everywhere", name, label, kind, first)})
			}
			kinds[label] = kind
		}
	}
	modules := map[string]*Module{}
	for _, name := range slices.Sorted(maps.Keys(library.Modules)) {
		c := &compiler{name: name, source: library.Modules[name], metrics: metrics, kinds: kinds}
		m, err := c.compile()
		if err != nil {
			errs = append(errs, err)
		}
		modules[name] = m
	}
	return modules, errors.Join(errs...)
}

func newMetric(name string, entry *config.Metric) *Metric {
	m := &Metric{Name: name, Help: entry.Help, Type: dto.MetricType_GAUGE, entry: entry}
	if entry.Type == "counter" {
		m.Type = dto.MetricType_COUNTER
	}
	m.Keys = slices.Sorted(slices.Values(entry.Labels))
	m.Info = slices.Sorted(maps.Keys(entry.Info))
	return m
}

// compiler holds what is known of one module while it is made ready.
type compiler struct {
	name    string
	source  *config.Module
	metrics map[string]*Metric

	kinds map[string]string // how the text of a value label is normalised

	ns       *namespaces
	module   *Module
	roots    [][]step
	columns  []map[string]int    // by spec: leaf path and attribute to column
	paths    [][][]step          // by spec: full path of each way to reach it
	orders   [][]int             // by spec: the place of each of its paths among those listed, outer lists first
	scopes   map[string]int      // implicit specs by path
	captured map[column][][]step // full paths of the leaves of a column
	needed   map[column]bool     // keys, labels, conditions and the like: filters must ask for them
	errs     []error
}

// fail records an error at a part of the module.
func (c *compiler) fail(at []any, format string, args ...any) {
	c.errs = append(c.errs, &config.Error{
		Position: c.source.At(at...), Message: fmt.Sprintf("module %s: ", c.name) + fmt.Sprintf(format, args...),
	})
}

func (c *compiler) compile() (*Module, error) {
	c.ns = newNamespaces(c.source.Namespaces)
	c.scopes, c.captured, c.needed = map[string]int{}, map[column][][]step{}, map[column]bool{}
	c.module = &Module{
		Name: c.name, Provides: c.source.Provides, Preference: c.source.Preference, Untested: c.source.Status != "supported",
		MaxAge: (*time.Duration)(c.source.MaxAge), namespaces: c.ns.uris, root: &node{}, seed: maphash.MakeSeed(),
	}
	c.checkHeader()
	for i, r := range c.source.Reads {
		c.read([]any{"reads", i}, r)
	}
	c.readRoots()
	c.failures()
	for i, r := range c.source.Rows {
		c.row([]any{"rows", i}, r, -1, c.roots, nil)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.within()
	c.completeFilters()
	c.requirements()
	return c.module, errors.Join(c.errs...)
}

func (c *compiler) checkHeader() {
	if len(c.source.Reads) == 0 {
		c.fail(nil, "there is nothing under reads; say what to ask the device for, such as `reads: [{get: [/p:container]}]`")
	}
	if len(c.source.Rows) == 0 {
		c.fail(nil, "there is nothing under rows; say where the metrics are in the reply")
	}
	if s := c.source.Status; s != "" && s != "supported" && s != "untested" {
		c.fail([]any{"status"}, "status %q is neither supported nor untested", s)
	}
	if c.source.MaxAge != nil && *c.source.MaxAge < 0 {
		c.fail([]any{"max_age"}, "max_age is negative")
	}
}

// readRoots takes the paths that wrap the rows' paths.
func (c *compiler) readRoots() {
	for i, text := range c.source.Roots {
		if text == "" {
			c.roots = append(c.roots, nil)
			continue
		}
		steps, err := c.ns.steps(text, noInherit)
		if err != nil {
			c.fail([]any{"roots", i}, "%v", err)
			continue
		}
		c.roots = append(c.roots, steps)
	}
	if len(c.roots) == 0 {
		c.roots = [][]step{nil}
	}
}

// failures marks the elements that report an error inside a reply.
func (c *compiler) failures() {
	for i, text := range c.source.Errors {
		steps, err := c.ns.steps(text, noInherit)
		if err != nil {
			c.fail([]any{"errors", i}, "%v", err)
			continue
		}
		for _, root := range c.roots {
			c.node(slices.Concat(root, steps)).failure = true
		}
	}
}

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
		made := rowMetric{metric: c.metricIndex(metric), value: c.numberValue(here, index, r.Metrics[name], metric)}
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

// node finds or makes the matcher's node at a path.
func (c *compiler) node(path []step) *node {
	n := c.module.root
	for _, s := range path {
		if n.children == nil {
			n.children = map[string][]edge{}
		}
		edges := n.children[s.name]
		i := slices.IndexFunc(edges, func(e edge) bool { return e.ns == s.ns })
		if i < 0 {
			i = len(edges)
			edges = append(edges, edge{s.ns, &node{}})
			n.children[s.name] = edges
		}
		n = edges[i].to
	}
	return n
}

// within works out in which rows each kind of row may lie: those it is nested in, and all implicit ones. All columns are known
// by then.
func (c *compiler) within() {
	specs := c.module.specs
	for i := range specs {
		specs[i].blank = slices.Repeat([]cell{{0, absent}}, specs[i].columns)
		specs[i].within = make([]bool, len(specs))
		for j := range specs {
			specs[i].within[j] = specs[i].implicit || specs[j].implicit
		}
		for p := specs[i].parent; p >= 0; p = specs[p].parent {
			specs[i].within[p] = true
		}
	}
}

// bounds gives the range of what is plausible for a metric.
func bounds(m *Metric) (least, most float64, now bool) {
	least, most = math.Inf(-1), math.Inf(1)
	if m.entry.Min != nil {
		least = *m.entry.Min
	}
	switch m.entry.Max {
	case "":
	case "now":
		now = true
	default:
		if f, err := strconv.ParseFloat(m.entry.Max, 64); err == nil { // checked where the catalogue is loaded
			most = f
		}
	}
	return least, most, now
}
