package schedule_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
)

// The oracle judges what scrapers saw by the record of what the device was asked, with the rules of steadiness alone. It shares
// no code with the schedule and knows no state of it.
type oracle struct {
	*world
	attempts map[string][]attempt
	answers  []time.Time // in order
	faults   []string
}

// attempt is one read of one module.
type attempt struct {
	read  *record
	asked time.Time
	ended time.Time // of the module, or of the read that broke off in it
	kind  outcome
}

type outcome int

const (
	complete outcome = iota
	refused          // an error that the device answered with
	timedOut
	broken // the session was lost in it
)

func (w *world) judge() []string {
	o := &oracle{world: w, attempts: map[string][]attempt{}}
	for _, r := range w.reads {
		for i, name := range r.modules {
			a := attempt{read: r, asked: r.asked[i], ended: r.ended, kind: broken}
			for _, got := range r.results {
				switch {
				case got.module != name:
				case r.timedOut == name:
					a.ended, a.kind = got.at, timedOut
				case got.failed:
					a.ended, a.kind = got.at, refused
				default:
					a.ended, a.kind = got.at, complete
				}
			}
			if a.kind <= refused {
				o.answers = append(o.answers, a.ended)
			}
			o.attempts[name] = append(o.attempts[name], a)
		}
	}
	slices.SortFunc(o.answers, time.Time.Compare)
	o.judgeReads()
	for i := range w.scrapes {
		o.judgeScrape(&w.scrapes[i])
	}
	return o.faults
}

func (o *oracle) fault(s *seen, format string, args ...any) {
	where := ""
	if s != nil {
		where = fmt.Sprintf("scrape at %v until %v of %v within %v, given %v, up %v, lost %v, silent %v: ", s.arrived.Sub(o.began), s.left.Sub(o.began),
			s.asked, s.budget, s.carried(), s.answer.Up, s.answer.Lost, s.answer.Silent)
	}
	o.faults = append(o.faults, where+fmt.Sprintf(format, args...))
}

// last is the last attempt at a module that ended by a time; nil if there is none.
func (o *oracle) last(name string, by time.Time) *attempt {
	var last *attempt
	for i, a := range o.attempts[name] {
		if !a.ended.After(by) && (last == nil || !a.ended.Before(last.ended)) {
			last = &o.attempts[name][i]
		}
	}
	return last
}

// attempt is a read's attempt at a module.
func (o *oracle) attempt(r *record, name string) *attempt {
	i := slices.IndexFunc(o.attempts[name], func(a attempt) bool { return a.read == r })
	return &o.attempts[name][i]
}

// longest is the longest of the last ten durations of a module, from the begin of the read.
func (o *oracle) longest(name string, by time.Time) (longest time.Duration, known bool) {
	var all []time.Duration
	for _, a := range o.attempts[name] {
		if !a.ended.After(by) && a.kind <= refused {
			all = append(all, a.ended.Sub(a.read.began))
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	return slices.Max(all[max(0, len(all)-10):]), true
}

// answered reports whether the device answered anything after one time and by another.
func (o *oracle) answered(after, by time.Time) bool {
	return slices.ContainsFunc(o.answers, func(at time.Time) bool { return at.After(after) && !at.After(by) })
}

// flying is the read in flight at a time, one that begins then included; nil if there is none.
func (o *oracle) flying(at time.Time) *record {
	for _, r := range o.reads {
		if !r.began.After(at) && r.ended.After(at) {
			return r
		}
	}
	return nil
}

// down reports whether the session has failed and the device not answered since (rule 2).
func (o *oracle) down(at time.Time) bool {
	for _, r := range o.reads {
		if r.lost && !r.ended.After(at) && !o.answered(r.ended, at) {
			return true
		}
	}
	return false
}

// looksSilent reports whether a scrape has given up on the read in flight, which took longer than the last ten (rule 1), and the
// device has answered nothing since.
func (o *oracle) looksSilent(at time.Time) bool {
	r := o.flying(at)
	if r == nil {
		return false
	}
	for i := range o.scrapes {
		s := &o.scrapes[i]
		spent := s.left.Sub(s.arrived) >= s.budget
		if !spent || s.left.After(at) || s.left.Before(r.began) || o.answered(s.arrived, at) {
			continue
		}
		name := r.current(s.left)
		longest, known := o.longest(name, s.left)
		if known && o.answeredLast(name, s.left) && longest <= s.budget && longest <= s.left.Sub(r.began) {
			return true
		}
	}
	return false
}

// answeredLast reports whether the device answered the last time that a module was read, other sessions' losses aside.
func (o *oracle) answeredLast(name string, by time.Time) (answered bool) {
	for _, a := range o.attempts[name] {
		if !a.ended.After(by) && a.kind != broken {
			answered = a.kind <= refused
		}
	}
	return answered
}

// current is the module that is read at a time.
func (r *record) current(at time.Time) string {
	name := ""
	for i, asked := range r.asked {
		if i == 0 || !asked.After(at) {
			name = r.modules[i]
		}
	}
	return name
}

// servable reports whether there is a result of a module that a scrape must be given (rules 1 and 2).
func (o *oracle) servable(m schedule.Module, at time.Time) bool {
	last := o.last(m.Name, at)
	return last != nil && o.good(m.Name, at) != nil && !o.down(at) && !o.looksSilent(at) &&
		at.Sub(o.good(m.Name, at).ended) < m.MaxAge+max(5*time.Minute, 3*o.timeout)
}

// good is the last complete attempt at a module, if none failed since. One that was not reached does not count as failed.
func (o *oracle) good(name string, at time.Time) *attempt {
	var good *attempt
	for i, a := range o.attempts[name] {
		switch {
		case a.ended.After(at) || a.kind == broken:
		case a.kind == complete:
			good = &o.attempts[name][i]
		default:
			good = nil
		}
	}
	return good
}

func (o *oracle) fresh(m schedule.Module, at time.Time) bool {
	good := o.good(m.Name, at)
	return good != nil && at.Sub(good.ended) < m.MaxAge && !o.down(at)
}

// judgeReads checks rule 4, and who is to blame for a timeout (rule 2).
func (o *oracle) judgeReads() {
	if o.parallel > 1 {
		o.fault(nil, "%d reads at a time", o.parallel)
	}
	for _, r := range o.reads {
		for _, name := range r.modules {
			var before time.Time
			for _, a := range o.attempts[name] {
				if a.read != r && !a.ended.After(r.began) {
					before = a.ended
				}
			}
			if !slices.ContainsFunc(o.scrapes, func(s seen) bool {
				return !s.arrived.After(r.began) && (before.IsZero() || !s.left.Before(before)) && asks(s.asked, name)
			}) {
				o.fault(nil, "%s is read at %v, and nobody has asked for it since %v", name, r.began.Sub(o.began), before.Sub(o.began))
			}
		}
		if r.timedOut == "" {
			continue
		}
		var before *attempt
		for i, a := range o.attempts[r.timedOut] {
			if a.read != r && a.ended.Before(r.ended) {
				before = &o.attempts[r.timedOut][i]
			}
		}
		if blamed := before != nil && before.kind <= refused; before != nil && before.kind != broken && r.lost != blamed {
			o.fault(nil, "the timeout of %s at %v hides all: %v, want %v", r.timedOut, r.ended.Sub(o.began), r.lost, blamed)
		}
	}
}

// asks reports whether a module is among some, whatever its content.
func asks(modules []schedule.Module, name string) bool {
	return slices.ContainsFunc(modules, func(m schedule.Module) bool { return base(m.Name) == base(name) })
}

func (o *oracle) judgeScrape(s *seen) {
	for _, share := range s.answer.Modules {
		i := slices.IndexFunc(s.asked, func(m schedule.Module) bool { return m.Name == share.Module })
		if i < 0 {
			o.fault(s, "%s was not asked for", share.Module)
			continue
		}
		o.judgeShare(s, s.asked[i], share)
	}
	if up := s.answer.Up; up && (o.down(s.left) || o.looksSilent(s.left)) {
		o.fault(s, "it is up, and the device does not answer (rule 2)")
	} else if !up && len(s.carried()) > 0 {
		o.fault(s, "it is down with results")
	}
	if s.reloaded {
		return
	}
	o.judgeWaiting(s)
	for _, m := range s.asked {
		o.judgeRequest(s, m)
	}
}

// judgeShare checks rules 1 and 2: what must be carried is, and nothing else.
func (o *oracle) judgeShare(s *seen, m schedule.Module, share schedule.Share[*result]) {
	must := o.servable(m, s.left)
	switch {
	case share.State != schedule.Complete && must:
		o.fault(s, "%s is not carried (rule 1)", m.Name)
	case share.State == schedule.Complete && !must:
		o.fault(s, "%s is carried (rule 2)", m.Name)
	case share.State == schedule.Complete:
		if newest := o.good(m.Name, s.left); !share.Result.at.Equal(newest.ended) || share.Result.module != m.Name {
			o.fault(s, "%s is of %v, the newest of %v", m.Name, share.Result.at.Sub(o.began), newest.ended.Sub(o.began))
		}
	}
}

// judgeWaiting checks rule 3: a scrape waits for what it has no result of, and for what will be read within its budget.
func (o *oracle) judgeWaiting(s *seen) {
	waited := s.left.Sub(s.arrived)
	if waited > s.budget {
		o.fault(s, "it lasted longer than its budget")
	}
	before := s.arrived.Add(-time.Nanosecond) // the state that the scrape found
	r := o.flying(s.arrived)
	mayWait, mustWait := false, time.Duration(0)
	others := 0
	for _, m := range s.asked {
		if o.servable(m, before) {
			others++
		}
	}
	for _, m := range s.asked {
		if o.fresh(m, before) {
			continue
		}
		end, covered := time.Time{}, false
		for _, a := range o.attempts[m.Name] {
			if a.read == r && r != nil && a.ended.After(s.arrived) {
				end, covered = a.ended, true
			}
		}
		if r != nil && slices.Contains(r.rest, m.Name) {
			end, covered = r.ended, true
		}
		last := o.last(m.Name, before)
		longest, _ := o.longest(m.Name, before)
		switch {
		case o.servable(m, before) && longest <= s.budget && covered:
			mayWait, mustWait = true, max(mustWait, end.Sub(s.arrived))
		case o.servable(m, before):
		case last != nil && last.kind == timedOut && !o.down(before) && others > 0: // one that is never answered holds nobody up
		default:
			mayWait = true
		}
	}
	if waited > 0 && !mayWait {
		o.fault(s, "it waited %v (rule 3)", waited)
	}
	if waited < min(mustWait, s.budget) && !o.looksSilent(before) && !o.down(before) {
		o.fault(s, "it left after %v, and what it asked for comes after %v", waited, mustWait)
	}
}

// judgeRequest checks rule 4: what is asked for is read in the read in flight or in the next one.
func (o *oracle) judgeRequest(s *seen, m schedule.Module) {
	if o.fresh(m, s.arrived.Add(-time.Nanosecond)) {
		return
	}
	r := o.flying(s.arrived)
	for n := range 2 {
		if r == nil {
			break
		}
		for i, name := range slices.Concat(r.modules, r.rest, r.passed) { // perhaps under another name since
			if base(name) == base(m.Name) && (i >= len(r.modules) || !o.attempt(r, name).ended.Before(s.arrived)) {
				return
			}
		}
		if n == 0 {
			if o.fresh(m, r.ended) { // the device has come back meanwhile
				return
			}
			r = o.flying(r.ended)
		}
	}
	o.fault(s, "%s is asked for and not read (rule 4)", m.Name)
}
