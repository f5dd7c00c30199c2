package session

import (
	"slices"
	"sync"
	"time"
)

// Phases returns the phases of a read, in order: the values of the label of netconf_scrape_phase_duration_seconds.
func Phases() []string {
	return []string{"queue", "jump", "dns", "tcp", "ssh", "tls", "auth", "hello", "rpc", "decode"}
}

// maxEvents bounds a timeline: a device may send a reply in any number of parts.
const maxEvents = 1000

// Event is one step of a read.
type Event struct {
	Phase    string
	Within   string        // the phase whose duration includes this event; empty for top-level phases
	Start    time.Duration // since Trace.Began
	Duration time.Duration
	Failed   bool
	Detail   string // for people: addresses, algorithms, sizes, or the error that ended the phase
}

// Trace is the timeline of one read. A nil *Trace records nothing; all methods are safe for concurrent use.
type Trace struct {
	Began time.Time

	watch func(Event) // told of each event; nil: nobody

	mu      sync.Mutex
	subject string
	events  []Event
}

// NewTrace returns a timeline that begins now.
func NewTrace() *Trace { return &Trace{Began: time.Now()} }

// WatchedTrace is NewTrace for one who wants to know of each event when it ends. watch is called by whoever adds it, and must not
// wait.
func WatchedTrace(watch func(Event)) *Trace { return &Trace{Began: time.Now(), watch: watch} }

// About sets the subject of the events that follow. It is prepended to their details.
func (t *Trace) About(subject string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subject = subject
}

// Add records that a phase began at a time and lasted d.
func (t *Trace) Add(phase string, began time.Time, d time.Duration, detail string) {
	t.AddWithin("", phase, began, d, detail)
}

// AddWithin is Add for an event that is part of another phase.
func (t *Trace) AddWithin(within, phase string, began time.Time, d time.Duration, detail string) {
	t.add(began, Event{Phase: phase, Within: within, Duration: d, Detail: detail})
}

func (t *Trace) add(began time.Time, e Event) {
	if t == nil {
		return
	}
	t.mu.Lock()
	e.Start = began.Sub(t.Began)
	e.Detail = cut(e.Detail)
	if t.subject != "" {
		e.Detail = t.subject + ": " + e.Detail
	}
	if len(t.events) < maxEvents {
		t.events = append(t.events, e)
	}
	t.mu.Unlock()
	if t.watch != nil {
		t.watch(e)
	}
}

// End records a phase that ends now, for clients that speak another protocol.
func (t *Trace) End(phase string, began time.Time, err error, detail string) {
	t.end(phase, began, err, detail)
}

// end records a phase that ends now. Its detail is the error, if there is one.
func (t *Trace) end(phase string, began time.Time, err error, detail string) {
	if err != nil {
		detail = err.Error()
	}
	t.add(began, Event{Phase: phase, Duration: time.Since(began), Failed: err != nil, Detail: detail})
}

// Events returns the events recorded so far, in the order in which they began.
func (t *Trace) Events() []Event {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	events := slices.Clone(t.events)
	slices.SortStableFunc(events, func(a, b Event) int { return int(a.Start - b.Start) })
	return events
}

// Sum returns the time spent in one phase.
func (t *Trace) Sum(phase string) time.Duration {
	var sum time.Duration
	for _, event := range t.Events() {
		if event.Phase == phase {
			sum += event.Duration
		}
	}
	return sum
}
