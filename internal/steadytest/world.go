// Package steadytest plays slow and silent devices in simulated time (testing/synctest) and judges by the rules of steadiness what
// scrapers get of them. It knows no schedule and no collector: a Driver connects it to what is tested.
package steadytest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Never is the duration of what does not end.
const Never = time.Duration(1<<63 - 1)

// Module is a module that a scraper asks for.
type Module struct {
	Name   string
	MaxAge time.Duration
}

// Modules are modules without a max_age.
func Modules(names ...string) (all []Module) {
	for _, name := range names {
		all = append(all, Module{Name: name})
	}
	return all
}

// Behaviour is what a device does when it is asked for a module.
type Behaviour struct {
	Takes time.Duration // Never: it does not answer
	Fails bool          // it answers with an error
	Lost  bool          // after Takes the session is lost, and cannot be opened again
}

// Kind says how asking for a module ended.
type Kind int

// The kinds. The device answers the first two.
const (
	Complete Kind = iota
	Refused       // with an error
	TimedOut
	Lost // with the session
)

// Ask is one time that the device was asked for a module.
type Ask struct {
	Module string // as it was called then
	At     time.Time
	Ended  time.Time
	Kind   Kind
	read   *Read
}

// Read is one read as the device saw it.
type Read struct {
	Began, Ended time.Time
	Asks         []*Ask
	planned      []string
	passed       []string // that were not asked for, since they were fresh
	rest         []string // that were not asked for, since the read broke off
}

// Scrape is one scrape as its scraper saw it.
type Scrape struct {
	Scraper, Number int
	Arrived, Left   time.Time
	Budget          time.Duration
	Asked           []Module // as they were called when it left
	Reloaded        bool     // meanwhile
	Up              bool
	Given           map[string]time.Time // by module: when what it was given was read
}

// Driver is what is tested.
type Driver interface {
	// Scrape returns what a scrape of modules is given within the budget.
	Scrape(budget time.Duration, modules []Module) (up bool, given map[string]time.Time)
	// Reload is called after the content, and with it the name, of modules has changed.
	Reload()
	// Idle returns when no read is in flight.
	Idle()
}

// World is a device and its scrapers. A Driver tells it of the reads.
type World struct {
	Scenario
	Began time.Time

	mu      sync.Mutex
	content map[string]int // by module: how often reloads have changed it
	reads   []*Read
	scrapes []*Scrape
}

// NewWorld returns a world in which nothing has happened.
func NewWorld(s Scenario) *World {
	return &World{Scenario: s, Began: time.Now(), content: map[string]int{}}
}

// Name is what a module is called now: another content has another name.
func (w *World) Name(module string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.name(module)
}

func (w *World) name(module string) string {
	if n := w.content[module]; n > 0 {
		return fmt.Sprintf("%s@%d", module, n)
	}
	return module
}

// Content is how often reloads have changed a module.
func (w *World) Content(module string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.content[module]
}

// Base is a module's name without its content.
func Base(name string) string {
	name, _, _ = strings.Cut(name, "@")
	return name
}

// Begin notes that a read of modules begins.
func (w *World) Begin(planned []string) *Read {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &Read{Began: time.Now(), planned: planned}
	w.reads = append(w.reads, r)
	return r
}

// Planned is what a module is called in the read.
func (r *Read) Planned(module string) string {
	i := slices.IndexFunc(r.planned, func(name string) bool { return Base(name) == module })
	return r.planned[i]
}

// Ask notes that the device is asked for a module, and says what it does.
func (w *World) Ask(r *Read, name string) Behaviour {
	w.mu.Lock()
	r.Asks = append(r.Asks, &Ask{Module: name, At: time.Now(), Kind: Lost, read: r})
	w.mu.Unlock()
	return w.Device(Base(name), time.Since(w.Began))
}

// Answer notes how the last Ask has ended.
func (w *World) Answer(r *Read, kind Kind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := r.Asks[len(r.Asks)-1]
	last.Ended, last.Kind = time.Now(), kind
}

// End notes that a read has ended.
func (w *World) End(r *Read, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Ended = at
	asked := func(name string) bool {
		return slices.ContainsFunc(r.Asks, func(a *Ask) bool { return a.Module == name })
	}
	last := -1 // index of the last module that was asked for, if the read broke off there
	if n := len(r.Asks); n == 0 || r.Asks[n-1].Kind >= TimedOut {
		for i, name := range r.planned {
			if asked(name) {
				last = i
			}
		}
	} else {
		last = len(r.planned)
	}
	for i, name := range r.planned {
		switch {
		case asked(name):
		case i < last:
			r.passed = append(r.passed, name)
		default:
			r.rest = append(r.rest, name)
		}
	}
}

// Play lets the scenario go on to its end, and returns what each scraper saw.
func (w *World) Play(d Driver) [][]*Scrape {
	for _, r := range w.Reloads {
		time.AfterFunc(r.At, func() {
			w.mu.Lock()
			for _, module := range r.Changed {
				w.content[module]++
			}
			w.mu.Unlock()
			d.Reload()
		})
	}
	all := make([][]*Scrape, len(w.Scrapers))
	var wg sync.WaitGroup
	for i, s := range w.Scrapers {
		wg.Go(func() {
			for n := range s.Times {
				time.Sleep(time.Until(w.Began.Add(s.First + time.Duration(n)*s.Interval)))
				if s.Paused == nil || !s.Paused(time.Since(w.Began)) {
					all[i] = append(all[i], w.scrape(d, i, n, s))
				}
			}
		})
	}
	wg.Wait()
	for _, of := range all {
		w.scrapes = append(w.scrapes, of...)
	}
	slices.SortFunc(w.scrapes, func(a, b *Scrape) int { return a.Arrived.Compare(b.Arrived) })
	d.Idle()
	return all
}

func (w *World) scrape(d Driver, scraper, number int, s Scraper) *Scrape {
	saw := &Scrape{Scraper: scraper, Number: number, Arrived: time.Now(), Budget: s.Budget}
	before := w.named(s.Modules)
	saw.Up, saw.Given = d.Scrape(s.Budget, s.Modules)
	saw.Left, saw.Asked = time.Now(), w.named(s.Modules)
	saw.Reloaded = !slices.Equal(before, saw.Asked)
	return saw
}

func (w *World) named(modules []Module) []Module {
	w.mu.Lock()
	defer w.mu.Unlock()
	modules = slices.Clone(modules)
	for i := range modules {
		modules[i].Name = w.name(modules[i].Name)
	}
	return modules
}

// Mark is + for a scrape that was given all that it asked for, - for one that is down, and ~ for one that was given a part.
func (s *Scrape) Mark() string {
	switch {
	case !s.Up:
		return "-"
	case len(s.Given) == len(s.Asked):
		return "+"
	}
	return "~"
}
