package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"
)

// targetList is one entry of target_files: a pattern, and where it was written.
type targetList struct {
	pattern string
	at      Position
}

// targetFiles are the files of target_files while a configuration is loaded. An error in one of them is no error of the
// configuration: the file keeps the targets that it had when it was last good.
type targetFiles struct {
	*loader
	main  []*Target            // that are in no target file
	order []string             // of the files
	read  map[string][]*Target // what each file has, without what is left out
	bad   map[string]error     // what is wrong with a file
	old   map[string]bool      // bad files that keep their earlier targets
}

// loadTargetFiles reads all target files. Those come after all else: of two targets of one name, the one in the configuration itself
// wins, and then the one in the earlier file.
func (l *loader) loadTargetFiles() *targetFiles {
	t := &targetFiles{loader: l, main: l.config.Targets, read: map[string][]*Target{}, bad: map[string]error{}, old: map[string]bool{}}
	for _, list := range l.lists {
		l.config.TargetFiles = append(l.config.TargetFiles, list.pattern)
		files, err := l.files.list(list.pattern)
		switch {
		case errors.Is(err, errHangs):
			t.loadListed(list.pattern, err)
		case err != nil:
			l.add(list.at, "target_files %s is not a valid pattern; correct its brackets", list.pattern)
		case len(files) == 0:
			l.config.Warnings = append(l.config.Warnings, &Error{list.at, fmt.Sprintf("target_files %s matches no file; create one, or correct the pattern", list.pattern)})
		}
		for _, file := range files {
			if _, seen := t.read[file]; !seen {
				t.order = append(t.order, file)
				t.load(file)
			}
		}
	}
	return t
}

// loadListed uses the files that a pattern matched before, if it cannot be listed now.
func (t *targetFiles) loadListed(pattern string, err error) {
	for _, file := range t.files.known(pattern) {
		t.order = append(t.order, file)
		t.fail(file, err)
	}
	if len(t.files.known(pattern)) == 0 {
		t.order = append(t.order, pattern)
		t.fail(pattern, err)
	}
}

// load reads one file.
func (t *targetFiles) load(file string) {
	before := t.errors
	t.errors = nil
	targets := t.parseTargets(file)
	err := t.err()
	if t.errors = before; err != nil {
		t.fail(file, err)
		return
	}
	t.read[file] = targets
}

// fail notes a file's error. The file keeps its earlier targets or, if those are invalid too, has none.
func (t *targetFiles) fail(file string, err error) {
	if t.bad[file] == nil {
		t.bad[file] = err
	}
	t.read[file] = nil
	if !t.old[file] {
		t.old[file] = true
		t.read[file] = t.files.before(file)
	}
}

// parseTargets reads a list of targets, bare or under targets:.
func (t *targetFiles) parseTargets(file string) []*Target {
	data := t.readFile(file)
	if data == nil {
		return nil
	}
	root := t.parse(file, data, "write a list of targets into it, or [] for none")
	if root == nil {
		return nil
	}
	var part struct {
		Targets []*Target `yaml:"targets"`
	}
	at := root
	var err error
	if root.node.Kind == yaml.SequenceNode {
		err = decode(root, data, &part.Targets)
	} else if err = decode(root, data, &part); err == nil {
		at = root.sub("targets")
	}
	if err != nil {
		t.addErrors(err)
		return nil
	}
	t.locateTargets(part.Targets, at)
	return part.Targets
}

// validate checks the configuration with the targets of all files. Files with invalid targets fall back to their earlier targets,
// then to none, until the configuration is valid.
func (t *targetFiles) validate() error {
	written := map[string][]Target{} // before the defaults are filled in
	for file, targets := range t.read {
		if t.bad[file] == nil {
			written[file] = copies(targets)
		}
	}
	for {
		t.merge()
		err := t.config.validate(t.sources, t.files)
		faults := t.split(err)
		if rest, ok := faults[""]; ok {
			return rest
		}
		if len(faults) == 0 {
			break
		}
		for file, err := range faults {
			t.fail(file, err)
		}
	}
	t.config.FileErrors = map[string]error{}
	for _, file := range t.order {
		t.config.FileErrors[file] = t.bad[file]
	}
	for file := range t.old {
		delete(written, file)
	}
	t.files.remember(t.order, written)
	return nil
}

// merge adds the targets of all files to the configuration. A target whose name is taken is left out, and its file is bad.
func (t *targetFiles) merge() {
	t.config.Targets = slices.Clip(t.main)
	taken := map[string]*Target{}
	for _, target := range t.main {
		taken[target.name()] = target
	}
	for _, file := range t.order {
		own := map[string]bool{} // a name that a file has twice is for validate
		for _, target := range t.read[file] {
			if first := taken[target.name()]; first != nil && !own[target.name()] {
				if t.bad[file] == nil {
					t.bad[file] = &Error{target.Position, fmt.Sprintf("target %s is already at %s, which wins; give one of them another name", target.quoteName(), first.Position)}
				}
				continue
			}
			taken[target.name()], own[target.name()] = target, true
			t.config.Targets = append(t.config.Targets, target)
		}
	}
}

// split groups errors by target file; those of the rest are under "".
func (t *targetFiles) split(err error) map[string]error {
	parts := map[string][]error{}
	add := func(err error) {
		var e *Error
		file := ""
		if errors.As(err, &e) {
			if _, ok := t.read[e.Position.File]; ok {
				file = e.Position.File
			}
		}
		parts[file] = append(parts[file], err)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			add(e)
		}
	} else if err != nil {
		add(err)
	}
	faults := map[string]error{}
	for file, errs := range parts {
		faults[file] = errors.Join(errs...)
	}
	return faults
}

// FilesError joins the errors of target_files; nil if there are none.
func (c *Config) FilesError() error {
	var errs []error
	for _, file := range slices.Sorted(maps.Keys(c.FileErrors)) {
		errs = append(errs, c.FileErrors[file])
	}
	return errors.Join(errs...)
}

// before returns the targets that a file had when it was last good.
func (f *Files) before(file string) []*Target {
	f.mu.Lock()
	defer f.mu.Unlock()
	var targets []*Target
	for _, target := range copies(pointers(f.targets[file])) {
		targets = append(targets, &target)
	}
	return targets
}

// known are the files that were good before and that a pattern stands for.
func (f *Files) known(pattern string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var files []string
	for _, file := range slices.Sorted(maps.Keys(f.targets)) {
		if matched, _ := filepath.Match(pattern, file); matched {
			files = append(files, file)
		}
	}
	return files
}

// remember keeps the targets of the files that are good now, and forgets files that are not listed any more.
func (f *Files) remember(order []string, good map[string][]Target) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := map[string][]Target{}
	for _, file := range order {
		if targets, ok := good[file]; ok {
			kept[file] = targets
		} else if targets, ok := f.targets[file]; ok {
			kept[file] = targets
		}
	}
	f.targets = kept
}

// copies returns targets whose settings can be completed without changing the others.
func copies(targets []*Target) []Target {
	var all []Target
	for _, target := range targets {
		all = append(all, *target)
	}
	return all
}

func pointers(targets []Target) []*Target {
	var all []*Target
	for i := range targets {
		all = append(all, &targets[i])
	}
	return all
}
