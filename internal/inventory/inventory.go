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

// OnChange sets the function that gets each new configuration. Call it once, before the first change.
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

// read reads the stored files. A file that cannot be read or does not fit the configuration keeps its earlier target, if that fits.
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

// log logs the error of a stored file when it changes.
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
