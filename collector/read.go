package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// reading is one read of a target, in a goroutine of its own.
type reading struct {
	*schedule.Read[*result]
	*readRecord
	target   *Target
	settings *settings
	alive    bool       // the device has answered
	answered bool       // the device has answered an rpc of the module that is being read
	use      *memoryUse // nil until there is memory for the read
	lost     error      // the session failed
	results  []*result  // nil once it has ended
}

// readRecord says when a read took place and how its time was spent. It is kept for a while, without the results.
type readRecord struct {
	trace       *session.Trace
	bytes, rows atomic.Int64 // so far, of all modules
	waiting     atomic.Bool  // for memory
	ended       time.Time    // zero until then; under the target's mutex
}

// result is what a read made of one module. It is not changed once it is published.
type result struct {
	module string
	decode.Result
	outran   bool  // it took longer than the module may, while the target had time left
	err      error // nil if it is complete
	bytes    int64
	duration time.Duration // of the module alone
	took     time.Duration // since the read began
	at       time.Time     // when it was read
	trace    *session.Trace
}

// start starts the read in its goroutine. The schedule calls it.
func (t *Target) start(r *schedule.Read[*result]) {
	rd := &reading{Read: r, target: t, settings: t.settings.Load(), readRecord: &readRecord{trace: session.NewTrace()}}
	t.mu.Lock()
	if len(t.recent) == recentReads {
		t.recent = append(t.recent[:0], t.recent[1:]...)
	}
	t.recent = append(t.recent, rd.readRecord)
	t.mu.Unlock()
	t.watchers.tell(Update{Target: rd.settings.config.Name, Kind: ReadBegan, Time: r.Began})
	go rd.run()
}

// recentReads is how many records of reads are kept, for the timelines of scrapes that saw them end.
const recentReads = 4

func (r *reading) run() {
	t := r.target
	ctx, cancel := context.WithTimeout(t.life, time.Duration(*r.settings.config.Timeout))
	defer cancel()
	r.read(ctx)
	t.logRead(r)
	r.endUse()
	err := r.failure()
	t.mu.Lock()
	r.ended = time.Now()
	if len(r.results) > 0 || r.lost != nil { // not one that only logged in
		t.lastRead = r.readRecord
	}
	r.results = nil // the schedule keeps those that are served
	t.mu.Unlock()
	r.End()
	t.watchers.tell(Update{Target: r.settings.config.Name, Kind: ReadEnded, Time: r.ended, Err: err})
}

// read connects and reads one module after the other, each published as soon as it is complete.
func (r *reading) read(ctx context.Context) {
	r.waiting.Store(true)
	use, ctx, err := r.target.use(ctx)
	r.waiting.Store(false)
	if err != nil {
		r.lose(err)
		return
	}
	r.use = use
	device, err := r.target.connect(ctx, r)
	if err != nil {
		r.lose(err)
		return
	}
	if r.target.plan.learn(device) {
		r.Abandon() // what auto stands for may have changed
		return
	}
	left := *r.settings.config.MaxSamples
	for id, ok := r.Next(); ok; id, ok = r.Next() {
		if id == schedule.Connect {
			r.connected(device)
			continue
		}
		m := r.settings.modules.byID[id]
		if m == nil { // a reload has removed it
			r.Abandon()
			return
		}
		got := r.readInTime(ctx, device, id, m, left)
		if !slices.Equal(r.settings.config.Filters, r.target.Config().Filters) { // a reload has changed which rows there are
			r.Abandon()
			return
		}
		left -= got.Samples
		if r.report(id, m, got); r.lost != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return
		}
	}
}

// connected ends the pseudo-module of that name.
func (r *reading) connected(d *device) {
	if r.target.plan.nothingFits(r.settings.modules) {
		r.alive = true
		r.Answered() // there is nothing else that it could answer
		r.results = append(r.results, nothingFits(r.settings.config))
	}
	r.Complete(schedule.Connect, &result{at: time.Now(), trace: r.trace})
}

// nothingFits is the result of auto on a device that has no module of ours.
func nothingFits(target *config.Target) *result {
	remedy := ""
	if target.Over() == config.TransportRESTCONF {
		remedy = "; over RESTCONF that is ietf-yang-library, which its user has to have the right to read (NACM, RFC 8341)"
	}
	return &result{module: auto, err: fmt.Errorf("target %s: no module fits what the device announces; "+
		"`netconf_exporter discover %s` lists its models and says what each module lacks%s", target.Name, target.Name, remedy)}
}

// lose notes that the read failed because of the session.
func (r *reading) lose(err error) {
	r.lost = err
	r.Lose(err)
	if session.ReasonOf(err) == ReasonMemory {
		r.Lag()
	}
}

// report tells the plan and the schedule what became of a module.
func (r *reading) report(id string, m *module.Module, got *result) {
	r.results = append(r.results, got)
	reason := session.ReasonOf(got.err)
	if reason == "" || reason == ReasonRPC {
		r.target.plan.report(id, got) // first: scrapes that wait ask it what comes next
	}
	switch reason {
	case "":
		r.Complete(id, got)
	case ReasonRPC:
		r.Fail(id, got, r.answered)
	case ReasonTimeout:
		if got.outran {
			r.target.plan.report(id, got)
			r.Fail(id, got, false)
			break
		}
		if r.TimeOut(id, got, got.err) {
			r.lost = got.err
		} else {
			r.target.plan.report(id, got)
		}
	default: // the session was lost and could not be opened again, which is no fault of the module
		r.lose(got.err)
	}
	r.target.watchers.tell(Update{Target: r.settings.config.Name, Kind: ModuleEnded, Module: m.Name, Time: got.at, Err: got.err})
}

// failure is the first thing that went wrong in a read that has ended.
func (r *reading) failure() error {
	if r.lost != nil {
		return r.lost
	}
	for _, got := range r.results {
		if got.err != nil {
			return got.err
		}
	}
	return nil
}
