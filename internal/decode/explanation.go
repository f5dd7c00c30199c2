package decode

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/glob"
)

// explanation says in lines what became of the replies.
func (t *Table) explanation(r *Result) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	p, x := t.program, t.explain
	places := p.places()
	told := map[*Node]bool{} // its unread elements are in a line
	for i := range p.rows {
		s := &p.rows[i]
		if s.Implicit {
			continue
		}
		for _, at := range places[i] {
			count := x.elements[at.node]
			line := fmt.Sprintf("rows %s: %d elements", at.node.Path, count)
			switch count {
			case 0:
				line += "; " + t.instead(at, told)
			case 1:
				line = fmt.Sprintf("rows %s: 1 element", at.node.Path)
			}
			say("%s", line)
		}
		t.explainRows(i, say)
	}
	for _, n := range slices.SortedFunc(maps.Keys(x.unread), func(a, b *Node) int { return strings.Compare(a.Path, b.Path) }) {
		if !told[n] {
			say("not read: %s", t.unreadBelow(n))
		}
	}
	if x.dropped > 0 {
		say("not read: %d elements of other names", x.dropped)
	}
	var with, without []string
	for _, m := range p.Metrics {
		if f := slices.IndexFunc(r.Families, func(f Family) bool { return f.Metric == m }); f >= 0 {
			with = append(with, fmt.Sprintf("%s %d", m.Name, len(r.Families[f].Samples)))
		} else {
			without = append(without, m.Name)
		}
	}
	if len(with) > 0 {
		say("samples: %s", strings.Join(with, ", "))
	}
	if len(without) > 0 {
		say("no samples: %s", strings.Join(without, ", "))
	}
	if r.Filtered > 0 {
		say("filtered: %d rows", r.Filtered)
	}
	for _, what := range x.order {
		say("left out: %s", x.left[what].line(what))
	}
	for _, l := range r.TooLong {
		say("left out: rows %s: label %s has more than 1 KiB ×%d%s", l.Path, l.Label, l.Rows, map[bool]string{true: ", and was cut"}[l.Cut])
	}
	return lines
}

func (g *leftOutGroup) line(what leftOut) string {
	line := what.subject + ": " + what.text
	if g.count > 1 {
		line += fmt.Sprintf(" ×%d", g.count)
	}
	if what.why != "" {
		line += " " + what.why
	}
	switch {
	case g.example == "":
	case g.count > 1:
		line += " (such as " + g.example + ")"
	default:
		line += " (" + g.example + ")"
	}
	return line
}

// place is where rows of a kind begin.
type place struct {
	node    *Node
	parents []*Node // the innermost last
	order   int
}

// places finds where the rows of each kind begin, in the order in which the module lists the paths.
func (p *Program) places() map[int][]place {
	found := map[int][]place{}
	var walk func(n *Node, parents []*Node)
	walk = func(n *Node, parents []*Node) {
		for _, start := range n.Rows {
			found[start.Row] = append(found[start.Row], place{n, parents, start.Order})
		}
		for _, name := range slices.Sorted(maps.Keys(n.Children)) {
			for _, e := range n.Children[name] {
				walk(e.To, append(slices.Clip(parents), n))
			}
		}
	}
	walk(p.root, nil)
	for _, places := range found {
		slices.SortStableFunc(places, func(a, b place) int { return a.order - b.order })
	}
	return found
}

// instead says what the reply has in place of rows that are not there.
func (t *Table) instead(at place, told map[*Node]bool) string {
	for _, n := range slices.Backward(at.parents) {
		count := t.explain.elements[n]
		if len(t.explain.unread[n]) > 0 {
			told[n] = true
			return "the reply has " + t.unreadBelow(n)
		}
		if count > 0 {
			return fmt.Sprintf("the reply has %s (%d), without %s", n.Path, count, strings.TrimPrefix(at.node.Path, n.Path+"/"))
		}
	}
	if len(t.explain.elements) > 0 {
		return "the reply has other rows of the module alone"
	}
	return "the reply is empty"
}

// unreadBelow lists the elements below a node that no path matches.
func (t *Table) unreadBelow(n *Node) string {
	below := t.explain.unread[n]
	var list []string
	for _, name := range slices.Sorted(maps.Keys(below)) {
		if len(list) == maxListed {
			list = append(list, fmt.Sprintf("%d other names", len(below)-maxListed))
			break
		}
		uri, local, _ := strings.Cut(name, "\x00")
		list = append(list, fmt.Sprintf("%s/%s (%d)", n.Path, t.program.prefixed(n.Path, uri, local), below[name]))
	}
	return strings.Join(list, ", ")
}

// prefixed writes the name of an element as a step of a path (RFC 7951, section 4), or with its namespace in braces if the module has
// no prefix for that.
func (p *Program) prefixed(parent, uri, local string) string {
	inherited := ""
	for step := range strings.SplitSeq(parent, "/") {
		if prefix, _, ok := strings.Cut(step, ":"); ok {
			inherited = prefix
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(p.Prefixes)) {
		if glob.Match(namespace, uri) {
			if p.Prefixes[namespace] == inherited {
				return local
			}
			return p.Prefixes[namespace] + ":" + local
		}
	}
	if uri == "" {
		return local
	}
	return "{" + uri + "}" + local
}

// explainRows says which leaves the rows of a kind had, and why some of the rows give nothing.
func (t *Table) explainRows(spec int, say func(string, ...any)) {
	s := &t.program.rows[spec]
	records := 0
	there := make([]int, s.Columns)
	for _, rec := range t.rows {
		if int(rec.spec) != spec {
			continue
		}
		records++
		for c, cell := range t.cells[rec.cells : int(rec.cells)+s.Columns] {
			if cell.size != absent {
				there[c]++
			}
		}
	}
	if records == 0 {
		return
	}
	var matched, missing []string
	for c, name := range s.Leaves {
		if there[c] > 0 {
			matched = append(matched, fmt.Sprintf("%s %d", name, there[c]))
		} else {
			missing = append(missing, name)
		}
	}
	if len(matched) > 0 {
		say("  leaves: %s", strings.Join(matched, ", "))
	}
	if len(missing) > 0 {
		say("  in none of them: %s", strings.Join(missing, ", "))
	}
	keyless, unmet := 0, 0
	for i := range t.groups {
		g := t.groups[i]
		if int(g.spec) != spec || !g.dropped {
			continue
		}
		if _, complete := t.appendKey(s, g); s.keyed() && !complete {
			keyless++
		} else {
			unmet++
		}
	}
	if keyless > 0 {
		say("  left out: rows %s: %d have no key (%s)", s.Path, keyless, t.leafNames(s.Key...))
	}
	if unmet > 0 {
		say("  left out: rows %s: %d do not meet the module's conditions, or are inside of rows that give nothing", s.Path, unmet)
	}
}

func (t *Table) leafNames(leaves ...Leaf) string {
	var names []string
	for _, leaf := range leaves {
		names = append(names, t.explain.leafName(leaf))
	}
	return strings.Join(names, ", ")
}

func (x *explainer) leafName(leaf Leaf) string {
	if len(leaf) == 0 {
		return ""
	}
	return x.program.rows[leaf[0].Row].Leaves[leaf[0].Index]
}
