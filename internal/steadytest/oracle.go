package steadytest

import (
	"fmt"
	"slices"
	"time"
)

// oracle judges what scrapers saw by the record of what the device was asked, with the rules of steadiness alone.
type oracle struct {
	*World
	asks    map[string][]*Ask // by module
	answers []time.Time       // of the device, in order
	faults  []string
}

// Judge returns what goes against the rules.
func (w *World) Judge() []string {
	o := &oracle{World: w, asks: map[string][]*Ask{}}
	for _, r := range w.reads {
		for _, a := range r.Asks {
			if a.Kind == Lost {
				a.Ended = r.Ended
			}
			if a.Kind <= Refused {
				o.answers = append(o.answers, a.Ended)
			}
			o.asks[a.Module] = append(o.asks[a.Module], a)
		}
	}
	o.judgeReads()
	for _, s := range w.scrapes {
		o.judgeScrape(s)
	}
	return o.faults
}

func (o *oracle) fault(s *Scrape, format string, args ...any) {
	where := ""
	if s != nil {
		where = fmt.Sprintf("scrape at %v until %v of %v within %v, given %v, up %v: ", s.Arrived.Sub(o.Began), s.Left.Sub(o.Began),
			s.Asked, s.Budget, s.names(), s.Up)
	}
	o.faults = append(o.faults, where+fmt.Sprintf(format, args...))
}

func (s *Scrape) names() (names []string) {
	for name := range s.Given {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// last is the last time that the device was asked for a module which ended by a time; nil if there is none.
func (o *oracle) last(name string, by time.Time) (last *Ask) {
	for _, a := range o.asks[name] {
		if !a.Ended.After(by) {
			last = a
		}
	}
	return last
}

// longest is the longest of the last ten durations of a module, from the begin of the read.
func (o *oracle) longest(name string, by time.Time) (longest time.Duration, known bool) {
	var all []time.Duration
	for _, a := range o.asks[name] {
		if !a.Ended.After(by) && a.Kind <= Refused {
			all = append(all, a.Ended.Sub(a.read.Began))
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
func (o *oracle) flying(at time.Time) *Read {
	for _, r := range o.reads {
		if !r.Began.After(at) && r.Ended.After(at) {
			return r
		}
	}
	return nil
}

// down reports whether the session has failed and the device not answered since (rule 2).
func (o *oracle) down(at time.Time) bool {
	for _, r := range o.reads {
		if !r.Ended.After(at) && o.lost(r) && !o.answered(r.Ended, at) {
			return true
		}
	}
	return false
}

// lost reports whether the session failed in a read: it was lost, or the device did not answer where it had answered before.
func (o *oracle) lost(r *Read) bool {
	if len(r.Asks) == 0 {
		return false
	}
	last := r.Asks[len(r.Asks)-1]
	return last.Kind == Lost || last.Kind == TimedOut && o.answeredLast(last.Module, r.Began)
}

// looksSilent reports whether a scrape has given up on the read in flight, which took longer than the last ten (rule 1), and the
// device has answered nothing since.
func (o *oracle) looksSilent(at time.Time) bool {
	r := o.flying(at)
	if r == nil {
		return false
	}
	for _, s := range o.scrapes {
		spent := s.Left.Sub(s.Arrived) >= s.Budget
		if !spent || s.Left.After(at) || s.Left.Before(r.Began) || o.answered(s.Arrived, at) {
			continue
		}
		name := r.current(s.Left)
		longest, known := o.longest(name, s.Left)
		if known && o.answeredLast(name, s.Left) && longest <= s.Budget && longest <= s.Left.Sub(r.Began) {
			return true
		}
	}
	return false
}

// answeredLast reports whether the device answered the last time that a module was read, other sessions' losses aside.
func (o *oracle) answeredLast(name string, by time.Time) (answered bool) {
	for _, a := range o.asks[name] {
		if !a.Ended.After(by) && a.Kind != Lost {
			answered = a.Kind <= Refused
		}
	}
	return answered
}

// current is the module that is read at a time.
func (r *Read) current(at time.Time) (name string) {
	for i, a := range r.Asks {
		if i == 0 || !a.At.After(at) {
			name = a.Module
		}
	}
	return name
}

// servable reports whether there is a result of a module that a scrape must be given (rules 1 and 2).
func (o *oracle) servable(m Module, at time.Time) bool {
	last := o.last(m.Name, at)
	return last != nil && o.good(m.Name, at) != nil && !o.down(at) && !o.looksSilent(at) &&
		at.Sub(o.good(m.Name, at).Ended) < m.MaxAge+max(5*time.Minute, 3*o.Timeout)
}

// good is the last time that a module was complete, if none failed since.
func (o *oracle) good(name string, at time.Time) (good *Ask) {
	for _, a := range o.asks[name] {
		switch {
		case a.Ended.After(at) || a.Kind == Lost:
		case a.Kind == Complete:
			good = a
		default:
			good = nil
		}
	}
	return good
}

func (o *oracle) fresh(m Module, at time.Time) bool {
	good := o.good(m.Name, at)
	return good != nil && at.Sub(good.Ended) < m.MaxAge && !o.down(at)
}

// judgeReads checks rule 4.
func (o *oracle) judgeReads() {
	for i, r := range o.reads {
		if i > 0 && r.Began.Before(o.reads[i-1].Ended) {
			o.fault(nil, "there are two reads at %v", r.Began.Sub(o.Began))
		}
		for _, a := range r.Asks {
			var before time.Time
			if last := o.last(a.Module, r.Began); last != nil && last != a {
				before = last.Ended
			}
			if !slices.ContainsFunc(o.scrapes, func(s *Scrape) bool {
				return !s.Arrived.After(r.Began) && (before.IsZero() || !s.Left.Before(before)) && asks(s.Asked, a.Module)
			}) {
				o.fault(nil, "%s is read at %v, and nobody has asked for it since %v", a.Module, r.Began.Sub(o.Began), before.Sub(o.Began))
			}
		}
	}
}

// asks reports whether a module is among some, whatever its content.
func asks(modules []Module, name string) bool {
	return slices.ContainsFunc(modules, func(m Module) bool { return Base(m.Name) == Base(name) })
}

func (o *oracle) judgeScrape(s *Scrape) {
	for _, m := range s.Asked {
		o.judgeGiven(s, m)
	}
	for name := range s.Given {
		if !slices.ContainsFunc(s.Asked, func(m Module) bool { return m.Name == name }) {
			o.fault(s, "%s is given and was not asked for (rule 5)", name)
		}
	}
	if s.Up && (o.down(s.Left) || o.looksSilent(s.Left)) {
		o.fault(s, "it is up, and the device does not answer (rule 2)")
	} else if !s.Up && len(s.Given) > 0 {
		o.fault(s, "it is down with results")
	}
	if s.Reloaded {
		return
	}
	o.judgeWaiting(s)
	for _, m := range s.Asked {
		o.judgeRequest(s, m)
	}
}

// judgeGiven checks rules 1 and 2: what must be given is, and nothing else.
func (o *oracle) judgeGiven(s *Scrape, m Module) {
	must := o.servable(m, s.Left)
	switch at, given := s.Given[m.Name]; {
	case !given && must:
		o.fault(s, "%s is not given (rule 1)", m.Name)
	case given && !must:
		o.fault(s, "%s is given (rule 2)", m.Name)
	case given:
		if newest := o.good(m.Name, s.Left).Ended; at.Sub(newest).Abs() > time.Millisecond { // as exact as metrics tell it
			o.fault(s, "%s is of %v, the newest of %v", m.Name, at.Sub(o.Began), newest.Sub(o.Began))
		}
	}
}

// judgeWaiting checks rule 3: a scrape waits for what it has no result of, and for what will be read within its budget.
func (o *oracle) judgeWaiting(s *Scrape) {
	waited := s.Left.Sub(s.Arrived)
	if waited > s.Budget {
		o.fault(s, "it lasted longer than its budget")
	}
	before := s.Arrived.Add(-time.Nanosecond) // the state that the scrape found
	r := o.flying(s.Arrived)
	mayWait, mustWait := false, time.Duration(0)
	others := 0
	for _, m := range s.Asked {
		if o.servable(m, before) {
			others++
		}
	}
	for _, m := range s.Asked {
		if o.fresh(m, before) {
			continue
		}
		end, covered := time.Time{}, false
		for _, a := range o.asks[m.Name] {
			if a.read == r && r != nil && a.Ended.After(s.Arrived) {
				end, covered = a.Ended, true
			}
		}
		if r != nil && slices.Contains(r.rest, m.Name) {
			end, covered = r.Ended, true
		}
		last := o.last(m.Name, before)
		longest, _ := o.longest(m.Name, before)
		switch {
		case o.servable(m, before) && longest <= s.Budget && covered:
			mayWait, mustWait = true, max(mustWait, end.Sub(s.Arrived))
		case o.servable(m, before):
		case last != nil && last.Kind == TimedOut && !o.down(before) && others > 0: // one that is never answered holds nobody up
		default:
			mayWait = true
		}
	}
	if waited > 0 && !mayWait {
		o.fault(s, "it waited %v (rule 3)", waited)
	}
	if waited < min(mustWait, s.Budget) && !o.looksSilent(before) && !o.down(before) {
		o.fault(s, "it left after %v, and what it asked for comes after %v", waited, mustWait)
	}
}

// judgeRequest checks rule 4: what is asked for is read in the read in flight or in the next one.
func (o *oracle) judgeRequest(s *Scrape, m Module) {
	if o.fresh(m, s.Arrived.Add(-time.Nanosecond)) {
		return
	}
	r := o.flying(s.Arrived)
	for n := range 2 {
		if r == nil {
			break
		}
		for _, a := range r.Asks { // perhaps under another name since
			if Base(a.Module) == Base(m.Name) && !a.Ended.Before(s.Arrived) {
				return
			}
		}
		if asks(Modules(slices.Concat(r.rest, r.passed)...), m.Name) {
			return
		}
		if n == 0 {
			if o.fresh(m, r.Ended) { // the device has come back meanwhile
				return
			}
			r = o.flying(r.Ended)
		}
	}
	o.fault(s, "%s is asked for and not read (rule 4)", m.Name)
}
