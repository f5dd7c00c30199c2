package collector_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
)

func TestStatusFollowsTheReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := shared[time.Duration]{value: 20 * time.Second}
		e, _ := simulate(t, "defaults: {modules: [top, more]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(module string) time.Duration {
				if module == "top" {
					return takes.get()
				}
				return time.Second
			})}
		})
		target := e.Targets()[0]
		if s := target.Status(); s.State != collector.StateWaiting || s.Reading != nil || !s.LastRead.IsZero() {
			t.Errorf("before the first read: %+v", s)
		}
		began := time.Now()
		target.Scrape(within(t, 5*time.Second), nil)
		s := target.Status()
		if s.Reading == nil || s.Reading.Elapsed != 5*time.Second || s.Reading.Module != "top" || s.Reading.Ended != 1 || len(s.Reading.Modules) != 2 {
			t.Errorf("in a read: %+v", s.Reading)
		}
		if s.State != collector.StateUp || len(s.Modules) != 2 || !s.Modules[0].Success || s.Modules[1].Success {
			t.Errorf("with one module of two: %+v", s)
		}
		if reads := e.Reads(); len(reads) != 1 || reads[0].Target != "t0" {
			t.Errorf("reads in flight: %+v", reads)
		}
		time.Sleep(30 * time.Second)
		s = target.Status()
		if s.State != collector.StateUp || s.Samples != 2 || s.Duration != 21*time.Second || !s.LastRead.Equal(began.Add(21*time.Second)) || s.Reading != nil {
			t.Errorf("after the first read: %+v", s)
		}
		if m := s.Modules[1]; m.Name != "top" || m.Duration != 20*time.Second || !m.LastRead.Equal(began.Add(21*time.Second)) || m.Why == "" {
			t.Errorf("its slow module: %+v", m)
		}
		takes.set(never)
		target.Scrape(within(t, 5*time.Second), nil)
		time.Sleep(time.Minute)
		s = target.Status()
		if s.State != collector.StateDown || s.Reason != collector.ReasonTimeout || s.Err == "" || s.Modules[1].LastRead.IsZero() {
			t.Errorf("after a read that was not answered: %+v", s)
		}
	})
}

// TestTheTimelineIsThatOfTheWholeRead reads a single module after all of them.
func TestTheTimelineIsThatOfTheWholeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := simulate(t, "defaults: {modules: [top, more]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration { return time.Second })}
		})
		target := e.Targets()[0]
		target.Scrape(within(t, 10*time.Second), nil)
		whole := target.Status().Timeline
		target.Scrape(within(t, 10*time.Second), []string{"top"})
		synctest.Wait()
		if now := target.Status().Timeline; len(whole) == 0 || len(now) != len(whole) {
			t.Errorf("after a read of one module: %+v\nafter one of all: %+v", now, whole)
		}
	})
}

func TestWatchersDelayNoRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := simulate(t, "defaults: {modules: [top]}"+labModules, 1, func(int) *client {
			return &client{answer: taking(func(string) time.Duration { return time.Second })}
		})
		updates, stop := e.Watch(2)
		for range 3 {
			if s := e.Targets()[0].Scrape(within(t, 10*time.Second), nil); !s.Up {
				t.Error(s.Err)
			}
		}
		stop()
		stop()
		var kinds []collector.UpdateKind
		for u := range updates {
			kinds = append(kinds, u.Kind)
		}
		if len(kinds) != 2 || kinds[0] != collector.ReadBegan || kinds[1] != collector.ModuleEnded {
			t.Errorf("a watcher that does not look is told of %v", kinds)
		}
	})
}
