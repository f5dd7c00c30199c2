package collector_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
)

// Scrapers scrape a device twenty times each.
func TestSlowDevicesAreSteady(t *testing.T) {
	const interval, budget = 4*time.Second + time.Millisecond, time.Second
	for _, row := range []struct {
		takes    []time.Duration
		scrapers int
		want     string // of each
	}{
		{[]time.Duration{500 * time.Millisecond}, 1, "++++++++++++++++++++"},
		{[]time.Duration{1500 * time.Millisecond}, 1, "-+++++++++++++++++++"},
		{[]time.Duration{3 * time.Second}, 1, "-+++++++++++++++++++"},
		{[]time.Duration{3 * time.Second}, 2, "-+++++++++++++++++++"},
		{[]time.Duration{20 * time.Second}, 1, "-----+++++++++++++++"},
		{[]time.Duration{20 * time.Second, 500 * time.Millisecond}, 1, "-----+++++++++++++++"},
		{[]time.Duration{31 * time.Second}, 1, "--------------------"},
	} {
		t.Run(fmt.Sprint(row.takes, row.scrapers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := -1
				e, _ := simulate(t, "defaults: {modules: [top]}"+labModules, 1, func(int) *client {
					return &client{answer: taking(func(string) time.Duration { n++; return row.takes[n%len(row.takes)] })}
				})
				got := make([]string, row.scrapers)
				var wg sync.WaitGroup
				for i := range got {
					wg.Go(func() { got[i] = series(e.Targets()[0], nil, 20, interval, budget, upAndFull) })
				}
				wg.Wait()
				for _, marks := range got {
					if marks != row.want {
						t.Errorf("got %s, want %s", marks, row.want)
					}
				}
			})
		})
	}
}

func TestResultIsNotServedTwiceAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := shared[time.Duration]{value: time.Second}
		e, _ := simulate(t, "defaults: {modules: [top], timeout: 30s}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration { return takes.get() })}
		})
		target := e.Targets()[0]
		scrape := func(budget time.Duration) bool { return target.Scrape(within(t, budget), nil).Up }
		scrape(10 * time.Second)
		takes.set(6 * time.Second)
		if scrape(2*time.Second) || !scrape(10*time.Second) { // gives up on the read, then joins it
			t.Fatal("the device did not take what it should")
		}
		takes.set(never)
		if scrape(14 * time.Second) {
			t.Error("a device that has fallen silent is up")
		}
	})
}

func TestListsDoNotDisturbEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, slow := range []time.Duration{20 * time.Second, never} {
			e, log := simulate(t, labModules, 1, func(int) *client {
				return &client{answer: taking(func(module string) time.Duration {
					if module == "top" {
						return slow
					}
					return time.Second
				})}
			})
			target := e.Targets()[0]
			series(target, []string{"more"}, 1, 0, 10*time.Second, upAndFull)
			var wg sync.WaitGroup
			var fast string
			wg.Go(func() {
				series(target, []string{"top"}, 20, 15*time.Second+time.Millisecond, 14*time.Second, upAndFull)
			})
			wg.Go(func() {
				time.Sleep(5 * time.Second)
				fast = series(target, []string{"more"}, 20, 15*time.Second+time.Millisecond, 14*time.Second, upAndFull)
			})
			wg.Wait()
			if fast != strings.Repeat("+", 20) {
				t.Errorf("beside a list that takes %v, a quick one gives %s", slow, fast)
			}
			if got := strings.Count(log.String(), "level=WARN"); got > 2 { // of the first scrape without data, and of the module
				t.Errorf("a list that takes %v gives %d warnings:\n%s", slow, got, log.String())
			}
		}
	})
}

func TestReloadServesNothingOfAModuleThatChanged(t *testing.T) {
	for _, row := range []struct {
		change, from, to string
		want             float64 // the value after the reload: of before it, or read anew
	}{
		{"module", "metrics: {lab_value: value}", "metrics: {lab_value: {leaf: value, scale: 10}}", 20},
		{"catalogue", "help: A value.", "help: Another value.", 2},
		{"max_age", "max_age: 2h", "max_age: 1h", 1},
		{"timeout", "timeout: 20s", "timeout: 30s", 1},
		{"position", "modules:\n", "\n# moved\nmodules:\n", 1},
		{"nothing", "", "", 1},
	} {
		t.Run(row.change, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				value := shared[string]{value: "1"}
				text := "defaults: {modules: [top], timeout: 20s, max_age: 2h}" + labModules
				e, _ := simulate(t, text, 1, func(int) *client {
					return &client{answer: func(string) (string, time.Duration) { return items("top", "a", value.get(), ""), time.Second }}
				})
				get := func() float64 {
					return samples(e.Targets()[0].Scrape(within(t, 10*time.Second), nil).Families)["lab_value note= thing=a"]
				}
				get()
				value.set("2")
				changed, err := config.Parse([]byte(simulated(strings.Replace(text, row.from, row.to, 1), 1)))
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Apply(changed); err != nil {
					t.Fatal(err)
				}
				if got := get(); got != row.want {
					t.Errorf("after the reload the value is %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestNobodyHoldsBackTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const silent, slow = 7, 150
		e, _ := simulate(t, "defaults: {modules: [top]}"+labModules, 300, func(i int) *client {
			takes := time.Duration(i) * time.Millisecond
			switch i {
			case silent:
				takes = never
			case slow:
				takes = 20 * time.Second
			}
			return &client{answer: taking(func(string) time.Duration { return takes })}
		})
		for n := range 20 {
			began := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 14500*time.Millisecond)
			got := samples(e.Gather(ctx))
			cancel()
			took := time.Since(began)
			if n > 0 && took != 299*time.Millisecond {
				t.Errorf("scrape %d takes %v, the slowest of the rest %v", n, took, 299*time.Millisecond)
			}
			for i := range 300 {
				want := 1.0
				if i == silent || i == slow && n < 2 {
					want = 0
				}
				if up := got[fmt.Sprintf("netconf_up target=t%d", i)]; up != want {
					t.Errorf("scrape %d: target %d is up %v, want %v", n, i, up, want)
				}
			}
			time.Sleep(15*time.Second + time.Millisecond - took)
		}
	})
}

func TestTargetThatIsAloneIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := simulate(t, "defaults: {modules: [top]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration { return 20 * time.Second })}
		})
		for n, want := range []float64{0, 1, 1} {
			began := time.Now()
			if got := samples(e.Gather(within(t, 14500*time.Millisecond)))["netconf_up target=t0"]; got != want {
				t.Errorf("scrape %d: up %v, want %v", n, got, want)
			}
			time.Sleep(15*time.Second - time.Since(began))
		}
	})
}

func TestDeviceThatAnswersNothingIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent shared[bool]
		e, _ := simulate(t, "defaults: {modules: [top, other]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration {
				if silent.get() {
					return never
				}
				return time.Second
			})}
		})
		mark := func(s *collector.Scrape, got map[string]float64) string {
			return fmt.Sprint(got["netconf_up"]+2*got["lab_value note= thing=other"], " ")
		}
		for _, phase := range []struct {
			silent bool
			want   string
		}{{false, "3 3 3 "}, {true, "0 0 0 0 0 0 "}, {false, "3 3 3 "}} {
			silent.set(phase.silent)
			got := series(e.Targets()[0], nil, strings.Count(phase.want, " "), 15*time.Second+time.Millisecond, 14*time.Second, mark)
			if got != phase.want {
				t.Errorf("silent %v: with a module that is fresh for an hour, scrapes give %s, want %s", phase.silent, got, phase.want)
			}
			time.Sleep(20 * time.Second)
		}
	})
}

// A device may drop its session between any two scrapes, and announce something else each time.
func TestSessionsThatDoNotLastLeaveASlowDeviceSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var device *client
		e, _ := simulate(t, labModules, 1, func(int) *client {
			device = &client{
				answer: taking(func(string) time.Duration { return 20 * time.Second }),
				hello:  func(dial uint64) []string { return []string{"urn:lab", fmt.Sprintf("urn:other?content-id=%d", dial)} },
			}
			return device
		})
		mark := func(s *collector.Scrape, got map[string]float64) string {
			if s.Up {
				time.AfterFunc(25*time.Second, device.drop) // when the read has ended
			}
			return upAndFull(s, got)
		}
		if got := series(e.Targets()[0], []string{config.Auto}, 30, 31*time.Second, 14*time.Second, mark); got != "-"+strings.Repeat("+", 29) {
			t.Errorf("got %s", got)
		}
	})
}

func TestDeviceThatHasOtherModelsIsReadByOtherModules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var device *client
		e, _ := simulate(t, strings.Replace(labModules, "more: {", "more: {requires: [\"urn:new\"], ", 1), 1, func(int) *client {
			device = &client{
				answer: taking(func(string) time.Duration { return time.Second }),
				hello: func(dial uint64) []string {
					if dial == 1 {
						return []string{"urn:lab"}
					}
					return []string{"urn:lab", "urn:new"}
				},
			}
			return device
		})
		for n, want := range []float64{0, 1, 1} {
			got := samples(e.Targets()[0].Scrape(within(t, 10*time.Second), nil).Families)
			if got["lab_value note= thing=top"] != 1 || got["lab_value note= thing=more"] != want {
				t.Errorf("scrape %d gives %v", n, got)
			}
			if time.Sleep(15 * time.Second); n == 0 {
				device.drop()
			}
		}
	})
}

func TestTransientErrorPinsNoWorseProvider(t *testing.T) {
	providers := `
catalog: {lab_value: {type: gauge, help: A value., labels: [thing], info: {note: text}}}
modules:
  best: {provides: lab, preference: 1000, namespaces: {l: "urn:lab"}, reads: [{get: [/l:top]}], rows: [{path: /l:top/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
  worse: {provides: lab, preference: 1, namespaces: {l: "urn:lab"}, reads: [{get: [/l:more]}], rows: [{path: /l:more/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
`
	const denied = "<rpc-error><error-tag>resource-denied</error-tag><error-severity>error</error-severity><error-message>busy</error-message></rpc-error>"
	synctest.Test(t, func(t *testing.T) {
		reply, best := shared[string]{value: denied}, atomic.Int32{}
		e, _ := simulate(t, providers, 1, func(int) *client {
			return &client{answer: func(rpc string) (string, time.Duration) {
				if strings.Contains(rpc, "<top") {
					best.Add(1)
					return reply.get(), time.Second
				}
				return items("more", "more", "1", ""), time.Second
			}}
		})
		scrape := func() (s *collector.Scrape, got map[string]float64) {
			time.Sleep(5 * time.Second)
			s = e.Targets()[0].Scrape(within(t, 10*time.Second), nil)
			return s, samples(s.Families)
		}
		s, got := scrape()
		if s.Err == nil || !strings.Contains(s.Err.Error(), "busy") || got["netconf_module_success module=best"] != 0 || got["lab_value note= thing=more"] != 1 {
			t.Errorf("an error of the best provider: error %v, samples %v", s.Err, got)
		}
		reply.set(items("top", "top", "1", ""))
		for n := range 2 { // the worse one may have been asked for once more
			if s, got = scrape(); s.Err != nil || got["lab_value note= thing=top"] != 1 || got["lab_value note= thing=more"] != 0 {
				t.Errorf("scrape %d after a transient error: %v, samples %v", n, s.Err, got)
			}
		}

		reply.set(denied)
		for n, want := range []float64{0, 0, 1, 1} { // an error now and then is no reason for other names
			if s, got = scrape(); s.Err == nil || got["netconf_module_success module=best"] != 0 || got["lab_value note= thing=more"] != want {
				t.Errorf("error %d of a provider that gave rows: error %v, samples %v", n+1, s.Err, got)
			}
		}

		reply.set("<data/>")
		scrape()
		if _, got = scrape(); got["lab_value note= thing=more"] != 1 || got["netconf_module_success module=worse"] != 1 {
			t.Errorf("with a best provider that has become empty: %v", got)
		}
		before := best.Load()
		for range 30 {
			time.Sleep(time.Minute)
			scrape()
		}
		if more := best.Load() - before; more != 0 {
			t.Errorf("within an hour the provider without rows was asked %d times more", more)
		}
		reply.set(items("top", "top", "1", ""))
		time.Sleep(31 * time.Minute)
		if _, got = scrape(); got["lab_value note= thing=top"] != 1 || got["lab_value note= thing=more"] != 0 {
			t.Errorf("after an hour: %v", got)
		}
	})
}

func TestLogTellsOfAScrapeThatGotNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, log := simulate(t, "defaults: {modules: [top], timeout: 1m}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration { return never })}
		})
		for n := range 20 {
			series(e.Targets()[0], nil, 1, 0, 14*time.Second, upAndFull)
			if got := strings.Count(log.String(), "level=WARN"); got != 1 {
				t.Errorf("after %d scrapes there are %d warnings, want 1:\n%s", n+1, got, log.String())
			}
		}
	})
}

func TestLogTellsOfAFailureOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := shared[time.Duration]{value: time.Second}
		var device *client
		e, log := simulate(t, "defaults: {modules: [top]}"+labModules, 1, func(int) *client {
			device = &client{answer: taking(func(string) time.Duration { return takes.get() })}
			return device
		})
		warnings := func(when string, want ...string) {
			t.Helper()
			got := []string{}
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, "level=WARN") {
					got = append(got, line)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d warnings, want %d: %v", when, len(got), len(want), got)
				return
			}
			for i, reason := range want {
				if !strings.Contains(got[i], "reason="+reason) {
					t.Errorf("%s: warning %d is not of %s: %s", when, i, reason, got[i])
				}
			}
		}
		play := func(times int) string {
			return series(e.Targets()[0], nil, times, 15*time.Second+time.Millisecond, 14*time.Second, upAndFull)
		}
		play(2)
		takes.set(never)
		if got := play(1); got != "-" {
			t.Fatalf("a silent device gives %s", got)
		}
		warnings("after the first scrape that is down", "timeout")
		play(20)
		warnings("after twenty", "timeout")
		device.setRefused(true)
		time.Sleep(time.Minute)
		play(20)
		warnings("refused, with another text each time", "timeout", "refused")
		device.setRefused(false)
		takes.set(time.Second)
		play(3)
		if got := strings.Count(log.String(), "the target is read again in full"); got != 1 {
			t.Errorf("the log says %d times that the device is back", got)
		}
	})
}
