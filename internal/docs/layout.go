package docs

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"slices"

	"gopkg.in/yaml.v3"
)

//go:embed layout.yml
var layoutFile []byte

// layout says which metrics are shown together, and which modules are for the same devices.
type layout struct {
	Groups    []*group
	Platforms []*platform
}

// group is what is measured of one subject.
type group struct {
	Title   string
	About   string   // Markdown
	Metrics []string // patterns

	names []string // of the catalogue, sorted
}

// platform is a make of devices or a family of models.
type platform struct {
	Title   string
	Modules []string // patterns
}

func readLayout() (*layout, error) {
	l := &layout{}
	d := yaml.NewDecoder(bytes.NewReader(layoutFile))
	d.KnownFields(true)
	if err := d.Decode(l); err != nil {
		return nil, fmt.Errorf("internal/docs/layout.yml: %w", err)
	}
	return l, nil
}

// place puts each metric into its group.
func (l *layout) place(metrics []string) error {
	for _, name := range metrics {
		i := slices.IndexFunc(l.Groups, func(g *group) bool { return matches(g.Metrics, name) })
		if i < 0 {
			return fmt.Errorf("internal/docs/layout.yml: no group has the metric %s", name)
		}
		l.Groups[i].names = append(l.Groups[i].names, name)
	}
	return nil
}

// platformOf finds the platform of a module.
func (l *layout) platformOf(module string) (int, error) {
	i := slices.IndexFunc(l.Platforms, func(p *platform) bool { return matches(p.Modules, module) })
	if i < 0 {
		return 0, fmt.Errorf("internal/docs/layout.yml: no platform has the module %s", module)
	}
	return i, nil
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}
