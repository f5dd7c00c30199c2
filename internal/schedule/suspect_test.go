package schedule_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
)

// A read that begins while a scrape waits may have to log in first, which takes longer than its module.
func TestScrapeThatEndsDuringALoginHidesNothing(t *testing.T) {
	for _, test := range []struct {
		name  string
		asked bool // the device, for the module
		want  schedule.State
	}{
		{"during the login", false, schedule.Complete},
		{"after it", true, schedule.Missing},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reads := make(chan *schedule.Read[string], 1)
				s := schedule.New(func(r *schedule.Read[string]) { reads <- r })
				quick, both := []schedule.Module{{Name: "quick"}}, []schedule.Module{{Name: "quick"}, {Name: "never"}}
				scrape := func(modules []schedule.Module) {
					ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
					defer cancel()
					s.Scrape(ctx, schedule.Request{Modules: func() []schedule.Module { return modules }, KeepFor: time.Minute})
				}
				next := func(r *schedule.Read[string], want string) {
					t.Helper()
					if name, ok := r.Next(); !ok || name != want {
						t.Fatalf("%q is read next, want %q", name, want)
					}
				}
				go scrape(quick)
				r := <-reads
				next(r, "quick")
				time.Sleep(10 * time.Millisecond)
				r.Complete("quick", "result")
				r.End()

				s.Ask(both[1])
				r = <-reads
				next(r, "never")
				go scrape(both)
				time.Sleep(1400 * time.Millisecond)
				r.TimeOut("never", "", errors.New("no answer"))
				r.End()
				r = <-reads
				if test.asked {
					next(r, "quick")
				}
				time.Sleep(150 * time.Millisecond) // the scrape has ended
				if got := s.Peek(quick, time.Minute).Modules[0].State; got != test.want {
					t.Errorf("state %v, want %v", got, test.want)
				}
				r.End()
			})
		})
	}
}
