package web

import (
	"context"
	"iter"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
)

// Exporter is what the handlers need of a collector.Exporter. From makes one.
type Exporter interface {
	Config() *config.Config
	Targets() []Target // in configuration order
	Target(name string) (Target, bool)
	AdHoc(ctx context.Context, address, auth string) (Target, error) // a target that is not configured
	HasModule(name string) bool
	ModuleNames() []string
	Warnings() []*config.Error                                // what is likely to be a mistake in the configuration
	Families(ctx context.Context) iter.Seq[*dto.MetricFamily] // sorted by name, in pieces, each good until the next one
}

// Target is what the handlers need of one device.
type Target interface {
	Config() *config.Target
	Status() collector.Status
	Explain() // makes the reads that follow explain themselves
	// Families gives what there is of modules, as Exporter.Families does; the Scrape has none.
	Families(ctx context.Context, modules []string) (*collector.Scrape, iter.Seq[*dto.MetricFamily])
}

// From adapts a collector's exporter to the handlers' interface.
func From(e *collector.Exporter) Exporter { return reading{e} }

// reading is an exporter whose methods return this package's Target.
type reading struct{ *collector.Exporter }

func (r reading) Targets() []Target {
	targets := r.Exporter.Targets()
	own := make([]Target, len(targets))
	for i, target := range targets {
		own[i] = target
	}
	return own
}

func (r reading) Target(name string) (Target, bool) { return r.Exporter.Target(name) }

func (r reading) AdHoc(ctx context.Context, address, auth string) (Target, error) {
	return r.Exporter.AdHoc(ctx, address, auth)
}
