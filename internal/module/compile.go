package module

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// Compile compiles all modules. Errors name file and line.
func Compile(definitions *config.Definitions) (map[string]*Module, error) {
	var errs []error
	metrics, kinds := map[string]*decode.Metric{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(definitions.Catalog)) {
		entry := definitions.Catalog[name]
		metrics[name] = newMetric(name, entry, definitions.DescriptionLabels.Names())
		for label, kind := range entry.Info {
			if first, ok := kinds[label]; ok && first != kind {
				errs = append(errs, &config.Error{Position: entry.Position, Message: fmt.Sprintf(
					"metric %s: label %s is of kind %s here and of kind %s elsewhere; it has to be the same everywhere", name, label, kind, first)})
			}
			kinds[label] = kind
		}
	}
	modules := map[string]*Module{}
	for _, name := range slices.Sorted(maps.Keys(definitions.Modules)) {
		c := &compiler{name: name, source: definitions.Modules[name], catalog: definitions.Catalog, metrics: metrics, kinds: kinds, derived: definitions.DescriptionLabels}
		m, err := c.compile()
		if err != nil {
			errs = append(errs, err)
		}
		modules[name] = m
	}
	return modules, errors.Join(errs...)
}

// newMetric makes a metric of the catalogue. One that has a description has the labels made of it too; those of the catalogue win.
func newMetric(name string, entry *config.Metric, derived []string) *decode.Metric {
	m := &decode.Metric{Name: name, Help: entry.Help, Type: dto.MetricType_GAUGE}
	if entry.Type == "counter" {
		m.Type = dto.MetricType_COUNTER
	}
	m.Keys = slices.Sorted(slices.Values(entry.Labels))
	m.Info = slices.Sorted(maps.Keys(entry.Info))
	if slices.Contains(m.Info, description) {
		for _, label := range derived {
			if !slices.Contains(m.Keys, label) && !slices.Contains(m.Info, label) {
				m.Info = append(m.Info, label)
			}
		}
		slices.Sort(m.Info)
	}
	return m
}

// description is the label that others are made of.
const description = "description"

// compiler compiles one module.
type compiler struct {
	name    string
	source  *config.Module
	catalog map[string]*config.Metric
	metrics map[string]*decode.Metric // of the catalogue
	derived *config.DescriptionLabels // nil: none
	kinds   map[string]string         // how the text of a value label is normalised

	ns       *namespaces
	module   *Module
	root     *decode.Node
	rows     []decode.RowSpec
	lookups  []string         // their names, sorted
	tables   []decode.Lookup  // in the same order
	used     []*decode.Metric // that the module can give
	roots    [][]step
	columns  []map[string]int           // by row: leaf path and attribute to column
	paths    [][][]step                 // by row: the full paths that lead to it
	orders   [][]int                    // by row: the rank of each of its paths in the order of listing, outer rows first
	scopes   map[string]int             // implicit rows by path
	captured map[decode.Column][][]step // full paths of the leaves of a column
	needed   map[decode.Column]bool     // keys, labels, conditions and so on, which filters have to select
	errs     []error
}

// fail adds an error at a part of the module.
func (c *compiler) fail(at []any, format string, args ...any) {
	c.errs = append(c.errs, &config.Error{
		Position: c.source.At(at...), Message: fmt.Sprintf("module %s: ", c.name) + fmt.Sprintf(format, args...),
	})
}

// warn adds a warning at a part of the module.
func (c *compiler) warn(at []any, format string, args ...any) {
	c.module.Warnings = append(c.module.Warnings, &config.Error{
		Position: c.source.At(at...), Message: fmt.Sprintf("module %s: ", c.name) + fmt.Sprintf(format, args...),
	})
}

func (c *compiler) compile() (*Module, error) {
	c.ns = newNamespaces(c.source.Namespaces)
	c.scopes, c.captured, c.needed = map[string]int{}, map[decode.Column][][]step{}, map[decode.Column]bool{}
	c.module = &Module{
		Name: c.name, Provides: c.source.Provides, Preference: c.source.Preference, Untested: c.source.Status != "supported",
		MaxAge: (*time.Duration)(c.source.MaxAge), namespaces: c.ns.uris,
	}
	c.root = &decode.Node{}
	c.checkHeader()
	for i, r := range c.source.Reads {
		c.request([]any{"reads", i}, r)
	}
	c.parseRoots()
	c.markErrors()
	c.compileLookups()
	for i, r := range c.source.Rows {
		c.row([]any{"rows", i}, r, -1, c.roots, nil)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.completeFilters()
	c.requirements()
	for i, columns := range c.columns {
		c.rows[i].Leaves = make([]string, c.rows[i].Columns)
		for name, at := range columns {
			c.rows[i].Leaves[at] = strings.TrimSuffix(name, "@")
		}
	}
	c.module.Program = decode.NewProgram(c.root, c.rows, c.tables, c.used)
	c.module.Prefixes = c.ns.shown
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

// parseRoots parses the paths that come before those of the rows.
func (c *compiler) parseRoots() {
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

// markErrors marks the elements by which a device reports an error inside a reply.
func (c *compiler) markErrors() {
	for i, text := range c.source.Errors {
		steps, err := c.ns.steps(text, noInherit)
		if err != nil {
			c.fail([]any{"errors", i}, "%v", err)
			continue
		}
		for _, root := range c.roots {
			c.node(slices.Concat(root, steps)).Error = true
		}
	}
}

// node returns the matcher's node at a path, and creates it if it is new.
func (c *compiler) node(path []step) *decode.Node {
	n := c.root
	for depth, s := range path {
		if n.Children == nil {
			n.Children = map[string][]decode.Edge{}
		}
		edges := n.Children[s.name]
		i := slices.IndexFunc(edges, func(e decode.Edge) bool { return e.Namespace == c.ns.uris[s.ns] })
		if i < 0 {
			i = len(edges)
			edges = append(edges, decode.Edge{Namespace: c.ns.uris[s.ns], To: &decode.Node{}})
			n.Children[s.name] = edges
		}
		if below := edges[i].To; below.Path == "" {
			below.Path = c.ns.text(path[:depth+1])
		}
		n = edges[i].To
	}
	return n
}
