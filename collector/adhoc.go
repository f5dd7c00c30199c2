package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// adHocIdle is how long the session of a target that is not configured is kept without a scrape.
const adHocIdle = 10 * time.Minute

// defaultMaxAdHoc bounds them. A network is scraped in this way at a few kB a device while it is not reached, or some 200 kB
// with a session.
const defaultMaxAdHoc = 10_000

// ErrTooMany is returned for a target that is not configured, when as many others were reached within ten minutes.
var ErrTooMany = errors.New("too many targets that are not configured are probed; configure them, or spread them over several exporters")

// adHoc holds the targets that are not configured and were probed recently. All spellings of an address have one target.
type adHoc struct {
	mu      sync.Mutex // guards following fields
	targets map[deviceKey]*adHocTarget
	names   map[deviceKey]deviceKey // host names that were probed: which target they stand for
}

type adHocTarget struct {
	*Target
	expiry *time.Timer // closes the target
}

// applyAdHoc takes over the targets whose connection settings the new configuration left alone, with their sessions and with
// the memory of refused logins, and retires the others.
func (e *Exporter) applyAdHoc(next *snapshot) {
	a := &e.adHoc
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, t := range a.targets {
		old := t.settings.Load()
		auth := next.config.Auths[old.config.Auth]
		target, err := next.config.AdHoc(old.config.Address, old.config.Auth)
		if now := (&settings{next, target, auth}); err == nil && sameConnection(t.Target, now) && slices.Equal(old.auth.AllowedTargets, auth.AllowedTargets) {
			t.apply(now)
			continue
		}
		t.expiry.Stop()
		a.remove(key, t)
		e.retire(t.Target)
	}
}

// AdHoc returns a target that is not configured, for an address inside the networks that the auth allows; whether it is, the
// dial decides (ErrNotAllowed). A host name that was not probed recently is looked up, within ctx. All names and spellings of one
// address have one target. Its session is kept while it is probed.
func (e *Exporter) AdHoc(ctx context.Context, address, auth string) (*Target, error) {
	s := e.snapshot.Load()
	target, err := s.config.AdHoc(address, auth)
	if err != nil {
		return nil, err
	}
	name := newDeviceKey(target.HostPort(), auth)
	key, err := e.resolveAdHoc(ctx, name, target, s.config.Auths[auth])
	if err != nil {
		return nil, err
	}
	e.apply.Lock()
	defer e.apply.Unlock()
	s = e.snapshot.Load()
	if target, err = s.config.AdHoc(address, auth); err != nil {
		return nil, err
	}
	a := &e.adHoc
	a.mu.Lock()
	defer a.mu.Unlock()
	if t, ok := a.targets[key]; ok && t.expiry.Reset(adHocIdle) {
		a.remember(name, key, e.maxAdHoc)
		return t.Target, nil
	}
	if len(a.targets) >= e.maxAdHoc {
		e.dropFailed()
	}
	if len(a.targets) >= e.maxAdHoc {
		return nil, ErrTooMany
	}
	fresh := newTarget(e, &settings{s, target, s.config.Auths[auth]}, true)
	t := &adHocTarget{Target: fresh}
	t.expiry = time.AfterFunc(adHocIdle, func() {
		a.mu.Lock()
		a.remove(key, t)
		a.mu.Unlock()
		fresh.close(context.Background())
	})
	if a.targets == nil {
		a.targets, a.names = map[deviceKey]*adHocTarget{}, map[deviceKey]deviceKey{}
	}
	a.targets[key] = t
	a.remember(name, key, e.maxAdHoc)
	return fresh, nil
}

// dropFailed makes room in the table: targets that could not be reached leave it. What is known of refused logins does not
// belong to them, and stays. The caller holds the lock.
func (e *Exporter) dropFailed() {
	for key, t := range e.adHoc.targets {
		if t.failed() && t.expiry.Stop() {
			e.adHoc.remove(key, t)
			e.retire(t.Target)
		}
	}
}

// failed reports whether the last read could not reach the device, and no other one is in flight.
func (t *Target) failed() bool {
	_, reads := t.schedule.Progress()
	return !reads && t.schedule.Peek(nil, 0).Lost != nil && !t.client.Stats().Established
}
