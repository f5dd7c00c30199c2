package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// read logs in and reads the device once.
func (a *attempt) read(ctx context.Context, run *task.Run) error {
	if a.target.CallHome && a.kind == Replace {
		return nil
	}
	if a.candidate == nil {
		a.candidate = a.Exporter.Candidate(a.target, a.auth)
	}
	candidate := a.candidate
	if err := a.login(ctx, run, candidate); err != nil {
		return err
	}
	var found *collector.Discovery
	if err := run.Step("models", func() (detail string, err error) {
		ctx, cancel := a.withTimeout(ctx)
		defer cancel()
		if found, err = candidate.Identify(ctx); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d models", len(found.Models)), nil
	}); err != nil {
		return err
	}
	if err := run.Step("modules", func() (string, error) { return a.modules(found) }); err != nil {
		return err
	}
	return run.Step("read", func() (string, error) {
		ctx, cancel := a.withTimeout(ctx)
		defer cancel()
		stop := follow(candidate, func(bytes, rows int64) { run.Progress("read", bytes, rows) })
		scrape := candidate.Scrape(ctx, nil)
		stop()
		if ctx.Err() != nil && context.Cause(ctx) != context.DeadlineExceeded {
			return "", ctx.Err()
		}
		if !scrape.Up {
			return "", cmp.Or(scrape.Err, errNothing)
		}
		status := candidate.Status()
		detail := fmt.Sprintf("%d interfaces, %d samples", status.Interfaces, status.Samples)
		if scrape.Err != nil {
			if status.Samples == 0 {
				return "", scrape.Err
			}
			detail += "; not all of it: " + scrape.Err.Error()
		}
		return detail, nil
	})
}

// progressEvery is how often the progress of a read is reported.
const progressEvery = 250 * time.Millisecond

// follow reports the progress of a target's reads until it is stopped.
func follow(target *collector.Target, tell func(bytes, rows int64)) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		var told int64
		for {
			select {
			case <-ticker.C:
				if p := target.Status().Reading; p != nil && p.Bytes > told {
					told = p.Bytes
					tell(p.Bytes, p.Rows)
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
	}
}

var errNothing = errors.New("the device gave nothing; look at its log, or read it with netconf_exporter probe")

func (a *attempt) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Duration(*a.target.Timeout))
}

// login opens the session. It is one call, shown as two steps.
func (a *attempt) login(ctx context.Context, run *task.Run, candidate *collector.Target) error {
	ctx, cancel := a.withTimeout(ctx)
	defer cancel()
	type outcome struct {
		hello session.Hello
		err   error
	}
	loggedIn, done := make(chan string, 1), make(chan outcome, 1)
	trace := session.WatchedTrace(func(e session.Event) {
		if e.Phase == "auth" && !e.Failed && a.target.Over() != config.TransportTLS { // there the device may refuse us after it
			select {
			case loggedIn <- e.Detail:
			default:
			}
		}
	})
	go func() {
		hello, err := candidate.Login(ctx, trace)
		done <- outcome{hello, err}
	}()
	var ended *outcome
	if err := run.Step("login", func() (string, error) {
		select {
		case o := <-done:
			ended = &o
			switch session.ReasonOf(o.err) {
			case "", session.ReasonHello, session.ReasonNoNetconf:
				return a.user(), nil
			}
			return "", o.err
		case method := <-loggedIn:
			return strings.TrimSuffix(a.user()+", by "+method, ", by "), nil // RESTCONF has one way
		}
	}); err != nil {
		return err
	}
	return run.Step("hello", func() (string, error) {
		if ended == nil {
			o := <-done
			ended = &o
		}
		if ended.err != nil {
			return "", ended.err
		}
		return fmt.Sprintf("%d capabilities", len(ended.hello.Capabilities)), nil
	})
}

// modules says which modules will read the device.
func (a *attempt) modules(found *collector.Discovery) (string, error) {
	var names, kinds []string
	for _, m := range found.Modules {
		named := slices.Contains(a.target.Modules, m.Name)
		auto := slices.Contains(a.target.Modules, config.Auto) && m.Fits && !slices.Contains(kinds, cmp.Or(m.Provides, m.Name))
		if named || auto {
			names, kinds = append(names, m.Name), append(kinds, cmp.Or(m.Provides, m.Name))
		}
	}
	if len(names) == 0 {
		return "", fmt.Errorf("no module fits the %d models and %d capabilities that the device announces, so that there is nothing to read; "+
			"`netconf_exporter discover` says what each module lacks", len(found.Models), len(found.Capabilities))
	}
	return strings.Join(names, ", "), nil
}
