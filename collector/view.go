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
		v.budget = deadline.Sub(began).Round(time.Millisecond)
	}
	for _, e := range v.events {
		v.phases[e.Phase] += e.Duration
		v.phases[e.Within] -= e.Duration // nobody asks for those of ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v.results, v.answered = slices.Clone(r.results), r.answers()
	if v.missing = r.planned; v.missing == nil {
		v.missing = slices.DeleteFunc(slices.Clone(r.modules), func(name string) bool { return name == config.Auto })
	}
	v.missing = v.missing[min(len(v.results), len(v.missing)):] // results come in the order of the plan
	v.err = r.failure()
	if r.ended.IsZero() {
		v.giveUp(r)
	} else if r.err != nil {
		v.reasons[session.ReasonOf(r.err)] = true
	}
	for _, m := range v.results {
		if m.err != nil && m.module != config.Auto {
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
