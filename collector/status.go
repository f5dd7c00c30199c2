package collector

import (
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// State is the state of a target.
type State string

// The states of a target.
const (
	StateDown    State = "down"    // not reached, not logged in to, or no answer in time
	StateWaiting State = "waiting" // not read yet
	StateUp      State = "up"      // it answers
)

// Status is what a scrape of the configured modules would get now without waiting for the device.
type Status struct {
	State      State
	Reason     Reason    // of Err; "" if nothing is wrong
	Err        string    // what is wrong; "" if nothing is
	Note       string    // remark on a device that answers without data; "" if there is none
	LastRead   time.Time // when the last read ended; zero before the first
	Duration   time.Duration
	Timeline   []Event // of the read that most of the result is of, or of the last one if that failed
	Interfaces int
	Samples    int
	Skipped    int // values that the device sent and that were left out

	SessionSince time.Time // zero: no session
	LoginRetry   time.Time // when a refused login is tried again; zero: none was refused
	Modules      []ModuleStatus
	Reading      *ReadProgress // the read in flight; nil if none is
}

// ModuleStatus is what is known of one module of a target.
type ModuleStatus struct {
	Name, Provides string
	Why            string // why it is read
	Success        bool   // its last read was complete
	Reason         Reason
	Err            string
	Note           string // why it gives nothing, if the device does not announce what it reads
	Samples        int
	Skipped        int
	Bytes          int64         // of the replies
	Duration       time.Duration // of its last read
	LastRead       time.Time     // when it was last read in full; zero if it never was
	FailedSince    time.Time     // zero if its last read was complete
}

// ReadProgress is how far a read in flight has come.
type ReadProgress struct {
	Target  string
	Began   time.Time
	Elapsed time.Duration
	Module  string   // that is being read; "" while the target is connected to
	Modules []string // of the read, in order; none for a read that only connects
	Ended   int      // how many of them have been read
	Bytes   int64    // received so far
	Rows    int64    // decoded so far
}

// interfaceInfo is the metric of which each interface has one.
const interfaceInfo = "netconf_interface_info"

// Status never waits for the device.
func (t *Target) Status() Status {
	stats := t.client.Stats()
	answer := t.schedule.Peek(t.modules(nil), t.keepFor())
	s := Status{State: StateWaiting, SessionSince: stats.Start, LoginRetry: stats.LoginRetry, Reading: t.progress()}
	t.mu.Lock()
	last := t.lastRead
	t.mu.Unlock()
	if last != nil {
		s.State = StateDown
		s.LastRead, s.Duration, s.Timeline = last.ended, last.ended.Sub(last.trace.Began), last.trace.Events()
	}
	o := outcome{target: t, settings: t.settings.Load(), up: answer.Up, lastRead: map[string]time.Time{}, reasons: map[Reason]bool{}}
	for _, share := range answer.Modules {
		if share.Module != schedule.Connect {
			s.module(t, o.settings, share)
			o.take(share)
		} else if share.State == schedule.Complete && t.plan.nothingFits(o.settings.modules) {
			o.up, o.err = true, nothingFits(o.settings.config).err
		}
	}
	if o.read > 0 { // the last read may have been of a single module that the one before it left to read
		s.Duration = o.read
	}
	if trace := o.mostOf(); trace != nil && answer.Lost == nil {
		s.Timeline = trace.Events()
	}
	switch {
	case answer.Lost != nil:
		o.err = answer.Lost
	case answer.Silent:
		o.giveUp()
	}
	if o.err != nil {
		s.Reason, s.Err = session.ReasonOf(o.err), o.err.Error()
	}
	if o.up {
		s.State = StateUp
		s.Note = o.note()
	}
	return s
}

// module adds what is known of one module.
func (s *Status) module(t *Target, of *settings, share schedule.ModuleAnswer[*result]) {
	compiled := of.modules.byID[share.Module]
	if compiled == nil {
		return
	}
	m := ModuleStatus{
		Name: compiled.Name, Provides: compiled.Provides, Why: "named in the configuration", LastRead: share.Last, FailedSince: share.FailedSince,
	}
	switch {
	case slices.Contains(of.config.Modules, compiled.Name):
	case compiled.Provides == "":
		m.Why = "auto: it fits the device"
	default:
		m.Why = "auto: it provides " + compiled.Provides + ", and no better module that fits the device gives any"
	}
	if got := share.Result; got != nil {
		m.Success, m.Samples, m.Bytes, m.Duration = got.err == nil, got.Samples, got.bytes, got.duration
		m.Note = t.moduleNote(of, got)
		for _, n := range got.Skipped {
			m.Skipped += n
		}
		if got.err != nil {
			m.Reason, m.Err = session.ReasonOf(got.err), got.err.Error()
		}
		for _, family := range got.Families {
			if family.Metric.Name == interfaceInfo {
				s.Interfaces = max(s.Interfaces, len(family.Samples))
			}
		}
	}
	s.Samples += m.Samples
	s.Skipped += m.Skipped
	s.Modules = append(s.Modules, m)
}

// progress describes the read in flight; nil if there is none.
func (t *Target) progress() *ReadProgress {
	p, reading := t.schedule.Progress()
	if !reading {
		return nil
	}
	r := &ReadProgress{Target: t.Name(), Began: p.Began, Elapsed: time.Since(p.Began), Module: moduleName(p.Module), Ended: p.Ended}
	t.mu.Lock()
	if n := len(t.recent); n > 0 {
		r.Bytes, r.Rows = t.recent[n-1].bytes.Load(), t.recent[n-1].rows.Load()
	}
	t.mu.Unlock()
	for _, id := range p.Modules {
		if id != schedule.Connect {
			r.Modules = append(r.Modules, moduleName(id))
		}
	}
	return r
}

// Reads are the reads in flight, in the order of the configuration.
func (e *Exporter) Reads() (all []ReadProgress) {
	for _, t := range e.Targets() {
		if p := t.progress(); p != nil {
			all = append(all, *p)
		}
	}
	return all
}
