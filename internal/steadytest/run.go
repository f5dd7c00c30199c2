package steadytest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Open connects a world to what is tested.
type Open func(*testing.T, *World) Driver

// RunTimelines plays all timelines.
func RunTimelines(t *testing.T, open Open) {
	for _, s := range Timelines() {
		t.Run(s.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWorld(s)
				var got []string
				for _, scrapes := range w.Play(open(t, w)) {
					marks := ""
					for _, scrape := range scrapes {
						marks += scrape.Mark()
						if lasted := scrape.Left.Sub(scrape.Arrived); scrape.Number > 1 && s.Longest > 0 && lasted > s.Longest {
							t.Errorf("scrape %d lasted %v, want at most %v", scrape.Number, lasted, s.Longest)
						}
					}
					got = append(got, marks)
				}
				if marks := strings.Join(got, " "); marks != s.Want {
					t.Errorf("\n got %s\nwant %s", marks, s.Want)
				}
				for _, fault := range w.Judge() {
					t.Error(fault)
				}
			})
		})
	}
}

// RunRandom plays n random scenarios, and stops at the first that goes against the rules.
func RunRandom(t *testing.T, seed uint64, n int, open Open) {
	for i := range uint64(n) {
		synctest.Test(t, func(t *testing.T) {
			w := NewWorld(Random(rand.New(rand.NewPCG(seed+i, 0))))
			w.Play(open(t, w))
			time.Sleep(time.Hour) // until the last reload
			for j, fault := range w.Judge() {
				if t.Errorf("seed %d: %s", seed+i, fault); j == 4 {
					break
				}
			}
			if t.Failed() {
				w.log(t)
			}
		})
		if t.Failed() {
			return
		}
	}
}

// log tells what the device was asked.
func (w *World) log(t *testing.T) {
	for _, r := range w.reads {
		t.Logf("read at %v until %v, passed over %v, not reached %v", r.Began.Sub(w.Began), r.Ended.Sub(w.Began), r.passed, r.rest)
		for _, a := range r.Asks {
			t.Logf("  %s from %v to %v: %s", a.Module, a.At.Sub(w.Began), a.Ended.Sub(w.Began), []string{"complete", "refused", "timed out", "lost"}[a.Kind])
		}
	}
}
