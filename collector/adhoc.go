package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// adHocIdle is how long the session of a target that is not configured is kept without a scrape.
const adHocIdle = 10 * time.Minute

// defaultMaxAdHoc bounds them. A network is scraped in this way at a few kB a device while it is not reached, or some 200 kB
// with a session.
const defaultMaxAdHoc = 10_000

// ErrTooMany is returned for a target that is not configured, when as many others were probed within ten minutes.
var ErrTooMany = errors.New("too many targets that are not configured are probed; configure them, or spread them over several exporters")

// adHoc keeps the targets that are not configured and were probed of late.
type adHoc struct {
	mu      sync.Mutex
	targets map[string]*adHocTarget
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
		if err == nil && sameConnection(t.Target, target, auth) && slices.Equal(old.auth.AllowedTargets, auth.AllowedTargets) {
			t.apply(&settings{next, target, auth})
			continue
		}
		t.expiry.Stop()
		delete(a.targets, key)
		e.retire(t.Target)
	}
}

// AdHoc returns a target that is not configured, for an address inside the networks that the auth allows; whether it is, the
// dial decides (ErrNotAllowed). Its session is kept while it is probed.
func (e *Exporter) AdHoc(address, auth string) (*Target, error) {
	e.apply.Lock()
	defer e.apply.Unlock()
	s := e.snapshot.Load()
	target, err := s.config.AdHoc(address, auth)
	if err != nil {
		return nil, err
	}
	a := &e.adHoc
	a.mu.Lock()
	defer a.mu.Unlock()
	key := fmt.Sprintf("%s\x00%s", target.HostPort(), auth)
	if t, ok := a.targets[key]; ok && t.expiry.Reset(adHocIdle) {
		return t.Target, nil
	}
	if len(a.targets) >= e.maxAdHoc {
		return nil, ErrTooMany
	}
	fresh := newTarget(e, &settings{s, target, s.config.Auths[auth]}, true)
	t := &adHocTarget{Target: fresh}
	t.expiry = time.AfterFunc(adHocIdle, func() {
		a.mu.Lock()
		if a.targets[key] == t {
			delete(a.targets, key)
		}
		a.mu.Unlock()
		fresh.close(context.Background())
	})
	if a.targets == nil {
		a.targets = map[string]*adHocTarget{}
	}
	a.targets[key] = t
	return fresh, nil
}
