package schedule

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// Read is one read of a target. The reader calls Next until there is no module left, reports the result of each module, and then
// calls End.
type Read[R any] struct {
	Began time.Time

	schedule *Schedule[R]
	done     chan struct{} // closed by End

	modules   []Module  // in the order in which they are read; the schedule's mutex guards this and the following fields
	next      int       // index of the module that Next gives next
	asked     time.Time // when Next gave the last one; zero before
	ended     map[string]bool
	answered  bool // the device has answered
	silent    bool // the device looks silent
	outlasted bool // a scrape has left before the read of one of its modules ended
	timedOut  bool
	lost      bool
}

// begin starts a read. Modules that timed out come last, so that one that is never answered costs the others nothing; those
// known to be quick do not wait behind slow ones.
func (s *Schedule[R]) begin(modules []Module) {
	rank := func(of Module) int {
		m := s.module(of.Name)
		switch {
		case of.Name == Connect:
			return -1
		case m.timedOut:
			return 100
		case m.reads == 0:
			return 99
		}
		return bits.Len64(uint64(m.longest() / time.Second))
	}
	modules = slices.Clone(modules)
	slices.SortStableFunc(modules, func(a, b Module) int { return cmp.Compare(rank(a), rank(b)) })
	s.current = &Read[R]{Began: time.Now(), schedule: s, done: make(chan struct{}), modules: modules, ended: map[string]bool{}}
	s.start(s.current)
}

// covers reports whether the module is still to be read, or is being read. r may be nil.
func (r *Read[R]) covers(name string) bool {
	return r != nil && !r.ended[name] && names(r.modules, name)
}

// over reports whether nothing is left to be read: the next read begins in an instant.
func (r *Read[R]) over() bool { return r.next == len(r.modules) && len(r.ended) == len(r.modules) }

// module is the one that is being read, or the first before any is.
func (r *Read[R]) module() string {
	return r.modules[min(max(r.next-1, 0), len(r.modules)-1)].Name
}

// waited is for how long the device has been asked for the module that is being read.
func (r *Read[R]) waited() time.Duration {
	if r.asked.IsZero() {
		return 0
	}
	return time.Since(r.asked)
}

// Next returns the module to read now. It skips modules whose last result is fresh.
func (r *Read[R]) Next() (name string, ok bool) {
	s := r.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	for r.next < len(r.modules) {
		wanted := r.modules[r.next]
		r.next++
		if s.lost == nil && s.module(wanted.Name).fresh(wanted.MaxAge) {
			r.end(wanted.Name)
			s.notify()
			continue
		}
		r.asked = time.Now()
		return wanted.Name, true
	}
	return "", false
}

// Answered notes that the device has answered: earlier results are served again.
func (r *Read[R]) Answered() {
	r.schedule.mu.Lock()
	defer r.schedule.mu.Unlock()
	r.answer()
}

func (r *Read[R]) answer() {
	s := r.schedule
	s.answers++
	if s.hidden() {
		defer s.notify()
	}
	r.answered, r.silent, s.lost = true, false, nil
}

// Complete ends the read of a module with its result.
func (r *Read[R]) Complete(name string, result R) {
	r.finish(name, func(m *module[R]) {
		if name != Connect {
			r.answer()
		}
		var none R
		m.last, m.failure, m.at, m.dropped = result, none, time.Now(), false
		m.failedSince, m.timedOut = time.Time{}, false
		m.took(time.Since(r.Began))
	})
}

// Fail ends the read of a module that failed for a reason of its own: it hides the module's results and no others.
// answered says that the device did answer.
func (r *Read[R]) Fail(name string, result R, answered bool) {
	r.finish(name, func(m *module[R]) {
		if answered {
			r.answer()
			m.took(time.Since(r.Began))
		}
		m.fail(result, answered)
		m.timedOut = false
	})
}

// TimeOut ends the read of a module that the device did not answer in time. If it answered the last time, the device has
// fallen silent, which hides the results of all modules; if not, that may be the module's own fault.
func (r *Read[R]) TimeOut(name string, result R, err error) (silent bool) {
	r.finish(name, func(m *module[R]) {
		r.timedOut, silent = true, m.answers()
		if silent {
			r.schedule.lost = err
		}
		m.fail(result, false)
		m.timedOut = true
	})
	return silent
}

func (m *module[R]) fail(result R, answered bool) {
	var none R
	m.last, m.failure, m.failedAt, m.answered = none, result, time.Now(), answered // the last one is hidden from now on
	if m.failedSince.IsZero() {
		m.failedSince = m.failedAt
	}
}

// Lose notes that the session failed, which hides the results of all modules until the device answers again.
func (r *Read[R]) Lose(err error) {
	r.schedule.mu.Lock()
	defer r.schedule.mu.Unlock()
	r.lost = true
	r.schedule.lost = err
}

// Lag makes the target lagging, as a read that timed out does.
func (r *Read[R]) Lag() {
	r.schedule.mu.Lock()
	defer r.schedule.mu.Unlock()
	r.timedOut = true
}

// Abandon removes the modules that have not been read yet, because what is to be read has changed. Scrapes that wait ask again.
func (r *Read[R]) Abandon() {
	r.schedule.mu.Lock()
	defer r.schedule.mu.Unlock()
	for _, m := range r.modules {
		r.ended[m.Name] = true
	}
	r.next = len(r.modules)
}

// finish ends the read of a module.
func (r *Read[R]) finish(name string, note func(*module[R])) {
	s := r.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	note(s.module(name))
	r.end(name)
	s.notify()
}

func (r *Read[R]) end(name string) {
	if !r.ended[name] {
		r.schedule.module(name).ended++
	}
	r.ended[name] = true
}

// longFailure is how long a failed read must have taken to make the target lagging.
const longFailure = time.Second

// End ends the read, and starts the next one if modules are pending.
func (r *Read[R]) End() {
	s := r.schedule
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range r.modules {
		r.end(m.Name)
	}
	s.lagging = r.timedOut || r.lost && time.Since(r.Began) > longFailure
	s.current = nil
	close(r.done)
	pending := slices.DeleteFunc(s.pending, func(m Module) bool { // the device has answered since it was asked for
		fresh := s.lost == nil && s.module(m.Name).fresh(m.MaxAge)
		if fresh {
			s.module(m.Name).ended++
		}
		return fresh
	})
	s.pending = nil
	if len(pending) > 0 {
		s.begin(pending)
	}
	s.notify()
}

// Progress is how far the read in flight has come.
type Progress struct {
	Began   time.Time
	Module  string   // that is being read
	Ended   int      // modules that have been read
	Modules []string // of the read, in order
}

// Progress describes the read in flight; false if there is none.
func (s *Schedule[R]) Progress() (Progress, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return Progress{}, false
	}
	p := Progress{Began: s.current.Began, Module: s.current.module(), Ended: len(s.current.ended)}
	for _, m := range s.current.modules {
		p.Modules = append(p.Modules, m.Name)
	}
	return p, true
}
