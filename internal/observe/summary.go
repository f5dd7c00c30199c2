package observe

import (
	"cmp"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/facts"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// State says in one word how a target is.
type State string

// The states of a target.
const (
	Up      State = "up"
	NoData  State = "no_data" // it answers, and there is nothing to read
	Backoff State = "backoff" // not tried, because a login was refused a short while ago
	Down    State = "down"
	Unknown State = "unknown" // not read yet
)

// States are all states, those to look at first.
func States() []State { return []State{Down, Backoff, NoData, Unknown, Up} }

// Summary is what is known of a target without asking it.
type Summary struct {
	Name            string            `json:"name"`
	Address         string            `json:"address" doc:"What is dialled."`
	Auth            string            `json:"auth"`
	Transport       config.Transport  `json:"transport" enum:"ssh,tls,restconf"`
	ProxyJump       string            `json:"proxy_jump,omitempty" doc:"Jump host through which it is reached."`
	Labels          map[string]string `json:"labels"`
	State           State             `json:"state" enum:"up,no_data,backoff,down,unknown"`
	Reason          string            `json:"reason,omitempty" doc:"Why it gave no data: the reason of netconf_scrape_failure."`
	Error           string            `json:"error,omitempty" doc:"What is wrong and what to do about it."`
	LastRead        *time.Time        `json:"last_read,omitempty" doc:"When the last read ended."`
	DurationSeconds *float64          `json:"duration_seconds,omitempty" doc:"How long the last read took."`
	Interfaces      int               `json:"interfaces"`
	Samples         int               `json:"samples"`
	Skipped         int               `json:"skipped" doc:"Values of the last read that were left out, because they are invalid or implausible."`
	SessionStart    *time.Time        `json:"session_start,omitempty"`
	LoginRetry      *time.Time        `json:"login_retry,omitempty" doc:"When a refused login is tried again."`
	Origin          config.Origin     `json:"origin" enum:"file,source,api"`
	Vendor          string            `json:"vendor,omitempty"`
	Model           string            `json:"model,omitempty"`
	Reading         *Reading          `json:"reading,omitempty" doc:"The read in flight."`
}

// Reading is how far a read in flight has come.
type Reading struct {
	ElapsedSeconds float64 `json:"elapsed_seconds"`
	BudgetSeconds  float64 `json:"budget_seconds" doc:"When it is given up."`
	Module         string  `json:"module,omitempty" doc:"What is being read."`
	Done           int     `json:"done" doc:"Modules that have been read."`
	Modules        int     `json:"modules" doc:"Modules of the read."`
	Bytes          int64   `json:"bytes" doc:"Received so far."`
	Rows           int64   `json:"rows" doc:"Decoded so far."`
}

// Summary is what is known of a target.
func (o *Observer) Summary(t *collector.Target) Summary { return o.summary(t.Config(), t.Status()) }

func (o *Observer) summary(c *config.Target, s collector.Status) Summary {
	system := o.System(c.Name)
	sum := Summary{
		Name: c.Name, Address: c.HostPort(), Auth: c.Auth, Transport: c.Over(), Labels: c.Labels, Origin: c.Origin, Vendor: system.Vendor, Model: system.Model,
		State: state(s), Reason: string(s.Reason), Error: cmp.Or(s.Err, s.Note), Interfaces: s.Interfaces, Samples: s.Samples, Skipped: s.Skipped,
		LastRead: at(s.LastRead), SessionStart: at(s.SessionSince),
	}
	if c.ProxyJump != nil {
		sum.ProxyJump = *c.ProxyJump
	}
	if sum.Labels == nil {
		sum.Labels = map[string]string{}
	}
	if sum.Origin == "" {
		sum.Origin = config.OriginFile
	}
	if sum.LastRead != nil {
		sum.DurationSeconds = new(s.Duration.Seconds())
	}
	if time.Until(s.LoginRetry) > 0 {
		sum.LoginRetry = at(s.LoginRetry)
	}
	if r := s.Reading; r != nil {
		sum.Reading = &Reading{
			ElapsedSeconds: r.Elapsed.Seconds(), BudgetSeconds: time.Duration(*c.Timeout).Seconds(), Module: r.Module, Done: r.Ended, Modules: len(r.Modules),
			Bytes: r.Bytes, Rows: r.Rows,
		}
	}
	return sum
}

func state(s collector.Status) State {
	switch {
	case s.State == collector.StateWaiting:
		return Unknown
	case s.State == collector.StateUp && s.Samples == 0:
		return NoData
	case s.State == collector.StateUp:
		return Up
	case s.Reason == session.ReasonBackoff, s.Reason == session.ReasonAuth && time.Until(s.LoginRetry) > 0:
		return Backoff
	}
	return Down
}

// at is a time for JSON; nil for none.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// Read is what became of a read.
type Read struct {
	Target          string     `json:"target"`
	State           State      `json:"state" enum:"up,no_data,backoff,down,unknown"`
	Reason          string     `json:"reason,omitempty"`
	Error           string     `json:"error,omitempty"`
	LastRead        *time.Time `json:"last_read,omitempty"`
	DurationSeconds float64    `json:"duration_seconds"`
	Interfaces      int        `json:"interfaces"`
	Samples         int        `json:"samples"`
	Skipped         int        `json:"skipped"`
}

// NewRead is the event of a read that has ended.
func NewRead(name string, s collector.Status) Read {
	return Read{
		Target: name, State: state(s), Reason: string(s.Reason), Error: cmp.Or(s.Err, s.Note), LastRead: at(s.LastRead), DurationSeconds: s.Duration.Seconds(),
		Interfaces: s.Interfaces, Samples: s.Samples, Skipped: s.Skipped,
	}
}

// Detail is everything that is known of a target without asking it.
type Detail struct {
	Summary
	System       System   `json:"system"`
	Modules      []Module `json:"modules"`
	Capabilities int      `json:"capabilities" doc:"Capabilities that the device announced in its hello."`
	Timeline     []Event  `json:"timeline" doc:"Of the last read."`
}

// System is what the target is, and which modules say so.
type System struct {
	facts.System
	ReadBy []string `json:"read_by" doc:"Modules that gave it."`
}

// Module is what is known of one module of a target.
type Module struct {
	Name            string     `json:"name"`
	Provides        string     `json:"provides,omitempty"`
	Why             string     `json:"why" doc:"Why it was chosen."`
	Success         bool       `json:"success" doc:"Its last read was complete."`
	Reason          string     `json:"reason,omitempty"`
	Error           string     `json:"error,omitempty"`
	Samples         int        `json:"samples"`
	Skipped         int        `json:"skipped"`
	Bytes           int64      `json:"bytes" doc:"Size of the replies."`
	LastRead        *time.Time `json:"last_read,omitempty" doc:"When it was last read in full."`
	AgeSeconds      *float64   `json:"age_seconds,omitempty" doc:"Age of the result that is served."`
	DurationSeconds float64    `json:"duration_seconds"`
}

// Event is one step of a read.
type Event struct {
	Phase           string  `json:"phase"`
	Within          string  `json:"within,omitempty" doc:"Phase that the step is part of."`
	StartSeconds    float64 `json:"start_seconds" doc:"Since the read began."`
	DurationSeconds float64 `json:"duration_seconds"`
	Detail          string  `json:"detail,omitempty"`
}

// Detail is what is known of a target.
func (o *Observer) Detail(t *collector.Target) Detail {
	s := t.Status()
	d := Detail{
		Summary: o.summary(t.Config(), s), Modules: []Module{}, Timeline: []Event{}, Capabilities: t.Capabilities(),
		System: System{o.System(t.Name()), []string{}},
	}
	for _, m := range s.Modules {
		one := Module{
			Name: m.Name, Provides: m.Provides, Why: m.Why, Success: m.Success, Reason: string(m.Reason), Error: m.Err, Samples: m.Samples,
			Skipped: m.Skipped, Bytes: m.Bytes, LastRead: at(m.LastRead), DurationSeconds: m.Duration.Seconds(),
		}
		if m.Note != "" {
			one.Why += "; " + m.Note
		}
		if one.LastRead != nil {
			one.AgeSeconds = new(time.Since(m.LastRead).Seconds())
		}
		if m.Samples > 0 && (m.Provides == "system" || m.Provides == "hardware") {
			d.System.ReadBy = append(d.System.ReadBy, m.Name)
		}
		d.Modules = append(d.Modules, one)
	}
	for _, e := range s.Timeline {
		d.Timeline = append(d.Timeline, Event{
			Phase: e.Phase, Within: e.Within, StartSeconds: e.Start.Seconds(), DurationSeconds: e.Duration.Seconds(), Detail: e.Detail,
		})
	}
	return d
}
