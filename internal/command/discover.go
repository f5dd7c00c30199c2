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
	All bool // list the capabilities as well
}

// Run implements Command.
func (c *Discover) Run(ctx context.Context, env *Environment) error {
	d, err := c.open(env)
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
		out.line("YANG library  announced, but empty for this user: let it read ietf-yang-library (NACM, RFC 8341); what follows is known from the hello alone")
	}
	if c.All {
		out.line("\nCapabilities")
		for _, capability := range found.Capabilities {
			out.line("  %s", oneLine(capability))
		}
	}
	out.modules(found.Modules)
	out.models(found.Models)
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

func (r *report) modules(modules []collector.Fit) {
	rows := [][]string{{"module", "gives", "", "why"}}
	for _, m := range modules {
		state := "does not fit"
		switch {
		case m.Chosen:
			state = "chosen"
		case m.Fits:
			state = "fits"
		}
		if m.Untested {
			state += ", untested"
		}
		rows = append(rows, []string{m.Name, m.Provides, state, oneLine(m.Why)})
	}
	r.line("\nModules of ours")
	r.table(rows)
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
	if len(read) > 1 {
		r.table(read)
	}
	r.line("\nModels left unread: %d", len(unread)-1)
	if len(unread) > 1 {
		r.table(unread)
	}
}
