package module

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// leaf returns the columns of a leaf, and creates them if they are new. The path is relative to the row ("." is the row itself), or
// absolute for a leaf of an enclosing entry.
func (c *compiler) leaf(at []any, index int, path, attribute string) decode.Leaf {
	if strings.HasPrefix(path, "/") {
		return c.enclosingLeaf(at, index, path, attribute)
	}
	var col decode.Column
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
	return decode.Leaf{col}
}

// enclosingLeaf resolves an absolute path, with or without the root. The entry that holds the leaf is at the longest common part of
// the leaf's path and the row's. Of several paths of the row only those with the longest common part count: the others do not lead
// through that entry.
func (c *compiler) enclosingLeaf(at []any, index int, path, attribute string) (found decode.Leaf) {
	steps, err := c.ns.steps(path, noInherit)
	if err != nil {
		c.fail(at, "%v", err)
		return nil
	}
	type candidate struct {
		entry, leaf []step
		shared      int
	}
	var candidates []candidate
	most := 0
	for _, full := range c.paths[index] {
		for _, root := range append([][]step{nil}, c.roots...) {
			wrapped := slices.Concat(root, steps)
			n := commonPrefix(full, wrapped)
			if n > len(root) && n < len(wrapped) {
				candidates = append(candidates, candidate{full[:n], wrapped, n - len(root)})
				most = max(most, n-len(root))
			}
		}
	}
	for _, w := range candidates {
		if w.shared < most {
			continue
		}
		col := c.capture(c.enclosingRow(index, w.entry), c.ns.text(w.leaf), attribute, w.leaf)
		if !slices.Contains(found, col) {
			found = append(found, col)
		}
	}
	if found == nil {
		c.fail(at, "path %q names no entry that encloses this row", path)
	}
	return found
}

// enclosingRow returns the row at a path that is the row of index, or encloses it. If the module has none there, it creates an
// implicit one.
func (c *compiler) enclosingRow(index int, path []step) int {
	for i := index; i >= 0; i = c.rows[i].Parent {
		if slices.ContainsFunc(c.paths[i], func(p []step) bool { return slices.Equal(p, path) }) {
			return i
		}
	}
	name := fmt.Sprint(path)
	i, ok := c.scopes[name]
	if !ok {
		i = c.newRow(decode.RowSpec{Parent: -1, Implicit: true, Orders: 1})
		c.scopes[name] = i
		c.paths[i] = [][]step{path}
		n := c.node(path)
		n.Rows = append(n.Rows, decode.RowStart{Row: i})
	}
	return i
}

// capture makes the text or an attribute of the element at a path a column of a row.
func (c *compiler) capture(index int, name, attribute string, path []step) decode.Column {
	name += "@" + attribute
	i, ok := c.columns[index][name]
	if !ok {
		i = c.rows[index].Columns
		c.columns[index][name] = i
		c.rows[index].Columns++
	}
	col := decode.Column{Row: index, Index: i}
	n := c.node(path)
	if capture := (decode.Capture{Column: col, Attribute: attribute}); !slices.Contains(n.Captures, capture) {
		n.Captures = append(n.Captures, capture)
		c.captured[col] = append(c.captured[col], path)
	}
	return col
}
