package schedule

import (
	"slices"
	"time"
)

// remembered is how many reads of a module the longest duration is taken from.
const remembered = 10

// module is what is known of one module.
type module[R any] struct {
	last      R // the last complete result
	at        time.Time
	dropped   bool                      // last was dropped since
	durations [remembered]time.Duration // of the last reads that were answered, from the begin of the read
	reads     int                       // that were answered

	failure     R         // the result of the last read, if that failed
	failedSince time.Time // zero if the last read of it was complete
	failedAt    time.Time
	answered    bool // the failure was an answer of the device
	timedOut    bool // the last read of it timed out
	ended       int  // reads of it that have ended, in whatever way
}

func (m *module[R]) complete() bool { return !m.at.IsZero() && !m.dropped }
func (m *module[R]) failed() bool   { return !m.failedSince.IsZero() }

// answers reports whether the device answered the last read of the module.
func (m *module[R]) answers() bool { return m.reads > 0 && !m.timedOut && (!m.failed() || m.answered) }

// fresh reports whether the last read was complete and is younger than maxAge.
func (m *module[R]) fresh(maxAge time.Duration) bool {
	return m.complete() && !m.failed() && time.Since(m.at) < maxAge
}

// longest is the longest of the durations remembered.
func (m *module[R]) longest() time.Duration { return slices.Max(m.durations[:]) }

// took remembers how long a read of the module took.
func (m *module[R]) took(d time.Duration) {
	m.durations[m.reads%remembered] = d
	m.reads++
}

// visible reports whether the module's last result may be served.
func (s *Schedule[R]) visible(m *module[R], limit time.Duration) bool {
	return m.complete() && !m.failed() && !s.hidden() && time.Since(m.at) < limit
}

// refused reports whether the device answered the last read of the module with an error, which is to be shown.
func (s *Schedule[R]) refused(m *module[R], limit time.Duration) bool {
	return m.failed() && m.answered && !s.hidden() && time.Since(m.failedAt) < limit
}

// hidden reports whether nothing of the device may be served.
func (s *Schedule[R]) hidden() bool { return s.lost != nil || s.current != nil && s.current.silent }

// State says what a scrape gets of a module.
type State int

// The states of a module.
const (
	Missing  State = iota // it has not been read in time
	Complete              // its last complete result
	Failed                // its last read failed
)

// ModuleAnswer is what a scrape gets of one module.
type ModuleAnswer[R any] struct {
	Module      string
	State       State
	Result      R         // of the complete or the failed read
	Last        time.Time // when it was last read in full; zero if it never was
	FailedSince time.Time // zero if its last read was complete
}

// Answer is what a scrape gets.
type Answer[R any] struct {
	Modules []ModuleAnswer[R] // in the order in which they were asked for
	Up      bool              // the device answers
	Lost    error             // the failure of the session that hides all results
	Silent  bool              // the device looks silent, which hides all results
	GaveUp  bool              // the budget ended while the scrape still waited
}

// Peek returns what a scrape that does not wait would get. It starts no read.
func (s *Schedule[R]) Peek(modules []Module, keepFor time.Duration) Answer[R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer(modules, keepFor, func(string, *module[R]) bool { return false })
}

// answer gathers what there is of modules. It leaves out failures of modules that retried reports as being read again.
func (s *Schedule[R]) answer(modules []Module, keepFor time.Duration, retried func(string, *module[R]) bool) Answer[R] {
	a := Answer[R]{Lost: s.lost, Silent: s.current != nil && s.current.silent}
	for _, wanted := range modules {
		share := ModuleAnswer[R]{Module: wanted.Name}
		if m := s.modules[wanted.Name]; m != nil {
			limit := wanted.MaxAge + keepFor
			share.Last, share.FailedSince = m.at, m.failedSince
			switch {
			case s.visible(m, limit):
				share.State, share.Result = Complete, m.last
				a.Up = a.Up || wanted.Name != Connect
			case m.failed() && !s.hidden() && !retried(wanted.Name, m) && time.Since(m.failedAt) < limit:
				share.State, share.Result = Failed, m.failure
				a.Up = a.Up || m.answered
			}
		}
		a.Modules = append(a.Modules, share)
	}
	return a
}
