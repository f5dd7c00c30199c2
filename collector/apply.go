package collector

import (
	"context"
	"reflect"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// snapshot is one configuration made ready. It is never changed.
type snapshot struct {
	config  *config.Config
	modules *modules
	filters filters
	targets []*Target
	byName  map[string]*Target
}

// Apply validates c, as New does, and makes it the configuration. On an error the one before it stays. Sessions of targets whose
// connection settings are the same survive; targets that are gone are closed in the background. Targets that are new, or whose
// *config.Target is another one, are dialled.
func (e *Exporter) Apply(c *config.Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	return e.Use(c)
}

// Use is Apply for a configuration that is valid, and made of parts that others may have invalidated since: that a file that one
// target's auth names is gone is for the dials of that target to say.
func (e *Exporter) Use(c *config.Config) error {
	e.apply.Lock()
	defer e.apply.Unlock()
	old := e.snapshot.Load()
	modules := old.modules
	if old.config == nil || !sameDefinitions(old.config, c) {
		var err error
		if modules, err = compileModules(c); err != nil {
			return err
		}
	}
	filters, err := compileFilters(c)
	if err != nil {
		return err
	}
	if e.listens {
		if err := e.dialer.CallHome().ListenAll(c.CallHome); err != nil {
			return err
		}
	}
	next := &snapshot{config: c, modules: modules, filters: filters, byName: map[string]*Target{}}
	kept := map[*Target]bool{}
	var changed []*Target
	for _, target := range c.Targets {
		auth := c.Auths[target.Auth]
		now := &settings{next, target, auth}
		t := old.byName[target.Name]
		if t != nil && sameConnection(t, now) {
			kept[t] = true
			if t.Config() != target {
				changed = append(changed, t)
			}
			t.apply(now)
		} else {
			t = newTarget(e, now, false)
			e.takeOver(t, now)
			t.answerCalls(t.connectNext)
			changed = append(changed, t)
		}
		next.targets = append(next.targets, t)
		next.byName[target.Name] = t
	}
	e.snapshot.Store(next)
	for _, t := range old.targets {
		if !kept[t] {
			e.retire(t)
		}
	}
	e.applyAdHoc(next)
	if !e.lazy {
		for _, t := range changed {
			t.connectAhead()
		}
	}
	return nil
}

// sameDefinitions reports whether two configurations share their modules and metrics, as those made by config.Config.With do.
// Compiling them again would cost 30 ms.
func sameDefinitions(a, b *config.Config) bool {
	same := func(x, y any) bool { return reflect.ValueOf(x).Pointer() == reflect.ValueOf(y).Pointer() }
	return same(a.Modules, b.Modules) && same(a.Catalog, b.Catalog)
}

// retire closes a target in the background, once the read in flight has ended: scrapes may be waiting for it.
func (e *Exporter) retire(t *Target) {
	e.retiring.Go(func() {
		select {
		case <-t.schedule.Idle():
		case <-e.life.Done():
		}
		t.close(context.Background())
	})
}

// sameConnection reports whether a session made for t serves the target as it is configured now.
func sameConnection(t *Target, now *settings) bool {
	old, target, auth := t.settings.Load(), now.config, now.auth
	was, is := *old.auth, *auth
	was.Position, is.Position = config.Position{}, config.Position{}
	was.AllowedTargets, is.AllowedTargets = nil, nil
	if target.Origin.Restricted() && !slices.Equal(old.auth.AllowedTargets, auth.AllowedTargets) {
		return false // they are checked at every dial of such a target
	}
	return old.config.HostPort() == target.HostPort() && old.config.Over() == target.Over() && old.config.CallHome == target.CallHome &&
		old.config.Auth == target.Auth && old.config.Origin == target.Origin &&
		slices.Equal(old.config.HostKeyFingerprints, target.HostKeyFingerprints) &&
		slices.Equal(old.config.CertificateFingerprints, target.CertificateFingerprints) && reflect.DeepEqual(was, is) &&
		(target.Over() != config.TransportRESTCONF || *old.config.MaxReplyBytes == *target.MaxReplyBytes) && // what is decompressed and left out counts too
		session.SameWay(old.config, old.jumps(), target, now.jumps())
}

func (s *snapshot) connectAhead() {
	for _, t := range s.targets {
		t.connectAhead()
	}
}
