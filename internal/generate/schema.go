package generate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// schema holds the parsed YANG modules.
type schema struct {
	modules *yang.Modules
	read    []string // NAME@REVISION of each module, in the order of reading
	notes   []string // what the parser ignores
}

// loader reads YANG modules and all that they import and include.
type loader struct {
	ctx        context.Context
	source     Source
	modules    *yang.Modules
	statements []*yang.Statement
	seen       map[string]bool // NAME@REVISION that were requested
	read       []string        // NAME@REVISION that were read
	notes      []string
	missing    map[string][]string // by name: the modules that need it
	reasons    map[string]string   // by name: why a module is missing, if the source said so
}

// load reads the YANG modules that the paths begin with, those that augment or deviate from them there, and those named in more.
func load(ctx context.Context, source Source, paths, more []string) (*schema, error) {
	l := &loader{ctx: ctx, source: base{source}, modules: yang.NewModules(), seen: map[string]bool{}, missing: map[string][]string{}, reasons: map[string]string{}}
	l.modules.ParseOptions.IgnoreSubmoduleCircularDependencies = true
	var begin []string
	for _, path := range paths {
		name, err := moduleOf(path)
		if err != nil {
			return nil, err
		}
		if err := l.named(name); err != nil {
			return nil, err
		}
		if !slices.Contains(begin, name) {
			begin = append(begin, name)
		}
	}
	for _, name := range begin {
		names, err := source.Changing(ctx, name, paths)
		if err != nil {
			return nil, err
		}
		more = append(more, names...)
	}
	for _, name := range more {
		if err := l.named(name); err != nil {
			return nil, err
		}
	}
	if len(l.missing) > 0 {
		return nil, l.errMissing()
	}
	if err := refuseCycles(l.statements); err != nil {
		return nil, err
	}
	err := guard(func() error {
		numberEnums(l.modules)
		errs := l.modules.Process()
		restoreEnums(l.modules)
		return errors.Join(l.fatal(errs, restoreAugments(l.modules))...)
	})
	if err != nil {
		return nil, fmt.Errorf("the YANG is not valid: %w", err)
	}
	return &schema{l.modules, l.read, l.notes}, nil
}

// fatal removes the errors about augments and deviations of nodes that are not in this revision of a module, which become notes, and
// about the names of nodes that were restored.
func (l *loader) fatal(errs []error, restored []string) []error {
	return slices.DeleteFunc(errs, func(err error) bool {
		text := err.Error()
		if slices.ContainsFunc(restored, func(name string) bool { return strings.Contains(text, fmt.Sprintf("Duplicate node %q in", name)) }) {
			return true
		}
		lacks := strings.Contains(text, ": augment ") && strings.HasSuffix(text, " not found") ||
			strings.Contains(text, "cannot find target node to deviate")
		if lacks {
			l.notes = append(l.notes, text)
		}
		return lacks
	})
}

// moduleOf returns the name of the YANG module that a path begins with.
func moduleOf(path string) (string, error) {
	rest, absolute := strings.CutPrefix(path, "/")
	if !absolute || rest == "" {
		return "", fmt.Errorf("%q is not a path; write /MODULE:NODE/NODE..., such as /ietf-interfaces:interfaces-state", path)
	}
	first, _, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(first, ":")
	return name, nil
}

// named reads a module that the user named.
func (l *loader) named(name string) error {
	err := l.module("module", name, "", "")
	if !errors.Is(err, ErrNoModule) {
		return err
	}
	names := l.source.ModuleNames()
	if slices.Contains(names, name) {
		return fmt.Errorf("YANG module %s: %w", name, err)
	}
	const shown = 30
	if more := len(names) - shown; more > 0 {
		names = append(names[:shown], fmt.Sprintf("%d more", more))
	}
	return fmt.Errorf("YANG module %s: %w; there are: %s", name, ErrNoModule, strings.Join(names, ", "))
}

// module reads one module or submodule and what it needs.
func (l *loader) module(keyword, name, revision, neededBy string) error {
	if l.seen[name+"@"+revision] {
		if _, missing := l.missing[name]; missing {
			l.missing[name] = append(l.missing[name], neededBy)
		}
		return nil
	}
	l.seen[name+"@"+revision] = true
	text, file, err := l.source.Module(l.ctx, name, revision)
	if errors.Is(err, ErrNoModule) && neededBy != "" {
		l.missing[name] = append(l.missing[name], neededBy)
		l.reasons[name] = strings.TrimPrefix(strings.TrimPrefix(err.Error(), ErrNoModule.Error()), ": ")
		return nil
	}
	if err != nil {
		return err
	}
	var statement *yang.Statement
	err = guard(func() error {
		statements, err := yang.Parse(text, file)
		switch {
		case err != nil:
			return err
		case len(statements) != 1 || statements[0].Argument != name:
			return fmt.Errorf("%s: this is not the %s %s alone", file, keyword, name)
		case statements[0].Keyword != keyword:
			return fmt.Errorf("%s: this is a %s, and a %s is needed; a path begins at the module that includes it", file, statements[0].Keyword, keyword)
		}
		statement = statements[0]
		has := name
		for _, s := range statement.SubStatements() {
			if s.Keyword == "revision" {
				has = max(has, name+"@"+s.Argument)
			}
		}
		if slices.Contains(l.read, has) {
			return nil
		}
		l.read = append(l.read, has)
		l.statements = append(l.statements, statement)
		return l.modules.Parse(l.withoutUsesAugments(text, statement), file)
	})
	if err != nil {
		if !strings.Contains(err.Error(), file) {
			err = fmt.Errorf("%s: %w", file, err)
		}
		return fmt.Errorf("the YANG does not parse: %w", err)
	}
	for _, s := range statement.SubStatements() {
		wanted := map[string]string{"import": "module", "include": "submodule"}[s.Keyword]
		if wanted == "" {
			continue
		}
		revision := ""
		for _, sub := range s.SubStatements() {
			if sub.Keyword == "revision-date" {
				revision = sub.Argument
			}
		}
		if err := l.module(wanted, s.Argument, revision, name); err != nil {
			return err
		}
	}
	return nil
}

// withoutUsesAugments hides augment statements inside uses statements (RFC 7950, section 7.17): the parser ignores one and refuses
// several. Each becomes a statement of an extension, so that lines and columns do not change.
func (l *loader) withoutUsesAugments(text string, statement *yang.Statement) string {
	lines := strings.SplitAfter(text, "\n")
	var hide func(*yang.Statement)
	hide = func(s *yang.Statement) {
		for _, sub := range s.SubStatements() {
			if _, line := splitLocation(sub); s.Keyword == "uses" && sub.Keyword == "augment" && line > 0 && line <= len(lines) {
				lines[line-1] = strings.Replace(lines[line-1], "augment", "a:gment", 1)
				l.notes = append(l.notes, sub.Location()+": what uses "+s.Argument+" adds here by augment is left out")
				continue
			}
			hide(sub)
		}
	}
	hide(statement)
	return strings.Join(lines, "")
}

func (l *loader) errMissing() error {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(l.missing)) {
		by := slices.Compact(slices.Sorted(slices.Values(l.missing[name])))
		text := fmt.Sprintf("%s (needed by %s)", name, strings.Join(by, ", "))
		if why := l.reasons[name]; why != "" {
			text += ": " + why
		}
		all = append(all, text)
	}
	return fmt.Errorf("YANG modules are missing: %s; put their files into a directory and name it with --yang-dir", strings.Join(all, ", "))
}

// guard converts a panic of the YANG parser to an error: a device may send any text.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up on it: %v", r)
		}
	}()
	return f()
}

// module returns the YANG module of a namespace; nil if none was read.
func (s *schema) module(namespace string) *yang.Module {
	var found *yang.Module
	for _, name := range slices.Sorted(maps.Keys(s.modules.Modules)) {
		if m := s.modules.Modules[name]; m.Namespace != nil && m.Namespace.Name == namespace {
			found = m
		}
	}
	return found
}
