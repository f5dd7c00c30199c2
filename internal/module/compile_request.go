package module

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// request compiles one of the module's reads.
func (c *compiler) request(at []any, from config.Read) {
	r := Request{filter: &filterNode{}, uris: c.ns.uris, Optional: from.Optional}
	given := 0
	for _, form := range []struct {
		key, operation string
		paths          []string
	}{{"get", opGet, from.Get}, {"get_data", opGetData, from.GetData}, {"get_config", opGetConfig, from.GetConfig}} {
		if form.paths == nil {
			continue
		}
		given++
		r.Operation = form.operation
		for i, path := range form.paths {
			if err := r.filter.add(c.ns, path); err != nil {
				c.fail(slices.Concat(at, []any{form.key, i}), "%v", err)
			}
		}
		if len(form.paths) == 0 {
			c.fail(append(at, form.key), "a read without a path asks for everything the device has; name what is needed")
		}
	}
	if from.RPC != "" {
		given++
		r.Operation, r.rpc = opRPC, strings.TrimSpace(from.RPC)
		if err := CheckReadOnly(r.rpc); err != nil {
			c.fail(append(at, "rpc"), "%v", err)
		}
	}
	if given != 1 {
		c.fail(at, "a read needs exactly one of get, get_data, get_config and rpc")
	}
	if from.Next != "" {
		var err error
		if r.next, err = newContinuation(from.Next); err != nil {
			c.fail(append(at, "next"), "%v", err)
		}
	}
	var paths []string
	for _, top := range r.filter.children {
		path, n := []step{top.step}, top
		for len(n.children) == 1 && len(n.children[0].children) > 0 {
			n = n.children[0]
			path = append(path, n.step)
		}
		paths = append(paths, c.ns.text(path))
	}
	r.what = cmp.Or(strings.Join(paths, ", "), firstWord(r.rpc))
	c.module.Requests = append(c.module.Requests, r)
}

// firstWord is the start tag of an rpc, without its attributes.
func firstWord(rpc string) string {
	name := strings.TrimLeft(rpc, "<")
	if i := strings.IndexAny(name, " \t\r\n/>"); i >= 0 {
		name = name[:i]
	}
	return "<" + name + ">"
}

// CheckReadOnly refuses an operation that might change the device. Allowed are get, get-config and so on (RFC 6241, section 7), and
// vendors' operations whose names begin with get- or show-. It also refuses what would not stay inside its <rpc>.
func CheckReadOnly(rpc string) error {
	switch {
	case strings.Contains(rpc, "]]>]]>"):
		return fmt.Errorf("the rpc holds ]]>]]>, which ends a message (RFC 6242, section 4.3)")
	case strings.HasPrefix(rpc, "<?xml"):
		return fmt.Errorf("the rpc is one element of XML, without the <?xml ...?> before it")
	}
	var s xmlscan.Scanner
	s.Reset(strings.NewReader(rpc))
	for {
		kind, err := s.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the rpc is one element of XML: %w", err)
		}
		if kind != xmlscan.Start || s.Depth() > 1 {
			continue
		}
		name := string(xmlscan.Local(s.Name()))
		verb, what, _ := strings.Cut(name, "-")
		if name != "get" && (what == "" || verb != "get" && verb != "show") {
			return fmt.Errorf("operation <%s> is refused: only reading is possible, with get or an operation whose name begins with get- or show-", name)
		}
	}
}

// completeFilters adds the leaves that rows need to filters that select single leaves. It adds keys always; labels, conditions and so
// on only if no other request selects them: some servers refuse a filter for nodes that they do not have.
func (c *compiler) completeFilters() {
	keys := map[decode.Column]bool{}
	for i := range c.rows {
		for _, col := range slices.Concat(c.rows[i].Key...) {
			keys[col] = true
		}
	}
	for _, col := range slices.SortedFunc(maps.Keys(c.needed), compareColumns) {
		selected := slices.ContainsFunc(c.captured[col], func(leaf []step) bool {
			return slices.ContainsFunc(c.module.Requests, func(r Request) bool { return r.filter.selects(leaf) })
		})
		if selected && !keys[col] {
			continue
		}
		for _, r := range c.module.Requests {
			for _, path := range c.paths[col.Row] {
				n, partial := r.filter.find(path)
				for _, leaf := range c.captured[col] {
					if partial && commonPrefix(leaf, path) == len(path) && len(leaf) > len(path) {
						n.insert(leaf[len(path):])
					}
				}
			}
		}
	}
}

func compareColumns(a, b decode.Column) int {
	return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Index, b.Index))
}
