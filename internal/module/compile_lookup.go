package module

import (
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// compileLookups compiles the module's lookups: each is a kind of row that gives texts instead of metrics.
func (c *compiler) compileLookups() {
	c.lookups = slices.Sorted(maps.Keys(c.source.Lookups))
	for _, name := range c.lookups {
		at, from := []any{"lookups", name}, c.source.Lookups[name]
		index := c.newRow(decode.RowSpec{Parent: -1})
		if len(from.Path) == 0 || len(from.Key) == 0 {
			c.fail(at, "a lookup needs a path, a key and a value")
			continue
		}
		for order, text := range from.Path {
			if !strings.HasPrefix(text, "/") {
				c.fail(slices.Concat(at, []any{"path", order}), "path %q: a lookup's path begins with \"/\"", text)
				return
			}
			c.rowPath(slices.Concat(at, []any{"path", order}), index, order, text)
		}
		made := decode.Lookup{Row: index}
		for i, part := range from.Key {
			made.Key = append(made.Key, c.labelValue(slices.Concat(at, []any{"key", i}), index, part, ""))
		}
		made.Value = c.labelValue(slices.Concat(at, []any{"value"}), index, from.Value, "")
		c.rows[index].Orders = len(from.Path)
		c.tables = append(c.tables, made)
	}
}

// rowPath adds a path from the roots to a row.
func (c *compiler) rowPath(at []any, index, order int, text string) {
	steps, err := c.ns.steps(text, noInherit)
	if err != nil {
		c.fail(at, "%v", err)
		return
	}
	for _, root := range c.roots {
		full := slices.Concat(root, steps)
		c.paths[index] = append(c.paths[index], full)
		c.orders[index] = append(c.orders[index], order)
		n := c.node(full)
		n.Rows = append(n.Rows, decode.RowStart{Row: index, Order: order})
	}
}

// lookup compiles the lookup of a label.
func (c *compiler) lookup(at []any, index int, from config.Value, v *decode.Value) {
	found := slices.Index(c.lookups, from.Lookup)
	if found < 0 {
		c.fail(append(slices.Clip(at), "lookup"), "there is no %q under lookups; add it, or correct its name", from.Lookup)
		return
	}
	v.Lookup = found
	for i, part := range from.By {
		v.By = append(v.By, c.labelValue(slices.Concat(at, []any{"by", i}), index, part, ""))
	}
	if keys := len(c.source.Lookups[from.Lookup].Key); len(from.By) != keys {
		c.fail(append(slices.Clip(at), "by"), "by has %d parts where the key of the lookup %s has %d", len(from.By), from.Lookup, keys)
	}
}
