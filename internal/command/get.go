package command

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// Get reads from a device once and prints the reply as XML.
type Get struct {
	Device
	What string // a path, the XML of an operation that reads, or "" for everything
}

// Run implements Command. It fails if the device answered with an error.
func (g *Get) Run(ctx context.Context, env *Environment) error {
	what := strings.TrimSpace(g.What)
	switch {
	case what == "":
		what = "<get/>"
	case strings.HasPrefix(what, "<"):
		if err := module.CheckReadOnly(what); err != nil {
			return err
		}
	case !strings.HasPrefix(what, "/"):
		return fmt.Errorf("%q is neither a path nor an operation; write /MODEL:CONTAINER or <get>...</get>", what)
	}
	d, err := g.open(ctx, env)
	if err != nil {
		return err
	}
	defer d.close()
	interrupted := ctx
	ctx, cancel := d.withTimeout(ctx)
	defer cancel()
	if strings.HasPrefix(what, "/") {
		if what, err = d.PathOperation(ctx, what); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(env.Stdout)
	printer := newXMLPrinter(out)
	err = d.RPC(ctx, what, func(reply io.Reader) error {
		return printer.print(&decode.BoundedReader{R: reply, Left: int64(*d.Config().MaxReplyBytes)})
	})
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	for _, warning := range printer.warnings {
		PrintError(env.Stderr, fmt.Errorf("target %s: warning of the device: %w", d.Name(), warning))
	}
	switch {
	case interrupted.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	case len(printer.errors) > 0:
		return fmt.Errorf("target %s: %w", d.Name(), decode.ReplyError(printer.errors))
	case printer.empty:
		_, _ = fmt.Fprintf(env.Stderr, "target %s: the reply is empty: the device has nothing there, or its user may not read it\n", d.Name())
	}
	return nil
}
