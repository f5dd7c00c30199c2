package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/common/expfmt"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// Probe scrapes a device once: metrics on stdout, the timeline on stderr.
type Probe struct {
	Device
	Modules []string // none: those of the target
	Explain bool     // say what became of the replies
}

// Run implements Command. It fails if the device did not answer.
func (p *Probe) Run(ctx context.Context, env *Environment) error {
	d, err := p.open(ctx, env)
	if err != nil {
		return err
	}
	defer d.close()
	var modules []string
	for _, name := range strings.FieldsFunc(strings.Join(p.Modules, ","), func(r rune) bool { return r == ',' }) {
		if !d.exporter.HasModule(name) {
			return fmt.Errorf("no module is called %q%s", name, nearest.Hint(name, d.exporter.ModuleNames(), "; `netconf_exporter discover "+p.Target+"` lists the modules"))
		}
		modules = append(modules, name)
	}
	if p.Explain {
		d.Explain()
	}
	scrape := d.Scrape(ctx, modules) // the read ends with the target's own timeout
	if ctx.Err() != nil {
		return errInterrupted
	}
	web.WriteTimeline(env.Stderr, scrape.Events)
	if p.Explain {
		web.WriteExplanations(env.Stderr, scrape.Explanations)
	}
	if scrape.Note != "" {
		PrintError(env.Stderr, errors.New(scrape.Note))
	}
	encoder := expfmt.NewEncoder(env.Stdout, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range scrape.Families {
		if err := encoder.Encode(family); err != nil {
			return fmt.Errorf("write the metrics: %w", err)
		}
	}
	if scrape.Up && scrape.Err != nil { // some modules failed, which is no failure of the command
		PrintError(env.Stderr, scrape.Err)
		return nil
	}
	return scrape.Err
}
