package module

import (
	"fmt"
	"slices"
	"strings"
)

// leaf finds or makes the columns for a leaf of a row: relative to the row, "." for the row itself, or absolute for a leaf
// of an enclosing entry.
func (c *compiler) leaf(at []any, index int, path, attribute string) ref {
	if strings.HasPrefix(path, "/") {
		return c.enclosingLeaf(at, index, path, attribute)
	}
	var col column
	for _, full := range c.paths[index] {
		steps := full
		if path != "" && path != "." {
			relative, err := c.ns.steps(path, full[len(full)-1].ns)
			if err != nil {
				c.fail(at, "%v", err)
				return nil
			}
			steps = slices.Concat(full, relative)
		}
		col = c.capture(index, path, attribute, steps)
	}
	return ref{col}
}

// enclosingLeaf resolves an absolute path, which may leave out the root. The entry that holds the leaf is the longest common
// part of the two paths. Of several ways to reach the row, only those count that share the most with it: the others do not
// lead through that entry.
func (c *compiler) enclosingLeaf(at []any, index int, path, attribute string) (found ref) {
	steps, err := c.ns.steps(path, noInherit)
	if err != nil {
		c.fail(at, "%v", err)
		return nil
	}
	type way struct {
		entry, leaf []step
		shared      int
	}
	var ways []way
	most := 0
	for _, full := range c.paths[index] {
		for _, root := range append([][]step{nil}, c.roots...) {
			wrapped := slices.Concat(root, steps)
			n := commonPrefix(full, wrapped)
			if n > len(root) && n < len(wrapped) {
				ways = append(ways, way{full[:n], wrapped, n - len(root)})
				most = max(most, n-len(root))
			}
		}
	}
	for _, w := range ways {
		if w.shared < most {
			continue
		}
		col := c.capture(c.scope(index, w.entry), fmt.Sprint(w.leaf[len(w.entry):]), attribute, w.leaf)
		if !slices.Contains(found, col) {
			found = append(found, col)
		}
	}
	if found == nil {
		c.fail(at, "path %q names no entry that encloses this row", path)
	}
	return found
}

// scope is the row at a path that a row of index lies in or is: one that is declared, or an implicit one.
func (c *compiler) scope(index int, path []step) int {
	for i := index; i >= 0; i = c.module.specs[i].parent {
		if slices.ContainsFunc(c.paths[i], func(p []step) bool { return slices.Equal(p, path) }) {
			return i
		}
	}
	name := fmt.Sprint(path)
	i, ok := c.scopes[name]
	if !ok {
		i = c.newSpec(spec{parent: -1, implicit: true, orders: 1})
		c.scopes[name] = i
		c.paths[i] = [][]step{path}
		n := c.node(path)
		n.rows = append(n.rows, opening{i, 0})
	}
	return i
}

// capture makes the text (or an attribute) at a path a column of a row.
func (c *compiler) capture(index int, name, attribute string, path []step) column {
	name += "@" + attribute
	i, ok := c.columns[index][name]
	if !ok {
		i = c.module.specs[index].columns
		c.columns[index][name] = i
		c.module.specs[index].columns++
	}
	col := column{index, i}
	n := c.node(path)
	if capture := (capture{col, attribute}); !slices.Contains(n.cells, capture) {
		n.cells = append(n.cells, capture)
		c.captured[col] = append(c.captured[col], path)
	}
	return col
}
