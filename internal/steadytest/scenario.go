package steadytest

import (
	"math/rand/v2"
	"time"
)

// Scenario is a device, what happens to it, and who scrapes it.
type Scenario struct {
	Name     string
	Timeout  time.Duration // of a read
	Device   func(module string, since time.Duration) Behaviour
	Scrapers []Scraper
	Reloads  []Reload
	Want     string        // a mark for each scrape of each scraper, see Scrape.Mark
	Longest  time.Duration // that a scrape after the second may last; 0: as long as its budget
}

// Scraper scrapes at intervals.
type Scraper struct {
	First    time.Duration // after the begin
	Interval time.Duration
	Budget   time.Duration
	Times    int
	Paused   func(since time.Duration) bool // nil: never
	Modules  []Module
}

// Reload changes the content of modules.
type Reload struct {
	At      time.Duration
	Changed []string
}

const (
	interval = 15*time.Second + time.Millisecond // no scrape begins at the instant at which a read ends
	budget   = 14500 * time.Millisecond
	timeout  = 30 * time.Second
)

// always is a device that takes as long for each module, whenever it is asked.
func always(takes map[string]time.Duration) func(string, time.Duration) Behaviour {
	return func(module string, _ time.Duration) Behaviour { return Behaviour{Takes: takes[module]} }
}

// inTurn makes devices that take one duration after the other, and begin anew after the last.
func inTurn(durations ...float64) func(string, time.Duration) Behaviour {
	n := -1
	return func(string, time.Duration) Behaviour {
		n++
		return Behaviour{Takes: time.Duration(durations[n%len(durations)] * float64(time.Second))}
	}
}

// silent makes a device silent from one time on and until another.
func silent(from, until time.Duration, device func(string, time.Duration) Behaviour) func(string, time.Duration) Behaviour {
	return func(module string, since time.Duration) Behaviour {
		does := device(module, since)
		if since < until && since+does.Takes > from {
			does.Takes = Never
		}
		return does
	}
}

// Timelines are scenarios with what the rules make of them. The times are those of an interval of 15 s.
func Timelines() []Scenario {
	a := Modules("a")
	list := func(from time.Duration, modules []Module) Scraper {
		return Scraper{First: from, Interval: interval, Budget: budget, Times: 24, Modules: modules}
	}
	one := []Scraper{list(0, a)}
	second := time.Second
	fast := always(map[string]time.Duration{"a": second, "b": second, "c": second, "d": second, "e": second})
	all := []Scenario{
		{Name: "fast", Device: fast, Scrapers: one, Want: "++++++++++++++++++++++++", Longest: second},
		{Name: "fast, then one read of 20 s", Device: inTurn(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), Scrapers: one,
			Want: "+++++++++++-++++++++++++"},
		{Name: "fast, then silent for ever", Device: silent(150*second, Never, fast), Scrapers: one,
			Want: "++++++++++--------------"},
		{Name: "fast, silent for 2 minutes, back", Device: silent(150*second, 270*second, fast), Scrapers: one,
			Want: "++++++++++--------++++++"},
		{Name: "always 20 s", Device: inTurn(20), Scrapers: one, Want: "-+++++++++++++++++++++++", Longest: second},
		{Name: "3 s and 20 s in turn", Device: inTurn(3, 20), Scrapers: one, Want: "+-++++++++++++++++++++++"},
		{Name: "10 to 18 s and back", Device: inTurn(10, 12, 14, 16, 18, 16, 14, 12), Scrapers: one, Want: "+++-++++++++++++++++++++"},
		{Name: "29 s", Device: inTurn(29), Scrapers: one, Want: "-+++++++++++++++++++++++"},
		{Name: "31 s", Device: inTurn(31), Scrapers: one, Want: "------------------------"},
		{Name: "optics with max_age beside interfaces", Device: always(map[string]time.Duration{"a": second, "b": 20 * second}),
			Scrapers: []Scraper{list(0, []Module{{Name: "a"}, {Name: "b", MaxAge: 5 * time.Minute}})},
			Want:     "~+++++++++++++++++++++++"},
		{Name: "a list of 20 s beside one of 1 s", Device: always(map[string]time.Duration{"a": 20 * second, "b": second}),
			Scrapers: []Scraper{list(0, a), list(5*second, Modules("b"))},
			Want:     "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
		{Name: "one module of five is never answered", Device: always(map[string]time.Duration{"a": second, "b": second, "c": Never, "d": second, "e": second}),
			Scrapers: []Scraper{list(0, Modules("a", "b", "c", "d", "e"))},
			Want:     "~~~~~~~~~~~~~~~~~~~~~~~~"},
		{Name: "slow, silent in the middle of a read", Device: silent(250*second, Never, inTurn(20)), Scrapers: one,
			Want: "-+++++++++++++++++------"},
		{Name: "slow, silent between two reads", Device: silent(231*second, Never, inTurn(20)), Scrapers: one,
			Want: "-+++++++++++++++++------"},
		{Name: "two scrapers of a slow device", Device: inTurn(20), Scrapers: []Scraper{list(0, a), list(3*second, a)},
			Want: "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
		{Name: "two scrapers at the same instant", Device: inTurn(20), Scrapers: []Scraper{list(0, a), list(0, a)},
			Want: "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
		{Name: "three with three lists", Device: always(map[string]time.Duration{"a": 20 * second, "b": second, "c": 9 * second}),
			Scrapers: []Scraper{list(0, a), list(time.Millisecond, Modules("b")), list(2*time.Millisecond, Modules("b", "c"))},
			Want:     "-+++++++++++++++++++++++ -+++++++++++++++++++++++ -~++++++++++++++++++++++"}, // the third's 9 s end at 30 s
		{Name: "two lists, then silent", Device: silent(150*second, Never, fast), Scrapers: []Scraper{list(0, a), list(second/2, Modules("b"))},
			Want: "++++++++++-------------- +++++++++++-------------"}, // the second answers at once: its module is queued
		{Name: "scrapes paused for an hour", Device: inTurn(20), Scrapers: []Scraper{{
			Interval: interval, Budget: budget, Times: 264, Modules: a,
			Paused: func(since time.Duration) bool { return since > 3*time.Minute && since < 63*time.Minute },
		}}, Want: "-+++++++++++-+++++++++++"},
		{Name: "reload in the middle of a read", Device: inTurn(20), Scrapers: one,
			Reloads: []Reload{{At: 250 * second}}, Want: "-+++++++++++++++++++++++"},
		{Name: "reload that changes the module", Device: inTurn(20), Scrapers: one,
			Reloads: []Reload{{250 * second, []string{"a"}}}, Want: "-++++++++++++++++~++++++"},
		{Name: "reload that changes another module", Device: always(map[string]time.Duration{"a": 20 * second, "b": second}),
			Scrapers: []Scraper{list(0, a), list(second, Modules("b"))},
			Reloads:  []Reload{{250 * second, []string{"b"}}}, Want: "-+++++++++++++++++++++++ -+++++++++++++++++++++++"},
	}
	for i := range all {
		all[i].Timeout = timeout
	}
	return all
}

func between(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Int64N(int64(to-from)))
}

// Random is a scenario of some thirty intervals, as chance has it.
func Random(random *rand.Rand) Scenario {
	s := Scenario{Timeout: []time.Duration{timeout, between(random, 5*time.Second, 90*time.Second)}[random.IntN(2)]}
	names := []string{"a", "b", "c", "d", "e"}[:1+random.IntN(5)]
	maxAge := map[string]time.Duration{}
	for _, name := range names {
		if random.IntN(3) == 0 {
			maxAge[name] = between(random, time.Second, 5*time.Minute)
		}
	}
	interval := between(random, 4*time.Second, time.Minute)
	whole := 30 * interval
	s.Device = randomDevice(random, names, s.Timeout, whole)
	for range 1 + random.IntN(3) {
		scraper := Scraper{First: between(random, 0, interval), Interval: interval, Times: 30}
		scraper.Budget = interval - min(interval/2, 500*time.Millisecond)
		if random.IntN(2) == 0 {
			scraper.Budget = between(random, interval/20, scraper.Budget)
		}
		for _, name := range names {
			if random.IntN(3) > 0 {
				scraper.Modules = append(scraper.Modules, Module{name, maxAge[name]})
			}
		}
		if len(scraper.Modules) == 0 {
			scraper.Modules = []Module{{names[0], maxAge[names[0]]}}
		}
		if random.IntN(6) == 0 {
			from := between(random, 0, whole)
			scraper.Paused = func(since time.Duration) bool { return since > from && since < from+whole/3 }
		}
		s.Scrapers = append(s.Scrapers, scraper)
	}
	if random.IntN(3) == 0 {
		for range 3 {
			s.Reloads = append(s.Reloads, Reload{between(random, time.Second, whole), []string{names[random.IntN(len(names))]}})
		}
	}
	return s
}

// randomDevice is a device with quick and slow modules, some of which fail or are never answered, and that is silent or cannot
// be reached at times.
func randomDevice(random *rand.Rand, names []string, timeout, whole time.Duration) func(string, time.Duration) Behaviour {
	typical := map[string]time.Duration{} // durations
	varies := map[string]float64{}        // by how much they vary
	fails := map[string]float64{}
	for _, name := range names {
		typical[name] = []time.Duration{
			between(random, time.Millisecond, 3*time.Second), between(random, time.Millisecond, 3*time.Second),
			between(random, 3*time.Second, 12*time.Second), between(random, timeout/3, timeout),
		}[random.IntN(4)]
		varies[name] = []float64{0, 0.1, 1, 3}[random.IntN(4)]
		if random.IntN(6) == 0 {
			fails[name] = random.Float64()
		}
		if random.IntN(15) == 0 {
			typical[name] = Never
		}
	}
	var quiet [][2]time.Duration
	for range random.IntN(3) {
		from := between(random, 0, whole)
		quiet = append(quiet, [2]time.Duration{from, from + between(random, 0, whole/3)})
	}
	unreachable := random.IntN(3) == 0
	return func(name string, since time.Duration) Behaviour {
		does := Behaviour{Takes: typical[name], Fails: random.Float64() < fails[name]}
		if does.Takes != Never {
			does.Takes += time.Duration(float64(does.Takes)*varies[name]*random.Float64()) + time.Duration(random.IntN(1000))
		}
		for _, q := range quiet {
			switch {
			case since+does.Takes < q[0] || since > q[1]:
			case unreachable:
				does.Takes, does.Lost = between(random, time.Millisecond, 3*time.Second), true
			default:
				does.Takes = Never
			}
		}
		return does
	}
}
