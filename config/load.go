package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads the configuration from files and globs, merges them, fills in defaults and validates the result. Relative
// paths in a file are relative to its directory. All that is wrong is reported together: the error joins one *Error for each
// problem, whose text is "FILE:LINE: what is wrong; what to do".
func Load(patterns []string) (*Config, error) {
	l := &loader{
		config:  &Config{Auths: map[string]*Auth{}, Modules: map[string]*Module{}, Catalog: map[string]*Metric{}},
		sources: map[any]*source{},
		read:    map[string]bool{},
	}
	if len(patterns) == 0 {
		l.add(Position{}, "no configuration file is named; name one with --config.file")
	}
	for _, pattern := range patterns {
		files, err := expand(pattern)
		switch {
		case err != nil:
			l.add(Position{File: pattern}, "is not a valid pattern; correct its brackets")
		case len(files) == 0:
			l.add(Position{File: pattern}, "matches no file; create one, or correct --config.file")
		}
		for _, file := range files {
			l.loadFile(file)
		}
	}
	if err := l.err(); err != nil {
		return nil, err // what else is wrong may only follow from this
	}
	l.config.Defaults.applyDefaults(defaults())
	for _, target := range l.config.Targets {
		target.applyDefaults(l.config.Defaults)
		if target.Name == "" {
			target.Name = target.Address
		}
	}
	return l.config, validate(l)
}

// loader merges files into one configuration and remembers where each part of it came from.
type loader struct {
	problems
	config   *Config
	defaults Position        // of the one defaults: that was seen
	sources  map[any]*source // by *Auth, *Target, *Metric or *Settings
	read     map[string]bool // files already read, by clean path: patterns may overlap
}

// readFile reads a file's one document, once; nil when there is nothing more to do with it.
func (l *loader) readFile(file, empty string) (*source, []byte) {
	clean := filepath.Clean(file)
	if l.read[clean] {
		return nil, nil
	}
	l.read[clean] = true
	data, err := os.ReadFile(file)
	if err != nil {
		l.add(Position{File: file}, "%s", strings.TrimPrefix(fileError(file, err).Error(), file+" "))
		return nil, nil
	}
	root, err := parse(file, data, empty)
	if err != nil {
		l.addErrors(err)
		return nil, nil
	}
	return root, data
}

// addErrors takes over the problems that decoding found.
func (l *loader) addErrors(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			l.addErrors(e)
		}
		return
	}
	var e *Error
	if errors.As(err, &e) {
		l.errors = append(l.errors, e)
	}
}

// loadFile reads one configuration file and merges it.
func (l *loader) loadFile(file string) {
	root, data := l.readFile(file, "write auths: and targets: into it")
	if root == nil {
		return
	}
	var part Config
	if err := decode(root, data, &part); err != nil {
		l.addErrors(err)
		return
	}
	dir := filepath.Dir(file)
	for _, auth := range part.Auths {
		if auth != nil {
			auth.resolve(dir)
		}
	}
	merge(l, "auths", root, l.config.Auths, part.Auths, func(a *Auth, s *source) { a.Position = s.at() })
	merge(l, "modules", root, l.config.Modules, part.Modules, (*Module).setSource)
	merge(l, "catalog", root, l.config.Catalog, part.Catalog, func(m *Metric, s *source) { m.Position = s.at() })
	if _, node := child(resolve(root.node), "defaults"); node != nil {
		l.setDefaults(part.Defaults, root.sub("defaults"))
	}
	l.addTargets(part.Targets, root.sub("targets"))
	for i, pattern := range part.TargetFiles {
		l.loadTargetFiles(inDir(dir, pattern), root.at("target_files", i))
	}
}

// merge adds a file's auths, modules or metrics to those of the files before it.
func merge[T any](l *loader, section string, root *source, all, more map[string]*T, locate func(*T, *source)) {
	for name, entry := range more {
		at := root.sub(section, name)
		if entry == nil {
			l.add(at.at(), "%s entry %q is empty; write its settings below it, indented, or take it out", section, name)
		} else if first := all[name]; first != nil {
			l.add(at.at(), "%s entry %q is already at %s; rename or remove one of them", section, name, l.sources[first].at())
		} else {
			locate(entry, at)
			l.sources[entry] = at
			all[name] = entry
		}
	}
}

func (l *loader) setDefaults(settings Settings, at *source) {
	if l.defaults.Line != 0 {
		l.add(at.at(), "defaults is already at %s; keep defaults in one file", l.defaults)
		return
	}
	l.defaults = at.at()
	l.config.Defaults = settings
	l.sources[&l.config.Defaults] = at
}

func (l *loader) addTargets(targets []*Target, at *source) {
	for i, target := range targets {
		place := at.sub(i)
		if target == nil {
			l.add(place.at(), "a target is empty; give it address: and auth:, or take it out")
			continue
		}
		target.Position = place.at()
		l.sources[target] = place
		l.config.Targets = append(l.config.Targets, target)
	}
}

// loadTargetFiles reads the files that one entry of target_files names. A pattern may match nothing: the files may come later.
func (l *loader) loadTargetFiles(pattern string, at Position) {
	l.config.TargetFiles = append(l.config.TargetFiles, pattern)
	files, err := expand(pattern)
	if err != nil {
		l.add(at, "target_files %s is not a valid pattern; correct its brackets", pattern)
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			l.add(at, "target_files %v", fileError(file, err))
			continue
		}
		l.loadTargetFile(file)
	}
}

// loadTargetFile reads a list of targets, bare or under targets:.
func (l *loader) loadTargetFile(file string) {
	root, data := l.readFile(file, "write a list of targets into it, or [] for none")
	if root == nil {
		return
	}
	if root.node.Kind == yaml.SequenceNode {
		var targets []*Target
		if err := decode(root, data, &targets); err != nil {
			l.addErrors(err)
			return
		}
		l.addTargets(targets, root)
		return
	}
	var part struct {
		Targets []*Target `yaml:"targets"`
	}
	if err := decode(root, data, &part); err != nil {
		l.addErrors(err)
		return
	}
	l.addTargets(part.Targets, root.sub("targets"))
}
