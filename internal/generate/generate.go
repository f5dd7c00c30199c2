// Package generate writes a module and its catalogue entries from YANG, for YANG modules that no module reads yet. The YANG comes from
// files or from a device.
package generate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Options say what to generate.
type Options struct {
	Source Source
	Paths  []string // /MODULE:NODE/NODE... (RFC 7951)
	Name   string   // of the module; "": that of the first path's YANG module
	Prefix string   // of the names of metrics; "": the name of each path's YANG module
	// MoreModules names further YANG modules whose augments are wanted. Those that the source finds need not be named.
	MoreModules []string
	// Descriptions exports description leaves of the configuration as labels. Other configuration is never exported.
	Descriptions bool
	// OperationalDatastore reads by <get-data>, for a device with NMDA (RFC 8342).
	OperationalDatastore bool
}

// Generate returns a configuration file with one module and its metrics. It loads and compiles.
func Generate(ctx context.Context, o Options) ([]byte, error) {
	definitions, err := config.BuiltinDefinitions()
	if err != nil {
		return nil, err
	}
	if err := o.check(definitions); err != nil {
		return nil, err
	}
	s, err := load(ctx, o.Source, o.Paths, o.MoreModules)
	if err != nil {
		return nil, err
	}
	b := &builder{
		schema: s, kinds: map[string]string{}, wanted: map[*yang.Entry]bool{}, prefixes: map[string]string{}, descriptions: o.Descriptions,
	}
	for _, entry := range definitions.Catalog {
		for name, kind := range entry.Info {
			b.kinds[name] = kind
		}
	}
	if err := guard(func() error { return b.build(o.Paths) }); err != nil {
		return nil, err
	}
	rows := nested(b.rows)
	metrics, err := nameMetrics(rows, o.Prefix, definitions)
	if err != nil {
		return nil, err
	}
	if len(metrics) == 0 {
		return nil, b.errNothing(o.Paths)
	}
	w := &writer{builder: b, options: o, name: o.Name}
	if w.name == "" {
		w.name, _ = moduleOf(o.Paths[0])
		if definitions.Modules[w.name] != nil {
			w.name += "-generated"
		}
	}
	text := w.document(metrics)
	if err := check(text); err != nil {
		return nil, fmt.Errorf("what was generated does not load; another --prefix or --name may help, else it is a fault of generate: %w", err)
	}
	return text, nil
}

func (o *Options) check(definitions *config.Definitions) error {
	switch {
	case len(o.Paths) == 0:
		return errors.New("no path is named; write what to read, such as /ietf-interfaces:interfaces-state")
	case o.Name != "" && (o.Name == config.Auto || !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`).MatchString(o.Name)):
		return fmt.Errorf("--name %q cannot name a module; use letters, digits and - _ . (auto is taken)", o.Name)
	case definitions.Modules[o.Name] != nil:
		return fmt.Errorf("--name %s is the name of a built-in module, which the generated one would replace; choose another", o.Name)
	case o.Prefix != "" && !regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`).MatchString(o.Prefix):
		return fmt.Errorf("--prefix %q cannot begin the name of a metric; use letters, digits and _, and a letter first", o.Prefix)
	}
	return nil
}

// errNothing says why there is nothing to export.
func (b *builder) errNothing(paths []string) error {
	var out []string
	for _, r := range b.rows {
		for _, left := range r.omitted {
			out = append(out, left.path+" ("+left.why+")")
		}
	}
	if len(out) > 20 {
		out = append(out[:20], fmt.Sprintf("%d more", len(out)-20))
	}
	var state []string
	for _, e := range b.selected {
		for _, top := range children(yang.ToEntry(b.schema.module(namespace(e)))) {
			if hasState(top) && !slices.Contains(state, top.Name) {
				state = append(state, top.Name)
			}
		}
	}
	hint := "the YANG module has no state at all"
	if len(state) > 0 {
		hint = "the YANG module has state below " + strings.Join(state, ", ")
	}
	return fmt.Errorf("there is no state to export at %s; %s; left out: %s", strings.Join(paths, ", "), hint, strings.Join(out, ", "))
}
