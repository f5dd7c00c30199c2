package collector

import (
	"context"
	"net/netip"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// Candidate returns a target that is part of no configuration, to try its settings on the device. It takes part in the limits of
// the exporter's dials. The caller closes it.
func (e *Exporter) Candidate(target *config.Target, auth *config.Auth) *Target {
	t := newTarget(e, &settings{e.snapshot.Load(), target, auth}, false)
	t.answerCalls(func() {})
	return t
}

// HandOver has the target that is configured under a candidate's name take its session, if it is the same device, reached and logged in to in
// the same way. That is so until done is called.
func (e *Exporter) HandOver(candidate *Target) (done func()) {
	e.candidates.Store(candidate.Name(), candidate)
	return func() { e.candidates.Delete(candidate.Name()) }
}

// takeOver gives a new target the session of the candidate that is handed over to it, if there is one. Where the password is kept may have changed,
// not the password.
func (e *Exporter) takeOver(t *Target, now *settings) {
	value, found := e.candidates.Load(t.Name())
	if !found {
		return
	}
	candidate := value.(*Target)
	from, open := candidate.client.(*session.Client)
	to, same := t.client.(*session.Client)
	if !open || !same {
		return
	}
	tried, auth := candidate.settings.Load().auth, *now.auth
	auth.Password, auth.PasswordFile = tried.Password, tried.PasswordFile
	if sameConnection(candidate, &settings{now.snapshot, now.config, &auth}) {
		to.TakeOver(from)
	}
}

// Close ends the reads of a candidate and closes its session.
func (t *Target) Close(ctx context.Context) { t.close(ctx) }

// Resolve looks up the addresses of a target, and refuses those that a dial would.
func (e *Exporter) Resolve(ctx context.Context, target *config.Target, auth *config.Auth) ([]netip.Addr, error) {
	return session.Resolve(ctx, e.dialing(target, auth))
}

// ShowHostKey connects to a device without logging in, and returns the host key that it shows. Nothing secret is sent.
func (e *Exporter) ShowHostKey(ctx context.Context, target *config.Target, auth *config.Auth, trace *session.Trace) (*session.ShownKey, error) {
	return session.ShowHostKey(ctx, e.dialing(target, auth), trace)
}

func (e *Exporter) dialing(target *config.Target, auth *config.Auth) session.Options {
	return session.Options{
		Target: target, Auth: auth, Dialer: e.dialer, Logger: e.logger, RequireAllowed: target.Origin.Restricted(),
		Via: e.Config().Jumps(target),
	}
}

// Login opens the session, or takes the one that is open, and returns what the device announced in its hello.
func (t *Target) Login(ctx context.Context, trace *session.Trace) (session.Hello, error) {
	return t.client.Connect(ctx, trace)
}

// Identify learns what the device has, without reading it.
func (t *Target) Identify(ctx context.Context) (*Discovery, error) {
	d, err := t.identify(ctx)
	if err != nil {
		return nil, err
	}
	return t.discovery(d.Device, nil), nil
}
