// Package inventory is the set of targets: those of the configuration, and those that were added while the exporter runs. Both
// are merged here and nowhere else, whenever either changes.
package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
)

// Options are what an Inventory works with.
type Options struct {
	Load   func() (*config.Config, error) // reads the configuration
	Folder string                         // of the stored targets; need not exist
	Store  *store.Store                   // that writes to the folder; nil: nothing is added or removed
	Logger *slog.Logger
	// Discovered gives the last good list of an inventory that the configuration names; nil: none is asked.
	Discovered func(*config.HTTPSD) []config.SDGroup
}

// Inventory merges stored targets with the configuration. It is safe for concurrent use.
type Inventory struct {
	options Options
	apply   func(*config.Config) error

	mu         sync.Mutex // one reload or change at a time, reading and writing files included
	base       *config.Config
	entries    map[string]*entry         // by name
	problem    map[string]string         // what was last logged of a file
	changed    bool                      // since apply
	discovered map[string]*config.Target // by inventories, by name
}

// entry is a stored target.
type entry struct {
	stored *config.Stored
	fitted *config.Fitted // nil while it does not fit the configuration
}

// What the methods return.
var (
	ErrUnknown  = errors.New("no target has that name")
	ErrReadOnly = errors.New("targets are not stored; start the exporter with --web.enable-admin-api")
)

// OwnedError refuses to change a target that is not the API's.
type OwnedError struct{ Target *config.Target }

func (e *OwnedError) Error() string {
	if e.Target.Origin == config.OriginSource {
		return fmt.Sprintf("target %q comes from a source that the configuration names (%s); change it there", e.Target.Name, e.Target.Position)
	}
	return fmt.Sprintf("target %q is in the configuration, at %s; change it there", e.Target.Name, e.Target.Position)
}

// TakenError refuses a name that is taken.
type TakenError struct{ Name string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("a target is called %q already; choose another name, or replace that one by PUT /api/v1/targets/NAME", e.Name)
}

// Open reads the configuration and the stored targets, and returns both as one.
func Open(o Options) (*Inventory, *config.Config, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	base, err := o.Load()
	if err != nil {
		return nil, nil, err
	}
	i := &Inventory{options: o, apply: func(*config.Config) error { return nil }, base: base, problem: map[string]string{}}
	if i.entries, err = i.read(base, nil); err != nil {
		return nil, nil, err
	}
	return i, i.merged(base, i.entries), nil
}

// OnChange sets who is given the configuration whenever it changes. It is called once, before the first change.
func (i *Inventory) OnChange(apply func(*config.Config) error) { i.apply = apply }

// Reload reads everything again. On an error all stays as it was.
func (i *Inventory) Reload() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	base, err := i.options.Load()
	if err != nil {
		return err
	}
	entries, err := i.read(base, i.entries)
	if err != nil {
		return err
	}
	if err := i.apply(i.merged(base, entries)); err != nil {
		return err
	}
	i.base, i.entries, i.changed = base, entries, false
	return nil
}

// read reads the stored files. One that cannot be read or does not fit keeps what it had before, as long as that fits.
func (i *Inventory) read(base *config.Config, before map[string]*entry) (map[string]*entry, error) {
	files, err := store.Files(i.options.Folder)
	if err != nil {
		return nil, err
	}
	old := map[string]*entry{} // by file
	for _, e := range before {
		old[e.stored.File] = e
	}
	entries := map[string]*entry{}
	for _, file := range files {
		stored, err := config.ReadStored(file)
		e := &entry{stored: stored}
		if err == nil {
			other := cmp.Or(entries[stored.Target.Name], before[stored.Target.Name])
			if other != nil && other.stored.File != file && slices.Contains(files, other.stored.File) {
				err = fmt.Errorf("%s: target %q is stored in %s already; remove one of them", file, stored.Target.Name, other.stored.File)
			} else {
				e.fitted, err = base.Fit(stored)
			}
		}
		i.log(file, err)
		if _, configured := base.Target(nameOf(e, old[file])); err != nil && !configured && old[file] != nil {
			e = &entry{stored: old[file].stored}
			e.fitted, _ = base.Fit(e.stored)
		}
		if e.stored != nil && entries[e.stored.Target.Name] == nil {
			entries[e.stored.Target.Name] = e
		}
	}
	return entries, nil
}

func nameOf(e, old *entry) string {
	switch {
	case e.stored != nil:
		return e.stored.Target.Name
	case old != nil:
		return old.stored.Target.Name
	}
	return ""
}

// log says what is wrong with a stored file, when that changes.
func (i *Inventory) log(file string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == i.problem[file] {
		return
	}
	i.problem[file] = text
	if err != nil {
		i.options.Logger.Error("a stored target is not as its file says", "file", file, "err", text)
		return
	}
	delete(i.problem, file)
}

// merged is the configuration with the stored targets that fit it, in the order of their names.
func (i *Inventory) merged(base *config.Config, entries map[string]*entry) *config.Config {
	var fitted []*config.Fitted
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if f := entries[name].fitted; f != nil {
			fitted = append(fitted, f)
		}
	}
	return i.withDiscovered(base.With(fitted))
}

// Fit says whether a target may be added, or replaced, and makes it ready to be tried: with its password in memory, and without
// a host key to trust where the spec has none. Errors are *OwnedError, *TakenError, ErrUnknown and those of the configuration.
func (i *Inventory) Fit(s Spec, replaces bool) (*config.Target, *config.Auth, error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	i.mu.Lock()
	base := i.base
	err := i.mayPut(s.Name, replaces)
	i.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	unknown := s.Fingerprint == "" && s.Auth == "" && !s.CallHome && s.Transport != string(config.TransportRESTCONF)
	if unknown {
		s.Fingerprint = placeholder
	}
	stored, err := s.parse()
	if err != nil {
		return nil, nil, err
	}
	fitted, err := base.Fit(stored)
	if err == nil {
		err = i.otherCaller(fitted.Target, base)
	}
	if err != nil {
		return nil, nil, err
	}
	auth := cmp.Or(fitted.Auths[fitted.Target.Auth], base.Auths[fitted.Target.Auth])
	if unknown {
		auth.HostKeyFingerprints = nil // its own copy
	}
	return fitted.Target, auth, nil
}

// otherCaller refuses a target that calls home and has a key of another one that was added. Fit does that for those of the configuration.
func (i *Inventory) otherCaller(t *config.Target, base *config.Config) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for name, e := range i.entries {
		if name == t.Name || e.fitted == nil {
			continue
		}
		for _, key := range e.fitted.Target.CallerKeys(base.Auths[e.fitted.Target.Auth]) {
			if slices.Contains(t.CallerKeys(base.Auths[t.Auth]), key) {
				return fmt.Errorf("%s is that of target %q too, and a call could be meant for both; remove that, or change it", key, name)
			}
		}
	}
	return nil
}

// mayPut says why a target may not be stored under a name. It is called under the lock.
func (i *Inventory) mayPut(name string, replaces bool) error {
	configured, ok := i.base.Target(name)
	if !ok && i.entries[name] == nil {
		configured, ok = i.discovered[name], i.discovered[name] != nil
	}
	e := i.entries[name]
	switch {
	case i.options.Store == nil:
		return ErrReadOnly
	case ok && replaces:
		return &OwnedError{configured}
	case ok, e != nil && !replaces:
		return &TakenError{name}
	case e == nil && replaces:
		return ErrUnknown
	}
	return nil
}

// Put stores a target, in place of one of its name if it replaces that. It is in force after Publish. Errors are those of Fit
// and *store.Error.
func (i *Inventory) Put(s Spec, replaces bool) (file string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.mayPut(s.Name, replaces); err != nil {
		return "", err
	}
	tried, err := s.parse()
	if err == nil {
		_, err = i.base.Fit(tried) // the configuration may have changed since then
	}
	if err != nil {
		return "", err
	}
	old := i.entries[s.Name]
	path := ""
	if old != nil {
		path = old.stored.File
	}
	if file, err = i.options.Store.Put(s.Name, path, s.Password.Reveal(), s.text); err != nil {
		return "", err
	}
	stored, err := config.ReadStored(file)
	if err != nil {
		return "", err
	}
	fitted, err := i.base.Fit(stored)
	if err != nil {
		return "", err
	}
	i.entries[s.Name] = &entry{stored: stored, fitted: fitted}
	i.changed = true
	return file, nil
}

// Remove removes a stored target, from the folder and from what is in force.
func (i *Inventory) Remove(name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	configured, ok := i.base.Target(name)
	e := i.entries[name]
	switch {
	case ok:
		return &OwnedError{configured}
	case e == nil:
		return ErrUnknown
	case i.options.Store == nil:
		return ErrReadOnly
	}
	if err := i.options.Store.Remove(e.stored.File); err != nil {
		return err
	}
	delete(i.entries, name)
	i.changed = true
	return i.publish()
}

// Publish puts in force what was stored.
func (i *Inventory) Publish() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.publish()
}

func (i *Inventory) publish() error {
	if !i.changed {
		return nil // somebody else's Publish did it
	}
	if err := i.apply(i.merged(i.base, i.entries)); err != nil {
		return err
	}
	i.changed = false
	return nil
}
