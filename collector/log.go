package collector

import (
	"cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// problem is what the log tells of once, when it comes up: the same error may come with other times and ids in its text.
type problem struct {
	reason session.Reason
	module string // "" for the device as a whole
}

// logRead logs what went wrong in a read and did not before, and when all is well again.
func (t *Target) logRead(r *reading) {
	if t.life.Err() != nil { // the target is being closed
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.logged)
	for p := range t.logged {
		_, configured := r.settings.modules.byName[p.module]
		if p.module != "" && p.module != auto && !configured {
			delete(t.logged, p)
		}
	}
	if r.lost != nil || r.alive {
		t.replaceProblem("", r.lost)
	}
	for _, got := range r.results {
		if !t.logged[problem{session.ReasonOf(got.err), ""}] { // else the log tells of it already
			t.replaceProblem(got.module, got.err)
		}
	}
	if before > 0 && len(t.logged) == 0 {
		t.logger.Info("the target is read again in full")
	}
}

// logNoAnswer logs that a scrape got nothing from the device, unless the log says already what is wrong with it. The read may
// go on for long, and the log would say nothing until it ends.
func (t *Target) logNoAnswer(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range t.logged {
		if p.module == "" {
			return
		}
	}
	t.replaceProblem("", err)
}

// replaceProblem makes err what is known to be wrong with a module, or with the device; nil if all is well. It is called
// under the lock.
func (t *Target) replaceProblem(module string, err error) {
	now := problem{session.ReasonOf(err), module}
	known := t.logged[now]
	for p := range t.logged {
		if p.module == module {
			delete(t.logged, p)
		}
	}
	if err == nil {
		return
	}
	t.logged[now] = true
	if !known {
		t.logger.Warn("reading the target failed", "err", err, "reason", string(cmp.Or(now.reason, ReasonRPC)))
	}
}
