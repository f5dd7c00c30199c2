package module

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
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
