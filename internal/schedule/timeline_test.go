package schedule_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
)

const (
	interval = 15*time.Second + time.Millisecond // no scrape begins at the instant at which a read ends
	budget   = 14500 * time.Millisecond
	timeout  = 30 * time.Second
)

// always is a device that takes as long for each module, whenever it is asked.
func always(takes map[string]time.Duration) func(string, time.Duration) behaviour {
	return func(module string, _ time.Duration) behaviour { return behaviour{takes: takes[module]} }
}

// inTurn is a device that takes one duration after the other for its only module, and begins anew after the last.
func inTurn(durations ...time.Duration) func(string, time.Duration) behaviour {
	n := -1
	return func(string, time.Duration) behaviour {
		n++
		return behaviour{takes: durations[n%len(durations)]}
	}
}

// silent makes a device silent from one time on and until another.
func silent(from, until time.Duration, device func(string, time.Duration) behaviour) func(string, time.Duration) behaviour {
	return func(module string, since time.Duration) behaviour {
		does := device(module, since)
		if since < until && since+does.takes > from {
			does.takes = never
		}
		return does
	}
}

func modules(names ...string) (all []schedule.Module) {
	for _, name := range names {
		all = append(all, schedule.Module{Name: name})
	}
	return all
}

func seconds(n ...float64) (all []time.Duration) {
	for _, s := range n {
		all = append(all, time.Duration(s*float64(time.Second)))
	}
	return all
}

// TestTimelines plays devices over twenty intervals and more. want has a line for each scraper, with a mark for each scrape:
// + all carried, ~ a part, - down.
func TestTimelines(t *testing.T) {
	a := modules("a")
	list := func(from time.Duration, modules []schedule.Module) scraper {
		return scraper{first: from, interval: interval, budget: budget, times: 24, modules: modules}
	}
	one := []scraper{list(0, a)}
	fast := always(map[string]time.Duration{"a": time.Second, "b": time.Second, "c": time.Second, "d": time.Second})
	for _, row := range []struct {
		name     string
		device   func(string, time.Duration) behaviour
		scrapers []scraper
		reload   map[time.Duration][]string // the modules whose content a reload changes, by when it comes
		want     string
		longest  time.Duration // that a scrape after the first lasts; 0: the budget
	}{
		{name: "fast", device: fast, scrapers: one, want: "++++++++++++++++++++++++", longest: time.Second},
		{name: "fast, then one read of 20 s", device: inTurn(seconds(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)...), scrapers: one,
			want: "+++++++++++-++++++++++++"},
		{name: "fast, then silent for ever", device: silent(150*time.Second, never, fast), scrapers: one,
			want: "++++++++++--------------"},
		{name: "fast, silent for 2 minutes, back", device: silent(150*time.Second, 270*time.Second, fast), scrapers: one,
			want: "++++++++++--------++++++"},
		{name: "always 20 s", device: inTurn(20 * time.Second), scrapers: one, want: "-+++++++++++++++++++++++", longest: 5 * time.Second},
		{name: "3 s and 20 s in turn", device: inTurn(seconds(3, 20)...), scrapers: one, want: "+-++++++++++++++++++++++"},
		{name: "10 to 18 s and back", device: inTurn(seconds(10, 12, 14, 16, 18, 16, 14, 12)...), scrapers: one, want: "+++-++++++++++++++++++++"},
		{name: "29 s", device: inTurn(29 * time.Second), scrapers: one, want: "-+++++++++++++++++++++++"},
		{name: "31 s", device: inTurn(31 * time.Second), scrapers: one, want: "------------------------"},
		{name: "optics with max_age beside interfaces", device: always(map[string]time.Duration{"interfaces": time.Second, "optics": 20 * time.Second}),
			scrapers: []scraper{list(0, []schedule.Module{{Name: "interfaces"}, {Name: "optics", MaxAge: 5 * time.Minute}})},
			want:     "~+++++++++++++++++++++++"},
		{name: "a list of 20 s beside one of 1 s", device: always(map[string]time.Duration{"a": 20 * time.Second, "b": time.Second}),
			scrapers: []scraper{list(0, a), list(5*time.Second, modules("b"))},
			want:     "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
		{name: "one module of five is never answered", device: always(map[string]time.Duration{"a": time.Second, "b": time.Second, "c": never, "d": time.Second, "e": time.Second}),
			scrapers: []scraper{list(0, modules("a", "b", "c", "d", "e"))},
			want:     "~~~~~~~~~~~~~~~~~~~~~~~~"},
		{name: "slow, silent in the middle of a read", device: silent(250*time.Second, never, inTurn(20*time.Second)), scrapers: one,
			want: "-+++++++++++++++++------"},
		{name: "slow, silent between two reads", device: silent(231*time.Second, never, inTurn(20*time.Second)), scrapers: one,
			want: "-+++++++++++++++++------"},
		{name: "two scrapers of a slow device", device: inTurn(20 * time.Second), scrapers: []scraper{list(0, a), list(3*time.Second, a)},
			want: "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
		{name: "two scrapers at the same instant", device: inTurn(20 * time.Second), scrapers: []scraper{list(0, a), list(0, a)},
			want: "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
		{name: "three with three lists", device: always(map[string]time.Duration{"a": 20 * time.Second, "b": time.Second, "c": 9 * time.Second}),
			scrapers: []scraper{list(0, a), list(time.Millisecond, modules("b")), list(2*time.Millisecond, modules("b", "c"))},
			want:     "-+++++++++++++++++++++++ -+++++++++++++++++++++++ -~++++++++++++++++++++++"}, // the third's 9 s end at 30 s
		{name: "two lists, then silent", device: silent(150*time.Second, never, fast), scrapers: []scraper{list(0, a), list(time.Second/2, modules("b"))},
			want: "++++++++++-------------- +++++++++++-------------"}, // the second answers at once: its module is queued
		{name: "scrapes paused for an hour", device: inTurn(20 * time.Second), scrapers: []scraper{{
			interval: interval, budget: budget, times: 264, modules: a,
			paused: func(since time.Duration) bool { return since > 3*time.Minute && since < 63*time.Minute },
		}}, want: "-+++++++++++-+++++++++++"},
		{name: "reload in the middle of a read", device: inTurn(20 * time.Second), scrapers: one,
			reload: map[time.Duration][]string{250 * time.Second: nil}, want: "-+++++++++++++++++++++++"},
		{name: "reload that changes the module", device: inTurn(20 * time.Second), scrapers: one,
			reload: map[time.Duration][]string{250 * time.Second: {"a"}}, want: "-++++++++++++++++~++++++"},
		{name: "reload that changes another module", device: always(map[string]time.Duration{"a": 20 * time.Second, "b": time.Second}),
			scrapers: []scraper{list(0, a), list(time.Second, modules("b"))},
			reload:   map[time.Duration][]string{250 * time.Second: {"b"}}, want: "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(timeout, row.device)
				for at, changed := range row.reload {
					time.AfterFunc(at, func() { w.reload(changed...) })
				}
				var got []string
				for _, scrapes := range w.run(row.scrapers...) {
					marks := ""
					for _, s := range scrapes {
						marks += string(s.mark())
						if lasted := s.left.Sub(s.arrived); s.at > 1 && row.longest > 0 && lasted > row.longest {
							t.Errorf("scrape %d lasted %v, want at most %v", s.at, lasted, row.longest)
						}
					}
					got = append(got, marks)
				}
				if strings.Join(got, " ") != row.want {
					t.Errorf("\n got %s\nwant %s", strings.Join(got, " "), row.want)
				}
				for _, fault := range w.judge() {
					t.Error(fault)
				}
			})
		})
	}
}
