package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Load reads the configuration from files and globs, merges them, fills in defaults and validates the result. Relative
// paths in a file are relative to its directory. All that is wrong is reported together: the error joins one *Error for each
// problem, whose text is "FILE:LINE: what is wrong; what to do". What is wrong with one of target_files is no error: it is in
// Config.FileErrors.
func Load(patterns []string) (*Config, error) { return new(Files).Load(patterns) }

// Load is like the function Load, and keeps what the next Load can use again.
func (f *Files) Load(patterns []string) (*Config, error) {
	l := newLoader(f)
	if len(patterns) == 0 {
		l.add(Position{}, "no configuration file is named; name one with --config.file")
	}
	for _, pattern := range patterns {
		files, err := f.list(pattern)
		switch {
		case errors.Is(err, errHangs):
			l.add(Position{File: pattern}, "cannot be listed: %v", err)
		case err != nil:
			l.add(Position{File: pattern}, "is not a valid pattern; correct its brackets")
		case len(files) == 0:
			l.add(Position{File: pattern}, "matches no file; create one, or correct --config.file")
		}
		for _, file := range files {
			l.loadFile(file)
		}
	}
	return l.finish()
}

// Parse reads a configuration from the text of one file, and does with it what Load does. Relative paths are relative to the
// working directory. The text of each *Error is "line LINE: what is wrong; what to do".
func Parse(data []byte) (*Config, error) {
	l := newLoader(new(Files))
	l.merge("", data)
	return l.finish()
}

// loader merges files into one configuration and keeps the position of each part.
type loader struct {
	problems
	config  *Config
	sources map[any]*source // by *Auth, *Target, *Metric, *Settings, *Admin or *CallHome
	files   *Files
	read    map[string]bool // files already read, by clean path: patterns may overlap
	size    int             // of all files, in bytes
	lists   []targetList    // the entries of target_files
}

func newLoader(files *Files) *loader {
	return &loader{
		files:   files,
		config:  &Config{Auths: map[string]*Auth{}, JumpHosts: map[string]*JumpHost{}, Modules: map[string]*Module{}, Catalog: map[string]*Metric{}},
		sources: map[any]*source{},
		read:    map[string]bool{},
	}
}

// finish completes and validates what was merged.
func (l *loader) finish() (*Config, error) {
	targets := l.loadTargetFiles()
	if err := l.err(); err != nil {
		return nil, err // validation would only report consequences of this
	}
	if err := targets.validate(); err != nil {
		return nil, err
	}
	return l.config, nil
}

// readFile reads a file. It returns nil if that fails, or if the file has been read before.
func (l *loader) readFile(file string) []byte {
	clean := filepath.Clean(file)
	if l.read[clean] {
		return nil
	}
	l.read[clean] = true
	data, err := l.files.read(file)
	if errors.Is(err, syscall.EISDIR) {
		l.add(Position{File: file}, "is a folder; name a file, or all that are in it: %s", filepath.Join(file, "*.yml"))
		return nil
	}
	if err == nil && l.size+len(data) > maxFile {
		err = fmt.Errorf("%w, with the files before it", errTooLarge)
	}
	if err == nil {
		l.size += len(data)
	} else {
		l.add(Position{File: file}, "%s", strings.TrimPrefix(fileError(file, err).Error(), file+" "))
		return nil
	}
	if data == nil {
		data = []byte{}
	}
	return data
}

// parse parses the one document of a file; nil when that fails.
func (l *loader) parse(file string, data []byte, empty string) *source {
	root, err := parse(file, data, empty)
	if err != nil {
		l.addErrors(err)
		return nil
	}
	return root
}

// addErrors adds the errors that decoding found.
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
	if data := l.readFile(file); data != nil {
		l.merge(file, data)
	}
}

// merge adds the content of one configuration file to that of those before it.
func (l *loader) merge(file string, data []byte) {
	root := l.parse(file, data, "write auths: and targets: into it")
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
	mergeSection(l, "auths", root, l.config.Auths, part.Auths, func(a *Auth, s *source) { a.Position = s.at() })
	mergeSection(l, "jump_hosts", root, l.config.JumpHosts, part.JumpHosts, func(j *JumpHost, s *source) { j.Position = s.at() })
	mergeSection(l, "modules", root, l.config.Modules, part.Modules, (*Module).setSource)
	mergeSection(l, "catalog", root, l.config.Catalog, part.Catalog, func(m *Metric, s *source) { m.Position = s.at() })
	setOnce(l, "defaults", root, &l.config.Defaults, part.Defaults)
	setOnce(l, "admin", root, &l.config.Admin, part.Admin)
	setOnce(l, "call_home", root, &l.config.CallHome, part.CallHome)
	l.addTargets(part.Targets, root.sub("targets"))
	for i, sd := range part.HTTPSDConfigs {
		at := root.sub("http_sd_configs", i)
		if sd == nil {
			l.add(at.at(), "an entry of http_sd_configs is empty; give it url: and auth:, or take it out")
			continue
		}
		sd.Position = at.at()
		sd.resolve(dir)
		l.sources[sd] = at
		l.config.HTTPSDConfigs = append(l.config.HTTPSDConfigs, sd)
	}
	for i, pattern := range part.TargetFiles {
		l.lists = append(l.lists, targetList{inDir(dir, pattern), root.at("target_files", i)})
	}
}

// mergeSection adds a file's auths, modules or metrics to those of the files before it.
func mergeSection[T any](l *loader, section string, root *source, all, more map[string]*T, locate func(*T, *source)) {
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

// setOnce takes a section that only one of the files may have.
func setOnce[T any](l *loader, name string, root *source, section *T, found T) {
	if _, node := child(resolve(root.node), name); node == nil {
		return
	}
	at := root.sub(name)
	if first := l.sources[section]; first != nil {
		l.add(at.at(), "%s is already at %s; keep %s in one file", name, first.at(), name)
		return
	}
	*section = found
	l.sources[section] = at
}

func (l *loader) addTargets(targets []*Target, at *source) {
	l.locateTargets(targets, at)
	l.config.Targets = append(l.config.Targets, slices.DeleteFunc(targets, func(t *Target) bool { return t == nil })...)
}

// locateTargets notes where targets were written.
func (l *loader) locateTargets(targets []*Target, at *source) {
	for i, target := range targets {
		entry := at.sub(i)
		if target == nil {
			l.add(entry.at(), "a target is empty; give it address: and auth:, or take it out")
			continue
		}
		target.Position, target.Origin = entry.at(), OriginFile
		l.sources[target] = entry
	}
}
