// Package collector reads targets and makes metric families of what they say. It is the one core behind the HTTP server, the
// command line and prometheus.Collector: config.Target -> session -> rpc -> reply -> rows -> metric families.
package collector

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/budget"
	"github.com/netconf-exporter/netconf_exporter/internal/restconf"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// defaultDialLimit bounds the dials in flight: enough to reach 1,000 devices with logins of 120 ms in two seconds, and
// little enough to spare a central login server.
const defaultDialLimit = 64

// Options are what an Exporter needs beside its configuration.
type Options struct {
	Logger    *slog.Logger // nil: nothing is logged
	DialLimit int          // dials in flight over all targets; 0: 64
	Lazy      bool         // dial no target before its first scrape, or Warm; and do not listen for calls of devices before Listen
	MaxAdHoc  int          // targets kept that are not configured; 0: 10,000
	// MemoryLimit is how many bytes all devices together may take: their replies while they are read, their samples, and what is
	// known of them. The device that takes most is given up first. 0: no limit.
	MemoryLimit int64

	newClient func(session.Options) client // nil: one of the target's transport; tests have their own
}

// Exporter holds the targets of one configuration at a time.
type Exporter struct {
	logger    *slog.Logger
	dialer    *session.Dialer
	memory    *budget.Budget
	garbage   garbage
	scarcity  scarcity
	newClient func(session.Options) client
	watchers  watchers

	apply    sync.Mutex // one Apply, AdHoc or Close at a time
	lazy     bool
	listens  bool // for calls of devices
	maxAdHoc int
	snapshot atomic.Pointer[snapshot]
	adHoc    adHoc

	candidates sync.Map // that are handed over: *Target by name

	life     context.Context // ends with Close
	end      context.CancelFunc
	retiring sync.WaitGroup // targets that are no longer configured
}

// snapshot is one configuration made ready. It is never changed.
type snapshot struct {
	config  *config.Config
	modules *modules
	filters filters
	targets []*Target
	byName  map[string]*Target
}

// New validates and completes a configuration, which may be one made in Go, compiles its modules and, unless it is to be
// lazy, begins to dial its targets. The error joins one *config.Error for each problem. The configuration must not be
// changed afterwards.
func New(c *config.Config, o Options) (*Exporter, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.DialLimit == 0 {
		o.DialLimit = defaultDialLimit
	}
	if o.MaxAdHoc == 0 {
		o.MaxAdHoc = defaultMaxAdHoc
	}
	if o.newClient == nil {
		o.newClient = newClient
	}
	e := &Exporter{
		maxAdHoc: o.MaxAdHoc, logger: o.Logger, dialer: session.NewDialer(o.DialLimit), memory: budget.New(o.MemoryLimit), lazy: o.Lazy, listens: !o.Lazy, newClient: o.newClient,
	}
	e.dialer.CallHome().Logger = o.Logger
	e.life, e.end = context.WithCancel(context.Background())
	e.snapshot.Store(&snapshot{})
	if err := e.Apply(c); err != nil {
		e.end()
		return nil, err
	}
	return e, nil
}

// newClient returns the client of the target's transport.
func newClient(o session.Options) client {
	if o.Target.Over() == config.TransportRESTCONF {
		return restconf.NewClient(o)
	}
	return session.NewClient(o)
}

// Apply validates c, as New does, and makes it the configuration. On an error the one before it stays. Sessions of targets whose
// connection settings are the same survive; targets that are gone are closed in the background. Targets that are new, or whose
// *config.Target is another one, are dialled.
func (e *Exporter) Apply(c *config.Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	return e.Use(c)
}

// Use is Apply for a configuration that is valid, and made of parts that others may have invalidated since: that a file that one
// target's auth names is gone is for the dials of that target to say.
func (e *Exporter) Use(c *config.Config) error {
	e.apply.Lock()
	defer e.apply.Unlock()
	old := e.snapshot.Load()
	modules := old.modules
	if old.config == nil || !sameDefinitions(old.config, c) {
		var err error
		if modules, err = compileModules(c); err != nil {
			return err
		}
	}
	filters, err := compileFilters(c)
	if err != nil {
		return err
	}
	if e.listens {
		if err := e.dialer.CallHome().ListenAll(c.CallHome); err != nil {
			return err
		}
	}
	next := &snapshot{config: c, modules: modules, filters: filters, byName: map[string]*Target{}}
	kept := map[*Target]bool{}
	var changed []*Target
	for _, target := range c.Targets {
		auth := c.Auths[target.Auth]
		now := &settings{next, target, auth}
		t := old.byName[target.Name]
		if t != nil && sameConnection(t, now) {
			kept[t] = true
			if t.Config() != target {
				changed = append(changed, t)
			}
			t.apply(now)
		} else {
			t = newTarget(e, now, false)
			e.takeOver(t, now)
			t.answerCalls(t.connectAhead)
			changed = append(changed, t)
		}
		next.targets = append(next.targets, t)
		next.byName[target.Name] = t
	}
	e.snapshot.Store(next)
	for _, t := range old.targets {
		if !kept[t] {
			e.retire(t)
		}
	}
	e.applyAdHoc(next)
	if !e.lazy {
		for _, t := range changed {
			t.connectAhead()
		}
	}
	return nil
}

// sameDefinitions reports whether two configurations share their modules and metrics, as one does with the one that it was made of
// by config.Config.With. Compiling them anew would cost 30 ms.
func sameDefinitions(a, b *config.Config) bool {
	same := func(x, y any) bool { return reflect.ValueOf(x).Pointer() == reflect.ValueOf(y).Pointer() }
	return same(a.Modules, b.Modules) && same(a.Catalog, b.Catalog)
}

// retire closes a target in the background, once the read in flight has ended: scrapes may be waiting for it.
func (e *Exporter) retire(t *Target) {
	e.retiring.Go(func() {
		select {
		case <-t.schedule.Idle():
		case <-e.life.Done():
		}
		t.close(context.Background())
	})
}

// Listen begins to listen for calls of devices, where the configuration says.
func (e *Exporter) Listen() error {
	e.apply.Lock()
	defer e.apply.Unlock()
	e.listens = true
	return e.dialer.CallHome().ListenAll(e.Config().CallHome)
}

// Calls counts the calls of devices.
func (e *Exporter) Calls() session.CallStats { return e.dialer.CallHome().Stats() }

// UnknownCallers lists devices that called and are no targets, the last one first.
func (e *Exporter) UnknownCallers() []session.Caller { return e.dialer.CallHome().Unknown() }

// Warm begins to dial the targets of a lazy Exporter, which is lazy no more.
func (e *Exporter) Warm() {
	e.apply.Lock()
	defer e.apply.Unlock()
	e.lazy = false
	e.snapshot.Load().connectAhead()
}

func (s *snapshot) connectAhead() {
	for _, t := range s.targets {
		t.connectAhead()
	}
}

// sameConnection reports whether a session made for t serves the target as it is configured now.
func sameConnection(t *Target, now *settings) bool {
	old, target, auth := t.settings.Load(), now.config, now.auth
	was, is := *old.auth, *auth
	was.Position, is.Position = config.Position{}, config.Position{}
	was.AllowedTargets, is.AllowedTargets = nil, nil
	if target.Origin.Restricted() && !slices.Equal(old.auth.AllowedTargets, auth.AllowedTargets) {
		return false // they are checked at every dial of such a target
	}
	return old.config.HostPort() == target.HostPort() && old.config.Over() == target.Over() && old.config.CallHome == target.CallHome &&
		old.config.Auth == target.Auth && old.config.Origin == target.Origin &&
		slices.Equal(old.config.HostKeyFingerprints, target.HostKeyFingerprints) && reflect.DeepEqual(was, is) &&
		(target.Over() != config.TransportRESTCONF || *old.config.MaxReplyBytes == *target.MaxReplyBytes) && // what is decompressed and left out counts too
		session.SameWay(old.config, old.jumps(), target, now.jumps())
}

// Logins counts the logins under way and those that wait, over all targets.
func (e *Exporter) Logins() account.Stats { return e.dialer.Logins() }

// Config is the configuration in force.
func (e *Exporter) Config() *config.Config { return e.snapshot.Load().config }

// Targets are the configured targets in the order of the configuration.
func (e *Exporter) Targets() []*Target { return e.snapshot.Load().targets }

// Target finds a configured target by name.
func (e *Exporter) Target(name string) (*Target, bool) {
	t, ok := e.snapshot.Load().byName[name]
	return t, ok
}

// ModuleNames are the names of all modules, auto among them, sorted.
func (e *Exporter) ModuleNames() []string {
	names := append(slices.Collect(maps.Keys(e.snapshot.Load().modules.byName)), auto)
	slices.Sort(names)
	return names
}

// Warnings are what is likely to be a mistake in the configuration in force, by file and line.
func (e *Exporter) Warnings() []*config.Error {
	s := e.snapshot.Load()
	all := slices.Clone(s.config.Warnings)
	for _, name := range e.ModuleNames() {
		if m := s.modules.byName[name]; m != nil {
			all = append(all, m.Warnings...)
		}
	}
	return all
}

// HasModule reports whether there is a module of that name.
func (e *Exporter) HasModule(name string) bool {
	return name == auto || e.snapshot.Load().modules.byName[name] != nil
}

// Gather scrapes all targets at the same time and labels every sample with its target. The deadline of ctx is the budget of
// each.
func (e *Exporter) Gather(ctx context.Context) []*dto.MetricFamily {
	return slices.Collect(gather(e.scrape(ctx), true, false))
}

// Families is Gather for one who takes families one after the other, which needs little memory: a large family comes in several
// pieces of one name, and each is good until the next one is asked for. The targets have been scraped when it returns.
func (e *Exporter) Families(ctx context.Context) iter.Seq[*dto.MetricFamily] {
	return gather(e.scrape(ctx), true, true)
}

// scrape waits for no target that lags: those are collected when all others are done. A target that is alone holds back nobody.
func (e *Exporter) scrape(ctx context.Context) []outcome {
	targets := e.Targets()
	outcomes := make([]outcome, len(targets))
	othersDone := make(chan struct{})
	var others, lagging sync.WaitGroup
	for i, t := range targets {
		if len(targets) > 1 && t.schedule.Lagging() {
			lagging.Go(func() { outcomes[i] = t.scrape(ctx, nil, othersDone) })
		} else {
			others.Go(func() { outcomes[i] = t.scrape(ctx, nil, nil) })
		}
	}
	others.Wait()
	close(othersDone)
	lagging.Wait()
	return outcomes
}

// Close ends all reads and closes all sessions, each with close-session; what has not ended when ctx does is cut off.
func (e *Exporter) Close(ctx context.Context) {
	e.apply.Lock()
	defer e.apply.Unlock()
	s := e.snapshot.Load()
	e.snapshot.Store(&snapshot{config: s.config, modules: s.modules, byName: map[string]*Target{}})
	var wg sync.WaitGroup
	for _, t := range s.targets {
		wg.Go(func() { t.close(ctx) })
	}
	e.adHoc.mu.Lock()
	for _, t := range e.adHoc.targets {
		t.expiry.Stop()
		wg.Go(func() { t.close(ctx) })
	}
	e.adHoc.targets = nil
	e.adHoc.mu.Unlock()
	e.end()
	wg.Wait()
	e.retiring.Wait() // no longer than a polite end of a session takes
	e.dialer.Close()
}
