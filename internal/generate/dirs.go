package generate

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// Dirs is a Source of the *.yang files in and below directories.
type Dirs struct {
	files map[string][]string // by module name, in the order of the dirs
	all   []string
}

// OpenDirs lists the *.yang files in and below the directories.
func OpenDirs(dirs ...string) (*Dirs, error) {
	f := &Dirs{files: map[string][]string{}}
	for _, dir := range dirs {
		root, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return nil, fmt.Errorf("--yang-dir %s: %w; name a directory that has YANG files", dir, err)
		}
		found := len(f.all)
		err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(file) != ".yang" {
				return err
			}
			// RFC 7950, section 5.2: name [@revision] .yang
			name, _, _ := strings.Cut(strings.TrimSuffix(entry.Name(), ".yang"), "@")
			f.files[name] = append(f.files[name], file)
			f.all = append(f.all, file)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("--yang-dir %s: %w", dir, err)
		}
		if len(f.all) == found {
			return nil, fmt.Errorf("--yang-dir %s: there is no file in or below it whose name ends in .yang; name a directory that has YANG files", dir)
		}
	}
	return f, nil
}

// ModuleNames implements Source.
func (f *Dirs) ModuleNames() []string { return slices.Sorted(maps.Keys(f.files)) }

// Module implements Source. It also finds a file that is not named after its module.
func (f *Dirs) Module(_ context.Context, name, revision string) (text, file string, err error) {
	candidates := f.files[name]
	if len(candidates) == 0 {
		head := regexp.MustCompile(`(?m)^\s*(?:sub)?module\s+["']?` + regexp.QuoteMeta(name) + `["']?\s*\{`)
		for _, file := range f.all {
			if data, err := os.ReadFile(file); err == nil && head.Match(data) {
				candidates = append(candidates, file)
			}
		}
		f.files[name] = candidates
	}
	latest := ""
	for _, candidate := range candidates {
		data, err := os.ReadFile(candidate)
		if err != nil {
			return "", "", fmt.Errorf("read the YANG of %s: %w", name, err)
		}
		has := ""
		if len(candidates) > 1 {
			has = newestRevision(data)
		}
		if file == "" || has > latest && latest != revision || has == revision && latest != revision {
			text, file, latest = string(data), candidate, has
		}
	}
	if file == "" {
		delete(f.files, name)
		return "", "", ErrNoModule
	}
	return text, file, nil
}

var revisionStatement = regexp.MustCompile(`(?m)^\s*revision\s+["']?(\d{4}-\d{2}-\d{2})`)

// newestRevision returns the newest revision in the text of a module, "" if it has none.
func newestRevision(text []byte) (newest string) {
	for _, match := range revisionStatement.FindAllSubmatch(text, -1) {
		newest = max(newest, string(match[1]))
	}
	return newest
}

// Changing implements Source. It ignores files that do not parse: nobody asked for them.
func (f *Dirs) Changing(ctx context.Context, module string, paths []string) ([]string, error) {
	var names []string
	for _, name := range f.ModuleNames() {
		text, file, err := f.Module(ctx, name, "")
		if err != nil || !strings.Contains(text, "augment") && !strings.Contains(text, "deviation") || !strings.Contains(text, module) {
			continue
		}
		statements, err := yang.Parse(text, file)
		if err != nil || len(statements) == 0 || statements[0].Keyword != "module" {
			continue
		}
		if changes(statements[0], module, paths) {
			names = append(names, statements[0].Argument)
		}
	}
	return names, nil
}

// changes tells whether a module augments nodes of another one at the paths, or deviates from them.
func changes(statement *yang.Statement, module string, paths []string) bool {
	prefix := ""
	for _, s := range statement.SubStatements() {
		if s.Keyword != "import" || s.Argument != module {
			continue
		}
		for _, sub := range s.SubStatements() {
			if sub.Keyword == "prefix" {
				prefix = sub.Argument
			}
		}
	}
	return prefix != "" && slices.ContainsFunc(statement.SubStatements(), func(s *yang.Statement) bool {
		if s.Keyword != "augment" && s.Keyword != "deviation" {
			return false
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(s.Argument, "/"), "/")
		return slices.ContainsFunc(paths, func(path string) bool {
			begin, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			return first == prefix+strings.TrimPrefix(begin, module)
		})
	})
}
