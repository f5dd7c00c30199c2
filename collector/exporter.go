// Package collector reads targets and makes metric families of what they say. It is the one core behind the HTTP server, the
// command line and prometheus.Collector: config.Target -> session -> rpc -> reply -> rows -> metric families.
package collector

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

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

	candidates sync.Map // *Target by name, while HandOver offers their sessions

	life     context.Context // ends with Close
	end      context.CancelFunc
	retiring sync.WaitGroup // targets that are no longer configured
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
