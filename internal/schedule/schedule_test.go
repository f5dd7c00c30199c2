package schedule_test

import (
	"context"
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
	"github.com/netconf-exporter/netconf_exporter/internal/steadytest"
)

var (
	schedules = flag.Int("schedules", randomSchedules, "how many random schedules are played")
	seed      = flag.Uint64("seed", 1, "of the first of them")
)

func TestTimelines(t *testing.T) { steadytest.RunTimelines(t, open) }

func TestRandomSchedules(t *testing.T) {
	n := *schedules
	if testing.Short() {
		n /= 20
	}
	steadytest.RunRandom(t, *seed, n, open)
}

// driver reads a world as a schedule says.
type driver struct {
	*steadytest.World
	schedule *schedule.Schedule[time.Time]
}

func open(_ *testing.T, w *steadytest.World) steadytest.Driver {
	d := &driver{World: w}
	d.schedule = schedule.New(func(r *schedule.Read[time.Time]) { go d.read(r) })
	return d
}

// read does what the collector does: one module after the other until the deadline.
func (d *driver) read(r *schedule.Read[time.Time]) {
	progress, _ := d.schedule.Progress()
	read := d.Begin(progress.Modules)
	deadline := r.Began.Add(d.Timeout)
	for broken := false; !broken; {
		name, ok := r.Next()
		if !ok {
			break
		}
		switch does := d.Ask(read, name); {
		case does.Takes >= time.Until(deadline):
			time.Sleep(time.Until(deadline))
			d.Answer(read, steadytest.TimedOut)
			r.TimeOut(name, time.Now(), errors.New("timeout"))
			broken = true
		case does.Lost:
			time.Sleep(does.Takes)
			r.Lose(errors.New("refused"))
			broken = true
		case does.Fails:
			time.Sleep(does.Takes)
			d.Answer(read, steadytest.Refused)
			r.Fail(name, time.Now(), true)
		default:
			time.Sleep(does.Takes)
			d.Answer(read, steadytest.Complete)
			r.Complete(name, time.Now())
		}
	}
	d.End(read, time.Now())
	r.End()
}

// modules are modules as the schedule knows them.
func (d *driver) modules(of []steadytest.Module) (all []schedule.Module) {
	for _, m := range of {
		all = append(all, schedule.Module{Name: d.Name(m.Name), MaxAge: m.MaxAge})
	}
	return all
}

func (d *driver) Scrape(budget time.Duration, modules []steadytest.Module) (up bool, given map[string]time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	answer := d.schedule.Scrape(ctx, schedule.Request{
		Modules: func() []schedule.Module { return d.modules(modules) },
		KeepFor: max(5*time.Minute, 3*d.Timeout),
	})
	given = map[string]time.Time{}
	for _, share := range answer.Modules {
		if share.State == schedule.Complete {
			given[share.Module] = share.Result
		}
	}
	return answer.Up, given
}

func (d *driver) Reload() {
	d.schedule.Rename(func(name string) string { return d.Name(steadytest.Base(name)) })
}

func (d *driver) Idle() {
	for reading := true; reading; _, reading = d.schedule.Progress() {
		<-d.schedule.Idle()
	}
}
