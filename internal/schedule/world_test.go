package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
)

const never = time.Duration(1<<63 - 1)

// behaviour is what a device does when it is asked for a module.
type behaviour struct {
	takes time.Duration // never: it does not answer
	fails bool          // it answers with an error
	lost  bool          // the session is lost and cannot be opened again
}

// result is what a read made of a module.
type result struct {
	module string
	began  time.Time // when the module was asked for
	at     time.Time
	failed bool
}

// record is one read as the device saw it.
type record struct {
	began, ended time.Time
	modules      []string // that were asked for, in order
	asked        []time.Time
	rest         []string // that were not, since the read broke off
	passed       []string // that were not, since they were fresh
	results      []result
	lost         bool // the session failed
	timedOut     string
}

// seen is one scrape as its scraper saw it.
type seen struct {
	scraper, at int // the scraper, and how many scrapes it had made
	arrived     time.Time
	left        time.Time
	budget      time.Duration
	asked       []schedule.Module // as they were called when it left
	reloaded    bool              // meanwhile
	answer      schedule.Answer[*result]
}

// world is a device in simulated time, read as a schedule says, and scraped.
type world struct {
	timeout time.Duration
	device  func(module string, since time.Duration) behaviour
	content map[string]int // by module: how often reloads have changed it
	began   time.Time

	schedule *schedule.Schedule[*result]
	mu       sync.Mutex
	reads    []*record
	scrapes  []seen
	inFlight int
	parallel int // reads at one time, at most
}

func newWorld(timeout time.Duration, device func(string, time.Duration) behaviour) *world {
	w := &world{timeout: timeout, device: device, began: time.Now(), content: map[string]int{}}
	w.schedule = schedule.New(func(r *schedule.Read[*result]) { go w.read(r) })
	return w
}

// read does what the collector does: one module after the other until the deadline.
func (w *world) read(r *schedule.Read[*result]) {
	rec := &record{began: time.Now()}
	w.mu.Lock()
	w.reads = append(w.reads, rec)
	w.inFlight++
	w.parallel = max(w.parallel, w.inFlight)
	w.mu.Unlock()
	deadline := rec.began.Add(w.timeout)
	planned, _ := w.schedule.Progress()
	for name, ok := r.Next(); ok; name, ok = r.Next() {
		asked := time.Now()
		w.mu.Lock()
		rec.modules, rec.asked = append(rec.modules, name), append(rec.asked, asked)
		w.mu.Unlock()
		does := w.device(base(name), time.Since(w.began))
		if does.takes >= time.Until(deadline) {
			time.Sleep(time.Until(deadline))
			got := w.note(rec, result{module: name, began: asked, failed: true})
			rec.timedOut = name
			rec.lost = r.TimeOut(name, got, errors.New("timeout"))
			break
		}
		time.Sleep(does.takes)
		if does.lost {
			rec.lost = true
			r.Lose(errors.New("refused"))
			break
		}
		if got := w.note(rec, result{module: name, began: asked, failed: does.fails}); does.fails {
			r.Fail(name, got, true)
		} else {
			r.Complete(name, got)
		}
	}
	w.mu.Lock()
	rec.ended = time.Now()
	for _, name := range planned.Modules {
		switch {
		case slices.Contains(rec.modules, name):
		case (rec.lost || rec.timedOut != "") && rec.modules[len(rec.modules)-1] == planned.Modules[len(rec.modules)+len(rec.passed)-1]:
			rec.rest = append(rec.rest, name)
		default:
			rec.passed = append(rec.passed, name)
		}
	}
	w.inFlight--
	w.mu.Unlock()
	r.End()
}

func (w *world) note(rec *record, got result) *result {
	w.mu.Lock()
	defer w.mu.Unlock()
	got.at = time.Now()
	rec.results = append(rec.results, got)
	return &got
}

// scraper scrapes again and again.
type scraper struct {
	first    time.Duration // after the begin
	interval time.Duration
	budget   time.Duration
	times    int
	paused   func(since time.Duration) bool // nil: never
	modules  []schedule.Module
}

// run lets scrapers scrape, each at its own times, and returns what each saw.
func (w *world) run(scrapers ...scraper) [][]seen {
	all := make([][]seen, len(scrapers))
	var wg sync.WaitGroup
	for i, s := range scrapers {
		wg.Go(func() {
			time.Sleep(s.first)
			for n := range s.times {
				time.Sleep(time.Until(w.began.Add(s.first + time.Duration(n)*s.interval)))
				if s.paused != nil && s.paused(time.Since(w.began)) {
					continue
				}
				saw := w.scrape(s.budget, s.modules)
				saw.scraper, saw.at = i, n
				all[i] = append(all[i], saw)
			}
		})
	}
	wg.Wait()
	for _, of := range all {
		w.scrapes = append(w.scrapes, of...)
	}
	slices.SortFunc(w.scrapes, func(a, b seen) int { return a.arrived.Compare(b.arrived) })
	for reading := true; reading; _, reading = w.schedule.Progress() {
		<-w.schedule.Idle()
	}
	return all
}

func (w *world) scrape(budget time.Duration, modules []schedule.Module) seen {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	saw := seen{arrived: time.Now(), budget: budget}
	first := w.named(modules)
	saw.answer = w.schedule.Scrape(ctx, schedule.Request{
		Modules: func() []schedule.Module { return w.named(modules) },
		KeepFor: max(5*time.Minute, 3*w.timeout),
	})
	saw.left, saw.asked = time.Now(), w.named(modules)
	saw.reloaded = !slices.Equal(first, saw.asked)
	return saw
}

// reload changes the content of some modules.
func (w *world) reload(names ...string) {
	w.mu.Lock()
	for _, name := range names {
		w.content[name]++
	}
	w.mu.Unlock()
	w.schedule.Rename(func(name string) string { return w.named([]schedule.Module{{Name: base(name)}})[0].Name })
}

// named gives modules the names that their content has now.
func (w *world) named(modules []schedule.Module) []schedule.Module {
	w.mu.Lock()
	defer w.mu.Unlock()
	modules = slices.Clone(modules)
	for i := range modules {
		if n := w.content[modules[i].Name]; n > 0 {
			modules[i].Name += fmt.Sprintf("@%d", n)
		}
	}
	return modules
}

// base is a module's name without its content.
func base(name string) string {
	name, _, _ = strings.Cut(name, "@")
	return name
}

// carried lists the modules of which a scrape got a complete result.
func (s *seen) carried() (names []string) {
	for _, share := range s.answer.Modules {
		if share.State == schedule.Complete {
			names = append(names, share.Module)
		}
	}
	return names
}

// mark is + for a scrape that carried all that it asked for, - for one with netconf_up 0, and ~ for one with a part.
func (s *seen) mark() byte {
	switch carried := len(s.carried()); {
	case !s.answer.Up:
		return '-'
	case carried == len(s.asked):
		return '+'
	}
	return '~'
}
