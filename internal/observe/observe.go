// Package observe keeps what people want to know of each target and what is not in the latest read alone: what the device is, and how
// fast its counters grow. It tells listeners of each read.
package observe

import (
	"context"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/facts"
)

// Observer follows the reads of all targets. It is safe for concurrent use.
type Observer struct {
	exporter *collector.Exporter
	log      *events.Log

	mu    sync.Mutex
	known map[string]*known // by target
}

// known is what is kept of a target. It is replaced, never changed.
type known struct {
	core          weak.Pointer[collector.Target] // which device it is: another one under the same name has other counters
	system        facts.System
	now, previous facts.Reading
}

// updatesKept bounds the updates that wait to be looked at. More are dropped by the exporter: the next read tells the same.
const updatesKept = 4096

// New returns an Observer that puts an event "read" into log for each read that ends.
func New(exporter *collector.Exporter, log *events.Log) *Observer {
	return &Observer{exporter: exporter, log: log, known: map[string]*known{}}
}

// Run follows the reads until ctx ends.
func (o *Observer) Run(ctx context.Context) {
	updates, stop := o.exporter.Watch(updatesKept)
	defer stop()
	tidy := time.NewTicker(time.Minute)
	defer tidy.Stop()
	for {
		select {
		case u := <-updates:
			if u.Kind == collector.ReadEnded {
				o.ended(u.Target)
			}
		case <-tidy.C:
			o.forget()
		case <-ctx.Done():
			return
		}
	}
}

// ended takes what a read gave, and tells of it.
func (o *Observer) ended(name string) {
	target, ok := o.exporter.Target(name)
	if !ok {
		return
	}
	o.take(target)
	o.log.Add("read", name, NewRead(name, target.Status()))
}

// take takes what the last read of a target gave, unless that was taken before.
func (o *Observer) take(target *collector.Target) {
	name, at := target.Name(), readAt(target.Status())
	core := weak.Make(target) // a target that is removed is not to be kept, with all that was read of it
	isNew := func() bool {
		before := o.known[name]
		return before == nil || before.core != core || at.After(before.now.At)
	}
	o.mu.Lock()
	taken := !isNew()
	o.mu.Unlock()
	if taken {
		return
	}
	families := target.Peek(interesting)
	next := &known{core: core, system: facts.NewSystem(families), now: facts.NewReading(at, families)}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !isNew() { // somebody else was quicker
		return
	}
	if before := o.known[name]; before != nil && before.core == next.core {
		next.previous = before.now
		if next.system == (facts.System{}) {
			next.system = before.system // it was not read this time
		}
	}
	o.known[name] = next
}

// readAt is when the interfaces were last read in full; the latest of all modules where none gives interfaces.
func readAt(s collector.Status) (at time.Time) {
	for _, m := range s.Modules {
		if m.Provides == "interfaces" && !m.LastRead.IsZero() {
			return m.LastRead
		}
		if m.LastRead.After(at) {
			at = m.LastRead
		}
	}
	return at
}

// interesting are the metrics that are kept in some form.
func interesting(metric string) bool {
	return strings.HasPrefix(metric, "netconf_system_") || metric == "netconf_hardware_info" || facts.Rated(metric)
}

// forget drops what was known of targets that are gone.
func (o *Observer) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name := range o.known {
		if _, ok := o.exporter.Target(name); !ok {
			delete(o.known, name)
		}
	}
}

// System is what a target said it is.
func (o *Observer) System(name string) facts.System {
	o.mu.Lock()
	defer o.mu.Unlock()
	if k := o.known[name]; k != nil {
		return k.system
	}
	return facts.System{}
}

// Interfaces adds the rates over the last two reads to interfaces of a target.
func (o *Observer) Interfaces(target *collector.Target, interfaces []facts.Interface) {
	o.take(target)
	o.mu.Lock()
	k := o.known[target.Name()]
	o.mu.Unlock()
	if k == nil {
		return
	}
	rates := k.now.Rates(k.previous)
	for i := range interfaces {
		interfaces[i].Rates = rates[interfaces[i].Name]
	}
}

// Neighbors adds the names of the targets that neighbours are: those that are called as the neighbour is, with its domain or
// without, by us or by themselves.
func (o *Observer) Neighbors(neighbors []facts.Neighbor) {
	targets := map[string]string{}
	for _, t := range o.exporter.Targets() {
		targets[short(t.Name())] = t.Name()
	}
	o.mu.Lock()
	for name, k := range o.known {
		if host := short(k.system.HostName); host != "" && targets[host] == "" {
			targets[host] = name
		}
	}
	o.mu.Unlock()
	for i := range neighbors {
		neighbors[i].Target = targets[short(neighbors[i].SystemName)]
	}
}

func short(name string) string {
	host, _, _ := strings.Cut(strings.ToLower(name), ".")
	return host
}
