package command

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/netconf-exporter/netconf_exporter/collector"
)

// Discover lists what a device has, which modules fit it and why, and what no module reads.
type Discover struct {
	Device
	All bool // list the capabilities and the modules that do not fit as well
}

// Run implements Command.
func (c *Discover) Run(ctx context.Context, env *Environment) error {
	d, err := c.open(ctx, env)
	if err != nil {
		return err
	}
	defer d.close()
	found, err := d.Discover(ctx) // the read ends with the target's own timeout
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	out := &report{w: env.Stdout}
	out.line("target        %s", d.Name())
	out.line("address       %s", d.Config().HostPort())
	out.line("capabilities  %d", len(found.Capabilities))
	out.line("NMDA          %s", nmda(found))
	if found.NoLibrary {
		out.line("YANG library  announced, but empty for this user: let it read ietf-yang-library (NACM, RFC 8341); what follows is known from the capabilities alone")
	}
	if c.All {
		out.line("\nCapabilities")
		for _, capability := range found.Capabilities {
			out.line("  %s", oneLine(capability))
		}
	}
	out.modules(found.Modules, c.All)
	out.models(found.Models)
	if found.Note != "" {
		out.line("\n%s", oneLine(found.Note))
	}
	return out.err
}

// nmda says whether the device has an operational datastore.
func nmda(found *collector.Discovery) string {
	switch {
	case found.NMDA && found.NoGetData:
		return "announced, but the device refuses get-data; get is used"
	case found.NMDA:
		return "yes, it has an operational datastore"
	}
	return "no"
}

// report writes lines and tables, and keeps the first error.
type report struct {
	w   io.Writer
	err error
}

func (r *report) line(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format+"\n", args...)
	}
}

// table writes rows in aligned columns.
func (r *report) table(rows [][]string) {
	table := tabwriter.NewWriter(r.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintf(table, "  %s\n", strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	if err := table.Flush(); r.err == nil {
		r.err = err
	}
}

// modules lists those that are read, then those that fit and are passed over, and on request the others.
func (r *report) modules(modules []collector.Fit, all bool) {
	read := [][]string{{"module", "gives", "", "why"}}
	passed := [][]string{{"module", "gives", "", "why it is passed over"}}
	others := [][]string{{"module", "gives", "", "why not"}}
	untested := false
	for _, m := range modules {
		shown := all
		switch {
		case m.Chosen && m.Named:
			shown, read = true, append(read, moduleRow(m, "chosen, and named", m.Why))
		case m.Chosen:
			shown, read = true, append(read, moduleRow(m, "chosen", m.Why))
		case m.Named && m.Fits:
			shown, read = true, append(read, moduleRow(m, "named", m.Why))
		case m.Named:
			shown, read = true, append(read, moduleRow(m, "named, does not fit", m.Why))
		case m.Fits:
			shown, passed = true, append(passed, moduleRow(m, "fits", m.PassedOver))
		default:
			others = append(others, moduleRow(m, "does not fit", m.Why))
		}
		untested = untested || m.Untested && shown
	}
	r.line("\nModules of ours that are read: %d", len(read)-1)
	r.rows(read)
	r.line("\nModules of ours that fit and are passed over: %d", len(passed)-1)
	r.rows(passed)
	if all {
		r.line("\nModules of ours that do not fit: %d", len(others)-1)
		r.rows(others)
	} else {
		r.line("\n%d other modules do not fit; --all lists them, and what each lacks.", len(others)-1)
	}
	if untested {
		r.line("\nuntested: the module follows the vendor's models and documents, but no reply of a real device is part of its tests. Compare its values with")
		r.line("the device's own before you rely on them.")
	}
}

func moduleRow(m collector.Fit, state, why string) []string {
	if m.Untested {
		state += ", untested"
	}
	return []string{m.Name, m.Provides, state, oneLine(why)}
}

// rows writes a table, unless it has a heading alone.
func (r *report) rows(table [][]string) {
	if len(table) > 1 {
		r.table(table)
	}
}

func (r *report) models(models []collector.Model) {
	read := [][]string{{"model", "revision", "read by"}}
	unread := [][]string{{"model", "revision", "namespace"}}
	for _, m := range models {
		name, revision := oneLine(m.Name), oneLine(m.Revision)
		if len(m.Modules) > 0 {
			read = append(read, []string{name, revision, strings.Join(m.Modules, ", ")})
		} else {
			unread = append(unread, []string{name, revision, oneLine(m.Namespace)})
		}
	}
	r.line("\nModels of the device that are read: %d", len(read)-1)
	r.rows(read)
	r.line("\nModels left unread: %d", len(unread)-1)
	r.rows(unread)
}
