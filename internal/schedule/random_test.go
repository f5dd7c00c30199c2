package schedule_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
)

var (
	schedules = flag.Int("schedules", 10_000, "how many random schedules are played")
	seed      = flag.Uint64("seed", 1, "of the first of them")
)

// TestRandomSchedules plays devices, scrapers and reloads as chance has it, and has the oracle judge what came of it.
func TestRandomSchedules(t *testing.T) {
	n := *schedules
	if testing.Short() {
		n /= 20
	}
	for i := range uint64(n) {
		random := rand.New(rand.NewPCG(*seed+i, 0))
		synctest.Test(t, func(t *testing.T) {
			w := playAtRandom(random)
			for j, fault := range w.judge() {
				if t.Errorf("seed %d: %s", *seed+i, fault); j == 4 {
					break
				}
			}
			if t.Failed() {
				w.tell(t)
			}
		})
		if t.Failed() {
			return
		}
	}
}

func between(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Int64N(int64(to-from)))
}

// playAtRandom makes a world and lets it go on for some 30 intervals.
func playAtRandom(random *rand.Rand) *world {
	names := []string{"a", "b", "c", "d", "e"}[:1+random.IntN(5)]
	typical := map[string]time.Duration{} // durations
	varies := map[string]float64{}        // by how much they vary
	fails := map[string]float64{}
	maxAge := map[string]time.Duration{}
	timeout := []time.Duration{30 * time.Second, between(random, 5*time.Second, 90*time.Second)}[random.IntN(2)]
	for _, name := range names {
		typical[name] = []time.Duration{
			between(random, time.Millisecond, 3*time.Second), between(random, time.Millisecond, 3*time.Second),
			between(random, 3*time.Second, 12*time.Second), between(random, timeout/3, timeout),
		}[random.IntN(4)]
		varies[name] = []float64{0, 0.1, 1, 3}[random.IntN(4)]
		if random.IntN(6) == 0 {
			fails[name] = random.Float64()
		}
		if random.IntN(3) == 0 {
			maxAge[name] = between(random, time.Second, 5*time.Minute)
		}
		if random.IntN(15) == 0 {
			typical[name] = never
		}
	}
	interval := between(random, 4*time.Second, time.Minute)
	whole := 30 * interval
	var quiet [][2]time.Duration // while the device does not answer, or cannot be reached
	for range random.IntN(3) {
		from := between(random, 0, whole)
		quiet = append(quiet, [2]time.Duration{from, from + between(random, 0, 10*interval)})
	}
	unreachable := random.IntN(3) == 0
	w := newWorld(timeout, func(name string, since time.Duration) behaviour {
		does := behaviour{takes: typical[name], fails: random.Float64() < fails[name]}
		if does.takes != never {
			does.takes += time.Duration(float64(does.takes)*varies[name]*random.Float64()) + time.Duration(random.IntN(1000))
		}
		for _, q := range quiet {
			switch {
			case since+does.takes < q[0] || since > q[1]:
			case unreachable:
				does.takes, does.lost = between(random, time.Millisecond, 3*time.Second), true
			default:
				does.takes = never
			}
		}
		return does
	})
	var scrapers []scraper
	for range 1 + random.IntN(3) {
		s := scraper{first: between(random, 0, interval), interval: interval, times: 30}
		s.budget = interval - min(interval/2, 500*time.Millisecond)
		if random.IntN(2) == 0 {
			s.budget = between(random, interval/20, s.budget)
		}
		for _, name := range names {
			if random.IntN(3) > 0 {
				s.modules = append(s.modules, schedule.Module{Name: name, MaxAge: maxAge[name]})
			}
		}
		if len(s.modules) == 0 {
			s.modules = []schedule.Module{{Name: names[0], MaxAge: maxAge[names[0]]}}
		}
		if random.IntN(6) == 0 {
			from := between(random, 0, whole)
			s.paused = func(since time.Duration) bool { return since > from && since < from+whole/3 }
		}
		scrapers = append(scrapers, s)
	}
	if random.IntN(3) == 0 {
		go func() {
			for range 3 {
				time.Sleep(between(random, time.Second, whole/4))
				w.reload(names[random.IntN(len(names))])
			}
		}()
	}
	w.run(scrapers...)
	time.Sleep(whole) // until the reloads have ended
	return w
}

// tell logs what happened.
func (w *world) tell(t *testing.T) {
	for _, r := range w.reads {
		t.Logf("read at %v until %v: %v, passed over %v, not reached %v, lost %v, timed out %q", r.began.Sub(w.began), r.ended.Sub(w.began), r.modules, r.passed, r.rest, r.lost, r.timedOut)
		for i, got := range r.results {
			t.Logf("  %s from %v to %v, failed %v", got.module, r.asked[i].Sub(w.began), got.at.Sub(w.began), got.failed)
		}
	}
}
