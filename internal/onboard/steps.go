package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// NotAllowedError refuses an address that no dial may reach.
type NotAllowedError struct{ Address, Auth string }

func (e *NotAllowedError) Error() string {
	if e.Auth == "" {
		return fmt.Sprintf("%s is outside allowed_targets under admin: in the configuration; add its network there, or use an auth that may reach it", e.Address)
	}
	return fmt.Sprintf("%s is outside the allowed_targets of auth %q; add its network there, or use another auth", e.Address, e.Auth)
}

// mayDial refuses what no dial can reach. What a name resolves to is for each dial to check, and from where
// a device calls, for each call.
func mayDial(target *config.Target, auth *config.Auth) error {
	host := "the address that the device calls from"
	if !target.CallHome {
		var err error
		if host, _, err = net.SplitHostPort(target.HostPort()); err != nil {
			return err
		}
	}
	address, err := netip.ParseAddr(host)
	if err == nil && auth.Allows(address) || err != nil && len(auth.AllowedTargets) > 0 {
		return nil
	}
	refused := &NotAllowedError{Address: host}
	if !auth.Stored {
		refused.Auth = target.Auth
	}
	return refused
}

func (a *attempt) resolve(ctx context.Context, run *task.Run) error {
	return run.Step("resolve", func() (string, error) {
		addresses, err := a.Exporter.Resolve(ctx, a.target, a.auth)
		var words []string
		for _, address := range addresses {
			words = append(words, address.Unmap().String())
		}
		return strings.Join(words, ", "), err
	})
}

// unchecked is the setting by which any device is taken for the right one; "" if it is checked.
func (a *attempt) unchecked() string {
	switch {
	case a.target.Over() != config.TransportSSH:
		if a.auth.TLSConfig.InsecureSkipVerify {
			return "insecure_skip_verify"
		}
	case a.auth.InsecureIgnoreHostKey && len(a.target.HostKeyFingerprints) == 0:
		return "insecure_ignore_host_key"
	}
	return ""
}

// user is as whom the exporter logs in.
func (a *attempt) user() string {
	if a.auth.Username == "" || a.target.Over() == config.TransportTLS {
		return "by its certificate"
	}
	return "as " + a.auth.Username
}

// hostKey looks at the device's host key or certificate. Nothing secret has been sent when it returns.
func (a *attempt) hostKey(ctx context.Context, run *task.Run) error {
	var shown *session.ShownKey
	err := run.Step("connect", func() (detail string, err error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		trace := session.NewTrace()
		shown, err = a.Exporter.ShowHostKey(ctx, a.target, a.auth, trace)
		for _, e := range trace.Events() {
			if e.Phase == "tcp" && !e.Failed {
				detail = e.Detail
			}
		}
		return detail, err
	})
	if err != nil {
		return err
	}
	return run.Step("host_key", func() (string, error) {
		key := shown.Type + " " + shown.Fingerprint
		switch {
		case shown.Err == nil && a.unchecked() != "":
			return key + ", not checked: the auth says " + a.unchecked(), nil
		case shown.Err == nil:
			return key + " is known", nil
		case !shown.Unknown || a.kind == Check || a.spec.Fingerprint != "":
			return "", shown.Err
		}
		if err := run.Confirm(ctx, "host_key", shown.Fingerprint, shown.Type); err != nil {
			return "", err
		}
		a.spec.Fingerprint = shown.Fingerprint
		target, auth, err := a.Inventory.Fit(a.spec, a.kind == Replace)
		if err != nil {
			return "", err
		}
		a.target, a.auth = target, auth
		return key + ", confirmed", nil
	})
}

// callTimeout is how long a device may take to call.
const callTimeout = 5 * time.Minute

// awaitCall waits until a device calls that is known by its host key or certificate. Nothing secret has been sent when it returns.
func (a *attempt) awaitCall(ctx context.Context, run *task.Run) error {
	run.Skip("resolve", "the device calls")
	if a.kind == Replace { // its calls are for the target that it is
		for _, step := range []string{"connect", "host_key", "login", "hello", "models", "modules", "read"} {
			run.Skip(step, "the settings are in force when it calls again")
		}
		return nil
	}
	a.candidate = a.Exporter.Candidate(a.target, a.auth)
	if err := run.Step("connect", func() (string, error) {
		late := time.NewTimer(callTimeout)
		defer late.Stop()
		select {
		case <-a.candidate.Called():
			return "the device has called", nil
		case <-late.C:
			return "", fmt.Errorf("target %s: the device has not called within %v; check its Call Home settings, and whether its host key or certificate is this one", a.target.Name, callTimeout)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}); err != nil {
		return err
	}
	return run.Step("host_key", func() (string, error) {
		return strings.Join(a.target.CallerKeys(a.auth), ", ") + " is known", nil
	})
}

// closeCandidate ends the session of the try.
func (a *attempt) closeCandidate() {
	if a.candidate == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	a.candidate.Close(ctx)
	a.candidate = nil
}

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

// progressEvery is how often the progress of a read is told.
const progressEvery = 250 * time.Millisecond

// follow tells of the progress of a target's reads until it is stopped.
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

// login opens the session: one call, and two steps to whoever watches.
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
