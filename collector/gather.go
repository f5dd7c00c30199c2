package collector

import (
	"context"
	"iter"
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"
)

// Gather scrapes all targets at the same time and labels every sample with its target. The deadline of ctx is the budget of
// each.
func (e *Exporter) Gather(ctx context.Context) []*dto.MetricFamily {
	return slices.Collect(gather(e.scrape(ctx), true, false))
}

// Families is Gather as a sequence, which needs little memory: a large family comes in several pieces of the same name, and each
// piece is valid until the next one is taken. The targets have been scraped when it returns.
func (e *Exporter) Families(ctx context.Context) iter.Seq[*dto.MetricFamily] {
	return gather(e.scrape(ctx), true, true)
}

// scrape waits for no target that lags: those are collected when all others are done. A target that is alone holds back nobody.
func (e *Exporter) scrape(ctx context.Context) []outcome {
	targets := e.Targets()
	outcomes := make([]outcome, len(targets))
	othersDone := make(chan struct{})
	var others, lagging sync.WaitGroup
	for i, t := range targets {
		if len(targets) > 1 && t.schedule.Lagging() {
			lagging.Go(func() { outcomes[i] = t.scrape(ctx, nil, othersDone) })
		} else {
			others.Go(func() { outcomes[i] = t.scrape(ctx, nil, nil) })
		}
	}
	others.Wait()
	close(othersDone)
	lagging.Wait()
	// A reload that came in between has removed targets, or put others in their place, which the next scrape has.
	return slices.DeleteFunc(outcomes, func(o outcome) bool { return !o.up && o.target.life.Err() != nil })
}
