package collector

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// outcome is what one scrape is given of a target.
type outcome struct {
	target   *Target
	settings *settings
	results  []*result            // of modules that are complete, and of those that failed
	missing  []string             // modules of which there is neither
	lastRead map[string]time.Time // when modules were last read in full
	up       bool
	err      error
	reasons  map[session.Reason]bool
	events   []session.Event
	phases   map[string]time.Duration
	read     time.Duration // how long the device took for what is complete; 0 if nothing is
	duration time.Duration // of the scrape
	budget   time.Duration // of the scrape; 0 without one
	stats    session.Stats
}

// outcome turns the schedule's answer into the outcome of a scrape.
func (t *Target) outcome(answer schedule.Answer[*result], began time.Time) outcome {
	o := outcome{
		target: t, settings: t.settings.Load(), up: answer.Up, lastRead: map[string]time.Time{},
		reasons: map[session.Reason]bool{}, phases: map[string]time.Duration{}, stats: t.client.Stats(),
	}
	incomplete := answer.Silent
	for _, share := range answer.Modules {
		incomplete = incomplete || share.State == schedule.Missing
		if share.Module == schedule.Connect {
			if share.State == schedule.Complete && len(answer.Modules) == 1 {
				got := nothingFits(o.settings.config)
				o.up, o.err, o.results = true, got.err, append(o.results, got)
			}
			continue
		}
		o.take(share)
	}
	switch {
	case answer.Lost != nil && !answer.GaveUp:
		o.fail(answer.Lost)
	case incomplete:
		o.giveUp()
	}
	if !o.up && (answer.GaveUp || answer.Silent) {
		t.logNoAnswer(o.err)
	}
	o.timeline(began, incomplete)
	return o
}

// take adds what there is of one module.
func (o *outcome) take(share schedule.ModuleAnswer[*result]) {
	name := moduleName(share.Module)
	if !share.Last.IsZero() {
		o.lastRead[name] = share.Last
	}
	if share.State == schedule.Missing {
		o.missing = append(o.missing, name)
		return
	}
	got := share.Result
	o.results = append(o.results, got)
	if got.err != nil {
		o.fail(got.err)
		return
	}
	o.read = max(o.read, got.took)
}

// fail notes an error; the first one is the outcome's.
func (o *outcome) fail(err error) {
	o.reasons[session.ReasonOf(err)] = true
	if o.err == nil {
		o.err = err
	}
}

// giveUp says why a scrape ends before all its modules are read.
func (o *outcome) giveUp() {
	t := o.target
	t.mu.Lock()
	read := t.recent[len(t.recent)-1]
	t.mu.Unlock()
	trace := read.trace
	reason, doing := ReasonTimeout, "the device has not answered in full"
	switch {
	case read.waiting.Load():
		reason, doing = ReasonMemory, "the read still waits for memory, which other devices take"
	case o.stats.Established:
	case len(trace.Events()) == 0:
		reason, doing = ReasonQueue, "the target still waits for its turn to be dialled"
	default:
		doing = "the target is still being connected to"
	}
	o.reasons[reason] = true
	o.err = &session.Error{Reason: reason, Target: o.settings.config.Name, Err: fmt.Errorf("%s %.1f s after the read began, and the "+
		"scrape's time is over; the result will serve the next scrape; a longer scrape_timeout gets it at once", doing, time.Since(trace.Began).Seconds())}
}

// timeline joins the timelines of the reads that ran during the scrape; if none did, it is that of the newest result.
func (o *outcome) timeline(began time.Time, incomplete bool) {
	t := o.target
	var traces []*session.Trace
	t.mu.Lock()
	for _, r := range t.recent {
		if r.ended.IsZero() && incomplete || r.ended.After(began) {
			traces = append(traces, r.trace)
		}
	}
	t.mu.Unlock()
	if len(traces) == 0 && len(o.results) > 0 {
		newest := slices.MaxFunc(o.results, func(a, b *result) int { return a.at.Compare(b.at) })
		traces = append(traces, cmp.Or(newest.trace, session.NewTrace()))
	}
	for _, trace := range traces {
		for _, e := range trace.Events() {
			o.phases[e.Phase] += e.Duration
			if e.Within != "" {
				o.phases[e.Within] -= e.Duration
			}
			e.Start += trace.Began.Sub(traces[0].Began)
			o.events = append(o.events, e)
		}
	}
}

// mostOf is the timeline of the read that gave most of the results, the fullest of several; nil if none did.
func (o *outcome) mostOf() (most *session.Trace) {
	given := map[*session.Trace]int{}
	for _, got := range o.results {
		if got.trace != nil {
			given[got.trace]++
		}
	}
	for trace, n := range given {
		if most == nil || cmp.Or(n-given[most], len(trace.Events())-len(most.Events()), trace.Began.Compare(most.Began)) > 0 {
			most = trace
		}
	}
	return most
}

// scrape is the outcome in its exported form, without the families.
func (o *outcome) scrape() *Scrape {
	return &Scrape{Up: o.up, Reason: session.ReasonOf(o.err), Err: o.err, Events: o.events, Note: o.note(), Explanations: o.explanations()}
}
