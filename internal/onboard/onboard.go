// Package onboard adds devices while the exporter runs: as tasks whose steps try the device before it is stored, and that ask a
// person about a host key or certificate that nobody knows before anything secret is sent.
package onboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// The kinds of tasks.
const (
	Add     = "add"
	Replace = "replace"
	Check   = "check"
)

// Steps are those of adding a device, in order.
func Steps() []string {
	return []string{"resolve", "connect", "host_key", "login", "hello", "models", "modules", "read", "store", "live"}
}

// Options are what an Onboarder works with. All are required.
type Options struct {
	Exporter  *collector.Exporter
	Inventory *inventory.Inventory
	Queue     *task.Queue
	Logger    *slog.Logger
}

// Onboarder adds, replaces, checks and removes targets.
type Onboarder struct{ Options }

// New returns an Onboarder.
func New(o Options) *Onboarder { return &Onboarder{o} }

// Person is who asks for a change, for the log.
type Person struct {
	Who  string // name of the user that logged in; "" without a login
	From string // address
}

// ErrUnknownTarget is returned for a target that does not exist.
var ErrUnknownTarget = errors.New("no target has that name; GET /api/v1/targets lists those that there are")

// ErrCallsHome is returned for a check of a target that cannot be dialled.
var ErrCallsHome = errors.New("the device opens the connection itself; wait until it calls, or look at what the exporter says of its last call")

// Add queues the task of adding a target, or of replacing one that was added. Errors are those of Inventory.Fit, of Queue.Submit, and
// *NotAllowedError.
func (o *Onboarder) Add(spec inventory.Spec, replaces bool, by Person) (task.Task, error) {
	target, auth, err := o.Inventory.Fit(spec, replaces)
	if err != nil {
		return task.Task{}, err
	}
	if err := mayDial(target, auth); err != nil {
		return task.Task{}, err
	}
	kind := Add
	if replaces {
		kind = Replace
	}
	attempt := &attempt{Onboarder: o, kind: kind, spec: spec, target: target, auth: auth, by: by}
	return o.submit(attempt)
}

// Check queues the task of trying a target that is there. Errors are ErrUnknownTarget, ErrCallsHome and those of Queue.Submit.
func (o *Onboarder) Check(name string, by Person) (task.Task, error) {
	c := o.Exporter.Config()
	target, ok := c.Target(name)
	switch {
	case !ok:
		return task.Task{}, ErrUnknownTarget
	case target.CallHome:
		return task.Task{}, ErrCallsHome
	}
	return o.submit(&attempt{Onboarder: o, kind: Check, target: target, auth: c.Auths[target.Auth], by: by})
}

func (o *Onboarder) submit(a *attempt) (task.Task, error) {
	spec := task.Spec{Kind: a.kind, Target: a.target.Name, Address: a.target.HostPort(), Device: device(a.target), Steps: Steps()}
	if s := a.spec; a.kind != Check {
		spec.Input = &task.Input{
			Address: s.Address, Auth: s.Auth, Username: s.Username, Modules: s.Modules, Labels: s.Labels, Transport: s.Transport, ProxyJump: s.ProxyJump, CallHome: s.CallHome,
			Fingerprint: s.Fingerprint, Certificate: s.Certificate,
		}
	}
	submitted, err := o.Queue.Submit(spec, a.work)
	if err == nil {
		o.Audit(a.by, a.kind+" a target", "target", a.target.Name, "address", a.target.HostPort(), "task", submitted.ID)
	}
	return submitted, err
}

// device is a target's address in one spelling, with its jump host and proxy.
func device(t *config.Target) string {
	if t.CallHome {
		return "call home " + t.Name
	}
	host, port, err := net.SplitHostPort(t.HostPort())
	if err != nil {
		return t.HostPort() // does not happen: it was checked
	}
	if address, err := netip.ParseAddr(host); err == nil {
		host = address.Unmap().String()
	}
	return strings.ToLower(net.JoinHostPort(host, port)) + " by " + value(t.ProxyJump) + string(value(t.ProxyURL))
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Remove removes a target that was added. Errors are those of Inventory.Remove.
func (o *Onboarder) Remove(name string, by Person) error {
	err := o.Inventory.Remove(name)
	if err == nil {
		o.Audit(by, "removed a target", "target", name)
	}
	return err
}

// Confirm says that the host key or certificate that a task waits with is the device's. Errors are those of Queue.Confirm.
func (o *Onboarder) Confirm(id, fingerprint string, by Person) (task.Task, error) {
	t, err := o.Queue.Confirm(id, fingerprint)
	if err == nil {
		what := "confirmed a host key"
		if t.Input != nil && t.Input.Certificate == fingerprint {
			what = "confirmed a certificate"
		}
		o.Audit(by, what, "target", t.Target, "fingerprint", fingerprint, "task", id)
	}
	return t, err
}

// Cancel ends a task. Errors are those of Queue.Cancel.
func (o *Onboarder) Cancel(id string, by Person) (task.Task, error) {
	t, err := o.Queue.Cancel(id)
	if err == nil {
		o.Audit(by, "cancelled a task", "target", t.Target, "task", id)
	}
	return t, err
}

// Audit logs a change: who made it, from where, and what it is.
func (o *Onboarder) Audit(by Person, what string, details ...any) {
	o.Logger.Info("audit", append([]any{"change", what, "user", by.Who, "from", by.From}, details...)...)
}

// attempt tries a target's settings once.
type attempt struct {
	*Onboarder
	kind   string
	spec   inventory.Spec // of a target that is to be stored
	target *config.Target
	auth   *config.Auth
	by     Person

	candidate *collector.Target // nil until it is made
}

// work does the steps.
func (a *attempt) work(ctx context.Context, run *task.Run) error {
	defer a.closeCandidate()
	steps := []func(context.Context, *task.Run) error{a.resolve, a.hostKey, a.read, a.keep}
	if a.target.CallHome {
		steps = []func(context.Context, *task.Run) error{a.awaitCall, a.read, a.keep}
	}
	for _, step := range steps {
		if err := step(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// keep stores the target and puts it in force, with the session of the candidate: one login is enough.
func (a *attempt) keep(ctx context.Context, run *task.Run) error {
	if a.kind == Check {
		run.Skip("store", "a check changes nothing")
		run.Skip("live", "a check changes nothing")
		return nil
	}
	if err := run.Step("store", func() (string, error) { return a.Inventory.Put(a.spec, a.kind == Replace) }); err != nil {
		return err
	}
	return run.Step("live", func() (string, error) {
		if a.candidate != nil {
			defer a.Exporter.HandOver(a.candidate)()
		}
		if err := a.Inventory.Publish(); err != nil {
			return "", err
		}
		target, ok := a.Exporter.Target(a.target.Name)
		if !ok {
			return "", fmt.Errorf("target %q was stored and is not there any more: it has been removed meanwhile, or the configuration was changed so that it does not fit; the log says which", a.target.Name)
		}
		ctx, cancel := a.withTimeout(ctx)
		defer cancel()
		_ = target.Scrape(ctx, nil) // so that there is something to see at once
		a.Audit(a.by, "stored a target", "target", a.target.Name, "address", a.target.HostPort(), "task", run.ID())
		return fmt.Sprintf("in /metrics and /sd as target %q", a.target.Name), nil
	})
}

// connectTimeout bounds the steps up to the host key.
const connectTimeout = 40 * time.Second
