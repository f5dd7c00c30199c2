package faults

import (
	"cmp"
	"flag"
	"maps"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// fault is one row of the matrix. While the fault lasts, the test scrapes the target by /metrics and then by /probe.
type fault struct {
	name  string
	begin func(*harness)

	host     string           // a name for the device's address
	settings string           // more settings of the target, as inline YAML
	over     config.Transport // that the device speaks; "": ssh
	through  way              // to the device
	alone    bool             // it needs much memory, or changes what all rows share
	shared   bool             // it takes long, so that both scrapes start together and share a read
	silent   bool             // it takes as long as the target's timeout, which is therefore short

	want  outcome
	after samples // series of the first scrape after the fault
}

// outcome is what the exporter must report of the fault.
type outcome struct {
	up      float64            // netconf_up
	success float64            // netconf_module_success; 0 or missing for a device that is not reached
	rows    int                // number of interfaces with a state
	session float64            // netconf_session_established after the second scrape
	reason  string             // of netconf_scrape_failure in the first scrape; "" for none
	then    string             // of the second scrape, if it differs
	says    string             // part of the log and of the error of /probe
	dials   dials              // attempts to open a session, over both scrapes
	skipped skipped            // netconf_module_skipped_values
	calls   session.CallResult // what becomes of the device's calls; "" if it makes none
}

// either means that the session may be closed or not.
const either = -1

type (
	dials   map[string]float64
	skipped map[string]float64
)

// served is the outcome of what must have no effect, reopened that of what must cost a session only.
var (
	served   = outcome{up: 1, success: 1, rows: 3, session: 1}
	reopened = outcome{up: 1, success: 1, rows: 3, session: 1, dials: dials{"ok": 1}}
)

// with returns a changed outcome.
func (o outcome) with(change func(*outcome)) outcome {
	change(&o)
	return o
}

// parallel is the number of rows that run at a time; most of them wait for timeouts.
const parallel = 5

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", strconv.Itoa(parallel))
	net.DefaultResolver = names.resolver()
	os.Exit(m.Run())
}

// TestFaults runs the matrix. Rows share exporters, as the faults of a real network do. Each must leave its exporter as it was,
// because the next row uses it.
func TestFaults(t *testing.T) {
	before := footprint()
	t.Run("alone", func(t *testing.T) {
		for _, f := range faults() {
			if f.alone {
				t.Run(f.name, func(t *testing.T) {
					s := newHarness(t, f)
					f.play(t, s)
					s.stop(t)
				})
			}
		}
	})
	t.Run("together", func(t *testing.T) {
		harnesses := map[bool]chan *harness{false: newHarnesses(t, fault{}), true: newHarnesses(t, fault{silent: true})}
		for _, f := range faults() {
			if f.alone {
				continue
			}
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				if f.host+f.settings != "" || f.over != "" || f.through != "" {
					s := newHarness(t, f)
					defer s.stop(t)
					f.play(t, s)
					return
				}
				s := <-harnesses[f.silent]
				defer func() { harnesses[f.silent] <- s }()
				f.play(t, s)
			})
		}
	})
	var after usage
	if !eventually(func() bool { after = footprint(); return after.within(before) }) {
		t.Errorf("afterwards the process has %+v, before it had %+v", after, before)
	}
}

// The settings of the faulty target: a long timeout for busy machines, or a short one for rows that wait for it.
const (
	patient   = "timeout: 25s, max_reply_bytes: 4MiB"
	impatient = "timeout: 4s, max_reply_bytes: 4MiB"
)

func (f fault) targetSettings() string {
	switch {
	case f.settings != "":
		return f.settings
	case f.silent:
		return impatient
	}
	return patient
}

// newHarnesses starts as many harnesses as rows run at a time. It stops them at the end of the test.
func newHarnesses(t *testing.T, f fault) chan *harness {
	harnesses := make(chan *harness, parallel)
	for range parallel {
		harnesses <- newHarness(t, f)
	}
	t.Cleanup(func() {
		close(harnesses)
		for s := range harnesses {
			s.stop(t)
		}
	})
	return harnesses
}

// play begins the fault on a healthy target, checks both scrapes, and ends it.
func (f fault) play(t *testing.T, s *harness) {
	s.t = t
	first, _ := s.scrape("/metrics")
	f.isWell(t, "before the fault", first)
	goroutines, connections := s.running(), s.connections()
	var baseline usage
	if f.alone {
		baseline = footprint()
	}
	said, called := len(s.log.String()), s.calls(f.want.calls)

	f.begin(s)
	if f.want.calls != "" && !eventually(func() bool { return s.calls(f.want.calls) > called }) {
		t.Errorf("no call was %s: %v", f.want.calls, s.exporter.Calls().Results)
	}
	var scraped, probed map[string]samples
	var story string
	var both sync.WaitGroup
	both.Go(func() { scraped, _ = s.scrape("/metrics") })
	if !f.shared {
		both.Wait()
	}
	both.Go(func() { probed, story = s.scrape(probe("faulty")) })
	both.Wait()
	f.neighbours(t, scraped)
	f.want.check(t, "/metrics", scraped["faulty"], f.want.reason)
	f.want.check(t, "/probe", probed["faulty"], cmp.Or(f.want.then, f.want.reason))
	if got := probed["faulty"]["netconf_session_established"]; got != f.want.session && f.want.session != either {
		t.Errorf("netconf_session_established is %v, want %v", got, f.want.session)
	}
	if got := since(first["faulty"].dials(), probed["faulty"].dials()); !maps.Equal(got, f.want.dials) {
		t.Errorf("the dials were %v, want %v", got, f.want.dials)
	}
	f.want.told(t, "the log", s.log.String()[said:])
	f.want.told(t, "/probe", story)

	s.end()
	s.scrape(probe("faulty")) // /metrics waits for no target whose last read timed out
	last, _ := s.scrape("/metrics")
	f.isWell(t, "the first scrape after the fault", last)
	for series, want := range f.after {
		if got, ok := last["faulty"][series]; !ok || got != want {
			t.Errorf("after the fault %s is %v (%v), want %v", series, got, ok, want)
		}
	}
	if !eventually(func() bool { return s.running() <= goroutines && s.connections() <= connections }) {
		t.Errorf("after the fault %d goroutines and %d connections, before it %d and %d:\n%s",
			s.running(), s.connections(), goroutines, connections, s.stacks())
	}
	if f.alone {
		var after usage
		if !eventually(func() bool { after = footprint(); return after.within(baseline) }) {
			t.Errorf("after the fault the process has %+v, before it had %+v", after, baseline)
		}
	}
}

// isWell checks that all three targets are served completely.
func (f fault) isWell(t *testing.T, when string, scraped map[string]samples) {
	t.Helper()
	f.neighbours(t, scraped)
	if s := scraped["faulty"]; s["netconf_up"] != 1 || s.interfaces() != 3 || s.reasons() != "" {
		t.Errorf("%s: up %v with %d interfaces, failure %q", when, s["netconf_up"], s.interfaces(), s.reasons())
	}
	for _, result := range session.Results() { // increase() misses the first failure if the series begins with it
		if _, ok := scraped["faulty"]["netconf_session_dials_total,result="+string(result)]; !ok {
			t.Errorf("%s: netconf_session_dials_total has no result %q", when, result)
		}
	}
}

// neighbours checks that the two healthy targets are served completely.
func (f fault) neighbours(t *testing.T, scraped map[string]samples) {
	t.Helper()
	for _, name := range []string{"good-1", "good-2"} {
		s := scraped[name]
		if s["netconf_up"] != 1 || s.interfaces() != 3 || s.reasons() != "" || s.dials()["ok"] != 1 {
			t.Errorf("%s: up %v with %d interfaces, failure %q, dials %v", name, s["netconf_up"], s.interfaces(), s.reasons(), s.dials())
		}
	}
}

// check compares one scrape of the faulty target.
func (o outcome) check(t *testing.T, where string, got samples, reason string) {
	t.Helper()
	if got["netconf_up"] != o.up || got["netconf_module_success,module=ietf-interfaces"] != o.success {
		t.Errorf("%s: netconf_up %v, netconf_module_success %v, want %v and %v", where, got["netconf_up"],
			got["netconf_module_success,module=ietf-interfaces"], o.up, o.success)
	}
	if got.interfaces() != o.rows {
		t.Errorf("%s: %d interfaces, want %d", where, got.interfaces(), o.rows)
	}
	if got.reasons() != reason {
		t.Errorf("%s: netconf_scrape_failure for %q, want %q", where, got.reasons(), reason)
	}
	if !maps.Equal(got.skipped(), o.skipped) {
		t.Errorf("%s: skipped %v, want %v", where, got.skipped(), o.skipped)
	}
}

// told checks the text of a log or of a debug page.
func (o outcome) told(t *testing.T, where, text string) {
	t.Helper()
	failed := false
	for _, failure := range []string{"reading the target failed", "the proxy failed", "the jump host failed", "\nerror "} {
		failed = failed || strings.Contains(text, failure)
	}
	switch {
	case failed != (o.reason != ""):
		t.Errorf("%s tells of a failure: %v\n%s", where, failed, text)
	case !strings.Contains(strings.ReplaceAll(text, `\"`, `"`), o.says):
		t.Errorf("%s does not say %q:\n%s", where, o.says, text)
	}
	if strings.Contains(text, "panic") || strings.Contains(text, netPassword) {
		t.Errorf("%s has what it should not:\n%s", where, text)
	}
}

// usage has the resources of the process.
type usage struct {
	Goroutines, Descriptors int
	HeapMiB                 float64
}

func footprint() usage {
	runtime.GC()
	runtime.GC() // the second one frees what pools keep
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	open, _ := os.ReadDir("/proc/self/fd")
	return usage{runtime.NumGoroutine(), len(open), float64(memory.HeapAlloc) / (1 << 20)}
}

// within allows a few idle connections of the test and the runtime, and some memory for caches.
func (u usage) within(before usage) bool {
	return u.Goroutines <= before.Goroutines+2 && u.Descriptors <= before.Descriptors+2 && u.HeapMiB <= before.HeapMiB+8
}
