package collector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// view is what one scrape gets to see of a read, complete or not.
type view struct {
	target   *Target
	results  []*result // modules that are complete
	missing  []string  // modules that are not
	answered bool
	err      error
	reasons  map[session.Reason]bool
	phases   map[string]time.Duration
	events   []session.Event
	duration time.Duration // of the scrape
	budget   time.Duration // of the scrape; 0 without one
	stats    session.Stats
}

// up reports whether the device answered.
func (v *view) up() bool { return v.answered }

// view takes what there is of a read now. It is called under the target's lock.
func (t *Target) view(r *read, ctx context.Context, began time.Time) view {
	v := view{
		target: t, reasons: map[session.Reason]bool{}, phases: map[string]time.Duration{}, events: r.trace.Events(),
		duration: time.Since(began), stats: t.client.Stats(),
	}
	if deadline, ok := ctx.Deadline(); ok {
		v.budget = deadline.Sub(began)
	}
	for _, e := range v.events {
		v.phases[e.Phase] += e.Duration
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v.results, v.answered = slices.Clone(r.results), r.answered || len(r.results) > 0 && r.err == nil
	planned := r.planned
	if planned == nil {
		planned = slices.DeleteFunc(slices.Clone(r.modules), func(name string) bool { return name == config.Auto })
	}
	for _, name := range planned {
		if !slices.ContainsFunc(v.results, func(m *result) bool { return m.module == name }) {
			v.missing = append(v.missing, name)
		}
	}
	if r.ended.IsZero() {
		v.giveUp(r)
	} else if v.err = r.failure(); v.err != nil {
		v.reasons[session.ReasonOf(v.err)] = true
	}
	for _, m := range v.results {
		if m.err != nil {
			v.reasons[session.ReasonOf(m.err)] = true
		}
	}
	return v
}

// giveUp says why a read in flight is not complete.
func (v *view) giveUp(r *read) {
	reason, doing := session.ReasonTimeout, "the device has not answered in full"
	switch {
	case len(v.events) == 0 && !v.stats.Established:
		reason, doing = session.ReasonQueue, "the target still waits for its turn to be dialled"
	case !v.stats.Established:
		doing = "the target is still being connected to"
	}
	v.reasons[reason] = true
	v.err = fmt.Errorf("target %s: %s %.1f s after the read began, and the scrape's time is over; "+
		"the result will serve the next scrape; a longer scrape_timeout gets it at once", v.target.Name(), doing, time.Since(r.trace.Began).Seconds())
}
