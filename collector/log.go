package collector

import (
	"cmp"
	"errors"
	"sync"
	"syscall"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// problem identifies a failure that is logged once, when it begins. The text does not: it may have other times and ids each time.
type problem struct {
	reason session.Reason
	module string // "" for the device as a whole
	told   bool   // already logged for the jump host or proxy, for all targets behind it
}

func newProblem(module string, err error) problem {
	return problem{session.ReasonOf(err), module, session.Told(err)}
}

// problems are those that were logged and are not over.
type problems map[problem]bool

// of returns the problem of a module, or of the device (""); false if there is none.
func (p problems) of(module string) (problem, bool) {
	for known := range p {
		if known.module == module {
			return known, true
		}
	}
	return problem{}, false
}

// replace sets the problem of a module, or of the device (""); a nil err clears it. It reports whether err is to be logged.
func (p problems) replace(module string, err error) (news bool) {
	now := newProblem(module, err)
	known, had := p.of(module)
	delete(p, known)
	if err != nil {
		p[now] = true
	}
	return err != nil && !(had && known == now)
}

// own counts the problems that are the device's own.
func (p problems) own() (n int) {
	for known := range p {
		if !known.told {
			n++
		}
	}
	return n
}

// logRead logs the new failures of a read, and the end of all failures.
func (t *Target) logRead(r *reading) {
	if t.life.Err() != nil { // the target is being closed
		return
	}
	var news []error
	note := func(module string, err error) {
		if t.problems.replace(module, err) {
			news = append(news, err)
		}
	}
	t.mu.Lock()
	before := t.problems.own()
	for p := range t.problems {
		if _, configured := r.settings.modules.byName[p.module]; !configured && p.module != "" && p.module != auto {
			delete(t.problems, p)
		}
	}
	if r.lost != nil || r.alive {
		note("", r.lost)
	}
	for _, got := range r.results {
		ofDevice := newProblem("", got.err)
		switch {
		case !t.problems[ofDevice]:
			note(got.module, got.err)
		case r.lost == nil: // a scrape logged it before the read ended
			delete(t.problems, ofDevice)
			t.problems.replace(got.module, got.err)
		}
	}
	well := before > 0 && t.problems.own() == 0
	t.mu.Unlock()
	for _, err := range news {
		t.logFailure(err)
	}
	if well {
		t.logger.Info("the target is read again in full")
	}
}

// logNoAnswer logs that a scrape got nothing from the device, unless the log says already what is wrong with it. The read may
// go on for long, and the log would say nothing until it ends.
func (t *Target) logNoAnswer(err error) {
	t.mu.Lock()
	_, known := t.problems.of("")
	for p := range t.problems { // a module that is never answered
		known = known || p.reason == session.ReasonOf(err)
	}
	news := !known && t.problems.replace("", err)
	t.mu.Unlock()
	if news {
		t.logFailure(err)
	}
}

// logDropped logs that what was kept of the device was given up.
func (t *Target) logDropped(err error) {
	t.mu.Lock()
	news := t.problems.replace("", err)
	t.mu.Unlock()
	if news {
		t.logFailure(err)
	}
}

// scarcity limits how often the log says that file descriptors have run out: the cause is the same for all targets.
type scarcity struct {
	mu   sync.Mutex
	told time.Time
}

// scarcityEvery is the time between two such log lines.
const scarcityEvery = 10 * time.Minute

func (s *scarcity) tell() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.told) < scarcityEvery {
		return false
	}
	s.told = time.Now()
	return true
}

func (t *Target) logFailure(err error) {
	if (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) && !t.scarcity.tell() {
		t.logger.Debug("reading the target failed", "err", err)
		return
	}
	if session.Told(err) {
		t.logger.Debug("the target is not reached", "err", err)
		return
	}
	t.logger.Warn("reading the target failed", "err", err, "reason", string(cmp.Or(session.ReasonOf(err), ReasonRPC)))
}
