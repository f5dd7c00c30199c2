package collector

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/budget"
	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// Target is one device. A reload replaces its settings; session, results and what is known of the device stay.
type Target struct {
	logger   *slog.Logger
	client   client
	label    *dto.LabelPair // target="NAME"
	life     context.Context
	end      context.CancelFunc // of life; the reads end with it
	watchers *watchers

	settings atomic.Pointer[settings]
	schedule *schedule.Schedule[*result]
	plan     plan

	memory  *budget.Holder
	garbage *garbage

	scarcity *scarcity

	called atomic.Bool // the device has called, and a read is to follow the one in flight

	explainUntil atomic.Int64 // Unix time in ns until which reads are explained

	mu       sync.Mutex              // guards following fields
	caches   map[string]*moduleCache // by name in the schedule; their content belongs to the read in flight
	answered time.Time               // when the device last did
	recent   []*readRecord           // of the last reads, with the one in flight
	lastRead *readRecord             // of the last that ended; nil before the first
	problems problems
}

// client is the session with the device. A session.Client is one.
type client interface {
	Connect(context.Context, *session.Trace) (session.Hello, error)
	RPC(ctx context.Context, trace *session.Trace, operation string, read func(io.Reader) error) error
	Stats() session.Stats
	Close(context.Context) error
}

// caller is a client whose device may open the connection.
type caller interface {
	AnswerCalls(called func())
	Called() <-chan struct{}
}

// settings are what one configuration says of a target. They are never changed.
type settings struct {
	*snapshot
	config *config.Target
	auth   *config.Auth
}

// jumps are the jump hosts on the way to the target.
func (s *settings) jumps() []config.NamedJumpHost { return s.snapshot.config.Jumps(s.config) }

func newTarget(e *Exporter, s *settings, unconfigured bool) *Target {
	t := &Target{
		logger: e.logger.With("target", s.config.Name),
		client: e.newClient(session.Options{
			Target: s.config, Auth: s.auth, Dialer: e.dialer, Logger: e.logger, Via: s.jumps(),
			RequireAllowed: unconfigured || s.config.Origin.Restricted(),
		}),
		label:    &dto.LabelPair{Name: new("target"), Value: new(s.config.Name)},
		watchers: &e.watchers,
		garbage:  &e.garbage,
		scarcity: &e.scarcity,
		caches:   map[string]*moduleCache{},
		answered: time.Now(),
		problems: problems{},
	}
	t.settings.Store(s)
	t.life, t.end = context.WithCancel(context.Background())
	t.schedule = schedule.New(t.start)
	t.memory = e.memory.Holder(t.giveUpKept)
	return t
}

// apply makes s the settings. It drops the results of modules whose content has changed, and all results if the filters have.
func (t *Target) apply(s *settings) {
	old := t.settings.Swap(s)
	same := slices.Equal(old.config.Filters, s.config.Filters)
	t.schedule.Rename(func(id string) string {
		if !same {
			return "" // the filters decide which rows a result has
		}
		return s.modules.ids[moduleName(id)]
	})
}

// Name is the target's name in the configuration.
func (t *Target) Name() string { return t.Config().Name }

// Config is the target's configuration.
func (t *Target) Config() *config.Target { return t.settings.Load().config }

func (t *Target) close(ctx context.Context) {
	t.end()
	_ = t.client.Close(ctx) // it has no error that anybody could act on
	t.memory.Close()
}

// answerCalls begins to accept the device's calls, if it calls home. called runs at each call.
func (t *Target) answerCalls(called func()) {
	if c, ok := t.client.(caller); ok && t.Config().CallHome {
		c.AnswerCalls(called)
	}
}

// Called is closed when the device of a target that calls home has called for the first time; nil for other targets.
func (t *Target) Called() <-chan struct{} {
	if c, ok := t.client.(caller); ok && t.Config().CallHome {
		return c.Called()
	}
	return nil
}

// connectAhead logs in and learns what the device is, so that the first scrape need not.
func (t *Target) connectAhead() { t.schedule.Ask(schedule.Module{Name: schedule.Connect}) }

// connectNext is connectAhead after the read in flight, which may have looked for a call of the device before this one came.
func (t *Target) connectNext() {
	if t.called.Swap(true) {
		return
	}
	go func() {
		<-t.schedule.Idle()
		t.called.Store(false)
		t.connectAhead()
	}()
}

// Scrape is what a target gave to one scrape.
type Scrape struct {
	Families []*dto.MetricFamily // without the target label
	Up       bool                // the device answers
	Reason   Reason              // of Err; "" if that is nil
	Err      error               // what went wrong; nil if nothing did
	Events   []Event             // the timeline of the reads that gave the result
	Note     string              // remark on a device that answers without data; "" if there is none
	// Explanations are of the modules of which there is a result; see Target.Explain.
	Explanations []Explanation
}

// Scrape asks for modules (nil: those of the configuration) and returns what there is of them. If there are earlier results, it
// does not wait for modules that take longer than ctx lasts; otherwise it waits until ctx ends.
func (t *Target) Scrape(ctx context.Context, modules []string) *Scrape {
	o := t.scrape(ctx, modules, nil)
	s := o.scrape()
	s.Families = slices.Collect(gather([]outcome{o}, false, false))
	return s
}

// Families is Scrape with the families as a sequence, each valid until the next one is taken. Those of the Scrape are nil.
func (t *Target) Families(ctx context.Context, modules []string) (*Scrape, iter.Seq[*dto.MetricFamily]) {
	o := t.scrape(ctx, modules, nil)
	return o.scrape(), gather([]outcome{o}, false, true)
}

// scrape asks the schedule. Closing hurry ends the waiting; it may be nil.
func (t *Target) scrape(ctx context.Context, names []string, hurry <-chan struct{}) outcome {
	began := time.Now()
	answer := t.schedule.Scrape(ctx, schedule.Request{
		Modules: func() []schedule.Module { return t.modules(names) },
		KeepFor: t.keepFor(),
		Hurry:   hurry,
	})
	o := t.outcome(answer, began)
	o.duration = time.Since(began)
	if deadline, ok := ctx.Deadline(); ok {
		o.budget = deadline.Sub(began).Round(time.Millisecond)
	}
	return o
}

// modules are those that names (nil: those of the configuration) stand for now.
func (t *Target) modules(names []string) []schedule.Module {
	s := t.settings.Load()
	if names == nil {
		names = s.config.Modules
	}
	return t.plan.resolve(s, names, time.Now())
}

// keepFor is how long a result is served after it has reached its max_age, while no newer one is complete. Prometheus looks
// back five minutes.
func (t *Target) keepFor() time.Duration {
	return max(5*time.Minute, 3*time.Duration(*t.Config().Timeout))
}
