package collector

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// Target is one device as one configuration sees it. What outlives a reload is in its core.
type Target struct {
	*core
	config  *config.Target
	auth    *config.Auth
	modules map[string]*module.Module

	// Of the read in flight.
	fitted  *device
	fitting []*module.Module // those that fit it
}

// core is the device itself: its session, its reads and what they gave.
type core struct {
	logger *slog.Logger
	client *session.Client
	label  *dto.LabelPair // target="NAME"

	life context.Context // ends with the target; its reads end with it
	end  context.CancelFunc

	mu      sync.Mutex
	current *read            // in flight; at most one
	last    map[string]*read // by request: the last that ended
	newest  *read            // the last that ended of all
	said    string           // the error last logged
	device  *device          // what is known of the device; replaced, never changed

	states map[string]*moduleState // by module; belongs to the read in flight
	silent map[string]bool         // modules at which the last read of them ended; likewise
}

// lateLimit is how long a result that came too late for its scrape waits for the next one: Prometheus itself looks back as
// long.
const lateLimit = 5 * time.Minute

// maxRequests bounds how many different lists of modules a target remembers results of.
const maxRequests = 16

func newTarget(e *Exporter, target *config.Target, auth *config.Auth, modules map[string]*module.Module, unconfigured bool) *Target {
	c := &core{
		logger: e.logger.With("target", target.Name),
		client: session.NewClient(session.Options{
			Target: target, Auth: auth, Dialer: e.dialer, Logger: e.logger, RequireAllowed: unconfigured || target.Origin == config.OriginAPI,
		}),
		label:  &dto.LabelPair{Name: new("target"), Value: new(target.Name)},
		last:   map[string]*read{},
		states: map[string]*moduleState{},
		silent: map[string]bool{},
	}
	c.life, c.end = context.WithCancel(context.Background())
	return &Target{core: c, config: target, auth: auth, modules: modules}
}

// with is the same device under a new configuration.
func (t *Target) with(target *config.Target, auth *config.Auth, modules map[string]*module.Module) *Target {
	return &Target{core: t.core, config: target, auth: auth, modules: modules}
}

// Name is the target's name in the configuration.
func (t *Target) Name() string { return t.config.Name }

// Config is the target's configuration.
func (t *Target) Config() *config.Target { return t.config }

func (t *Target) close(ctx context.Context) {
	t.end()
	_ = t.client.Close(ctx) // it has no error that anybody could act on
}

// idle is closed when no read is in flight any more.
func (t *Target) idle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	return t.current.done
}

// warm logs in and learns what the device is, so that the first scrape need not.
func (t *Target) warm() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == nil {
		t.start(warmUp, nil)
	}
}

// Scrape is what a target gave to one scrape.
type Scrape struct {
	Families []*dto.MetricFamily // without the target label
	Up       bool
	Err      error           // what went wrong; nil if nothing did
	Events   []session.Event // the timeline of the read
}

// Scrape waits for a read of the modules (nil: those of the configuration) until ctx ends, and gives what is complete then.
func (t *Target) Scrape(ctx context.Context, modules []string) *Scrape {
	v := t.scrape(ctx, modules)
	return &Scrape{Families: slices.Collect(gather([]view{v}, false, false)), Up: v.up(), Err: v.err, Events: v.events}
}

// Families is Scrape for one who takes families one after the other: those of the Scrape are nil, and each of the others is
// good until the next one is asked for.
func (t *Target) Families(ctx context.Context, modules []string) (*Scrape, iter.Seq[*dto.MetricFamily]) {
	v := t.scrape(ctx, modules)
	return &Scrape{Up: v.up(), Err: v.err, Events: v.events}, gather([]view{v}, false, true)
}

// scrape joins the read in flight, starts one, or takes one that is fresh enough.
func (t *Target) scrape(ctx context.Context, modules []string) view {
	began := time.Now()
	if modules == nil {
		modules = t.config.Modules
	}
	modules = slices.Compact(slices.Sorted(slices.Values(modules)))
	request := strings.Join(modules, ",")
	for {
		t.mu.Lock()
		if done := t.last[request]; done != nil && t.serves(done) {
			defer t.mu.Unlock()
			done.owed = max(0, done.owed-1)
			if t.current == nil && !t.fresh(done, time.Now()) {
				t.start(request, modules) // the next result, for the next scrape
			}
			return t.view(done, ctx, began)
		}
		if t.current == nil {
			t.start(request, modules)
		}
		r := t.current
		r.waiters++
		r.most = max(r.most, r.waiters)
		t.mu.Unlock()
		select {
		case <-r.done:
		case <-ctx.Done():
		}
		t.mu.Lock()
		r.waiters--
		if r.request == request {
			defer t.mu.Unlock()
			if r.ended.IsZero() {
				r.owed = min(r.owed+1, r.most)
			}
			return t.view(r, ctx, began)
		}
		if share := r.share(request, modules); !share.ended.IsZero() || ctx.Err() != nil {
			defer t.mu.Unlock()
			return t.view(share, ctx, began)
		}
		t.mu.Unlock()
	}
}

// serves reports whether a read that has ended will do for a scrape that did not wait for it. A failure never does: the
// device may be well again.
func (t *Target) serves(r *read) bool {
	now := time.Now()
	late := r.owed > 0 && now.Sub(r.ended) < lateLimit && slices.ContainsFunc(r.results, func(m *result) bool { return m.success })
	return late || t.fresh(r, now)
}

// fresh reports whether no module of a read has failed or outlived its max_age.
func (t *Target) fresh(r *read, now time.Time) bool {
	return r.err == nil && !slices.ContainsFunc(r.results, func(m *result) bool {
		return !m.success || now.Sub(m.at) >= t.maxAge(t.modules[m.module])
	}) && (len(r.results) > 0 || now.Sub(r.ended) < time.Duration(*t.config.MaxAge))
}

func (t *Target) maxAge(m *module.Module) time.Duration {
	if m != nil && m.MaxAge != nil {
		return *m.MaxAge
	}
	return time.Duration(*t.config.MaxAge)
}

// start begins a read in the background. It is called under the lock, with none in flight.
func (t *Target) start(request string, modules []string) {
	r := newRead(request, modules)
	t.current = r
	go func() {
		ctx, cancel := context.WithTimeout(t.life, time.Duration(*t.config.Timeout))
		defer cancel()
		t.read(ctx, r)
		t.mu.Lock()
		defer t.mu.Unlock()
		r.ended = time.Now()
		t.current, t.newest = nil, r
		if request != warmUp {
			t.remember(request, r)
		}
		t.say(r)
		close(r.done)
	}()
}

// remember keeps the read as the last one of its request, and drops the oldest of too many requests.
func (t *Target) remember(request string, r *read) {
	t.last[request] = r
	if len(t.last) <= maxRequests {
		return
	}
	oldest := request
	for key, other := range t.last {
		if other.ended.Before(t.last[oldest].ended) {
			oldest = key
		}
	}
	delete(t.last, oldest)
}

// say logs what became of a target when it changes, not at each read.
func (t *Target) say(r *read) {
	text := ""
	if err := r.failure(); err != nil {
		text = err.Error()
	}
	switch {
	case text == t.said || t.life.Err() != nil || text == "" && r.request == warmUp: // that read nothing yet
		return
	case text == "":
		t.logger.Info("the target is read again in full")
	default:
		t.logger.Warn("reading the target failed", "err", text, "reason", string(cmp.Or(session.ReasonOf(r.failure()), session.ReasonRPC)))
	}
	t.said = text
}
