// Package schedule decides when a target is read, which scrape waits for the read, and what a scrape gets. It knows nothing of
// devices: only time, modules by name, and opaque results.
//
// A target has at most one read in flight, and one set of modules that the next read will cover. A scrape joins the read
// in flight, starts one, or adds what it asks for to that set. It then waits, or takes the last results at once. The rules
// are those of docs/architecture.md, "Reads and scrapes".
package schedule

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Connect is the name of a pseudo-module: a read of it logs in and learns what the device is.
const Connect = ""

// Module is a module that a scrape asks for.
type Module struct {
	Name   string        // identifies the module and its content: a module whose content changes gets another name
	MaxAge time.Duration // a result younger than this needs no read
}

// Schedule is the state of one target. R is the type of a module's result. All methods are safe for concurrent use.
type Schedule[R any] struct {
	start func(*Read[R])

	mu      sync.Mutex // guards following fields, and those of modules and reads
	modules map[string]*module[R]
	current *Read[R]      // in flight; nil if none is
	pending []Module      // of the next read; empty if none is in flight
	lost    error         // the failure of the session that hides all results; nil once the device has answered again
	lagging bool          // the last read timed out, or took long to fail
	answers int           // how often the device has answered
	changed chan struct{} // closed and replaced when a module or a read ends
}

// New returns a Schedule. It calls start for each read to be made. start must return at once, and must not call the Schedule; the
// goroutine that it starts does.
func New[R any](start func(*Read[R])) *Schedule[R] {
	return &Schedule[R]{start: start, modules: map[string]*module[R]{}, changed: make(chan struct{})}
}

// Request is what a scrape asks for.
type Request struct {
	// Modules gives the modules in the order of the answer. It is called again after each change, since what is wanted may
	// depend on what was read. It must neither block nor call the Schedule.
	Modules func() []Module
	// KeepFor is how long a result is served after it has reached its MaxAge.
	KeepFor time.Duration
	// Hurry, when closed, ends the waiting like the end of the budget. It may be nil.
	Hurry <-chan struct{}
}

// scrape is a scrape that is being served.
type scrape struct {
	Request
	budget  time.Duration  // noLimit without a deadline
	marks   map[string]int // by module: what module.ended must exceed; -1 if the module needs no read
	lost    bool           // the session had failed when the scrape began
	answers int            // Schedule.answers at that time
}

const noLimit = time.Duration(1<<63 - 1)

// Scrape asks for modules and returns what there is of them: at once if waiting would not help, otherwise when they have been
// read, when ctx ends, or when Hurry is closed. The deadline of ctx is the budget.
func (s *Schedule[R]) Scrape(ctx context.Context, request Request) Answer[R] {
	q := &scrape{Request: request, budget: noLimit, marks: map[string]int{}}
	if deadline, ok := ctx.Deadline(); ok {
		q.budget = time.Until(deadline)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.lost, q.answers = s.lost != nil, s.answers
	for over := false; ; {
		modules := q.Modules()
		s.ask(q, modules)
		if waiting := s.waits(q, modules); !waiting || over {
			if waiting && ctx.Err() == context.DeadlineExceeded {
				s.suspect(q)
			}
			return s.leave(ctx, q, modules, over && waiting)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			over = true
		case <-q.Hurry:
			over = true
		}
		s.mu.Lock()
	}
}

// Ask starts a read of the modules that are not fresh, or adds them to the next read. It does not wait.
func (s *Schedule[R]) Ask(modules ...Module) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask(&scrape{marks: map[string]int{}}, modules)
}

// ask makes sure that a read of each module is in flight or pending, unless one has ended since the scrape began.
func (s *Schedule[R]) ask(q *scrape, modules []Module) {
	var due []Module
	for _, wanted := range modules {
		m := s.module(wanted.Name)
		if _, asked := q.marks[wanted.Name]; !asked {
			q.marks[wanted.Name] = m.ended
			if s.lost == nil && m.fresh(wanted.MaxAge) {
				q.marks[wanted.Name] = -1
			}
		}
		if !q.served(wanted.Name, m.ended) && !s.current.covers(wanted.Name) && !names(s.pending, wanted.Name) {
			due = append(due, wanted)
		}
	}
	switch {
	case len(due) == 0:
	case s.current == nil:
		s.begin(due)
	default:
		s.pending = append(s.pending, due...)
	}
}

// served reports whether a module's read has ended since the scrape began, or was not needed.
func (q *scrape) served(name string, ended int) bool { return ended > q.marks[name] }

// waits reports whether the scrape is to wait. With a result to give, it does not wait for a module that takes longer than
// the budget, or that is queued behind the read in flight; nor, with other modules' results to give, for one that timed out.
func (s *Schedule[R]) waits(q *scrape, modules []Module) bool {
	given, timedOut := false, false
	for _, wanted := range modules {
		m := s.module(wanted.Name)
		shown := s.visible(m, wanted.MaxAge+q.KeepFor) || s.refused(m, wanted.MaxAge+q.KeepFor)
		served := q.served(wanted.Name, m.ended)
		given = given || shown || served
		switch {
		case served:
		case shown && (m.longest() > q.budget || !s.current.covers(wanted.Name) && !s.current.over()):
		case !shown && m.timedOut && !(q.lost && m.complete()): // after a loss of the session it was perhaps not to blame
			timedOut = true
		default:
			return true
		}
	}
	return timedOut && !given
}

// suspect notes that the device looks silent: a scrape spent its whole budget on a module that never took as long, and in all
// that time the device answered nothing. From then on nothing of the device is served until it answers.
func (s *Schedule[R]) suspect(q *scrape) {
	if s.current == nil || s.answers != q.answers {
		return
	}
	m := s.module(s.current.module())
	waited := q.budget
	if time.Since(s.current.Began) < waited { // the read began meanwhile, and may have had to log in
		waited = s.current.waited()
	}
	s.current.silent = s.current.silent || m.answers() && m.longest() <= waited
}

// leave makes the answer to a scrape, and notes whether the read in flight outlasts it.
func (s *Schedule[R]) leave(ctx context.Context, q *scrape, modules []Module, gaveUp bool) Answer[R] {
	a := s.answer(modules, q.KeepFor, func(name string, m *module[R]) bool {
		return gaveUp && !m.timedOut && m.longest() <= q.budget && !q.served(name, m.ended)
	})
	a.GaveUp = gaveUp && ctx.Err() != nil
	for _, wanted := range modules {
		if s.current.covers(wanted.Name) && !q.served(wanted.Name, s.module(wanted.Name).ended) {
			s.current.outlasted = true
		}
	}
	a.Up = a.Up || !s.hidden() && (s.answers > q.answers || s.current != nil && s.current.answered)
	return a
}

// Lagging reports whether a scrape of many targets should not wait for this one: its last read timed out or took long to
// fail, or the read in flight has outlasted a scrape.
func (s *Schedule[R]) Lagging() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lagging || s.current != nil && s.current.outlasted
}

// Rename drops what is known of modules whose content has changed. now returns a module's present name, "" if it is gone. Pending
// modules are read under their new names.
func (s *Schedule[R]) Rename(now func(name string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.modules {
		if name != Connect && now(name) != name && !s.current.covers(name) {
			delete(s.modules, name)
		}
	}
	pending := s.pending
	s.pending = nil
	for _, m := range pending {
		if m.Name != Connect {
			m.Name = now(m.Name)
			if m.Name == "" || names(s.pending, m.Name) {
				continue
			}
		}
		s.pending = append(s.pending, m)
	}
}

// Drop drops all results, to free their memory. Nothing is served until the device answers again; err says why.
func (s *Schedule[R]) Drop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var none R
	for _, m := range s.modules {
		m.last, m.failure, m.dropped, m.failedAt = none, none, true, time.Time{}
	}
	s.lost = err
	s.notify()
}

// Size is the sum of the sizes of all results.
func (s *Schedule[R]) Size(of func(R) int64) (size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.modules {
		size += of(m.last) + of(m.failure)
	}
	return size
}

// Idle returns a channel that is closed when the read in flight has ended.
func (s *Schedule[R]) Idle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		idle := make(chan struct{})
		close(idle)
		return idle
	}
	return s.current.done
}

func (s *Schedule[R]) module(name string) *module[R] {
	m := s.modules[name]
	if m == nil {
		m = &module[R]{}
		s.modules[name] = m
	}
	return m
}

func (s *Schedule[R]) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func names(modules []Module, name string) bool {
	return slices.ContainsFunc(modules, func(m Module) bool { return m.Name == name })
}
