package config

import (
	"embed"
	"fmt"
	"maps"
	"sync"
)

//go:embed catalog.yml modules/*.yml
var builtin embed.FS

// Definitions are the metrics of the catalogue, and the modules that read them.
type Definitions struct {
	Catalog map[string]*Metric
	Modules map[string]*Module
	// DescriptionLabels are those of the configuration; nil: none.
	DescriptionLabels *DescriptionLabels
}

// BuiltinDefinitions returns the catalogue and the modules that the program ships. The maps are the caller's; what is in them is
// shared and not to be changed. An error is a fault of the program.
func BuiltinDefinitions() (*Definitions, error) {
	definitions, err := builtinDefinitions()
	if err != nil {
		return nil, err
	}
	return &Definitions{Catalog: maps.Clone(definitions.Catalog), Modules: maps.Clone(definitions.Modules)}, nil
}

// builtinDefinitions parses the embedded files once: that takes a tenth of a second.
var builtinDefinitions = sync.OnceValues(readBuiltinDefinitions)

func readBuiltinDefinitions() (*Definitions, error) {
	definitions := &Definitions{Catalog: map[string]*Metric{}, Modules: map[string]*Module{}}
	root, err := decodeBuiltin("catalog.yml", &definitions.Catalog)
	if err != nil {
		return nil, fmt.Errorf("read the built-in catalogue: %w", err)
	}
	for name, metric := range definitions.Catalog {
		metric.Position = root.at(name)
	}
	files, err := builtin.ReadDir("modules")
	if err != nil {
		return nil, fmt.Errorf("list the built-in modules: %w", err)
	}
	for _, file := range files {
		modules := map[string]*Module{}
		root, err := decodeBuiltin("modules/"+file.Name(), &modules)
		if err != nil {
			return nil, fmt.Errorf("read the built-in modules: %w", err)
		}
		for name, module := range modules {
			if first := definitions.Modules[name]; first != nil {
				return nil, &Error{root.at(name), fmt.Sprintf("module %q is already at %s; rename it", name, first.Position)}
			}
			module.setSource(root.sub(name))
			definitions.Modules[name] = module
		}
	}
	return definitions, nil
}

// Definitions returns the built-in definitions with the configuration's own metrics and modules added. A module that has the
// name of a built-in one takes its place.
func (c *Config) Definitions() (*Definitions, error) {
	definitions, err := BuiltinDefinitions()
	if err != nil {
		return nil, err
	}
	definitions.DescriptionLabels = c.Defaults.DescriptionLabels
	maps.Copy(definitions.Catalog, c.Catalog)
	maps.Copy(definitions.Modules, c.Modules)
	return definitions, nil
}

// decodeBuiltin decodes an embedded file; its positions are those in the source tree.
func decodeBuiltin(name string, out any) (*source, error) {
	data, err := builtin.ReadFile(name)
	if err != nil {
		return nil, err
	}
	root, err := parse("config/"+name, data, "write the modules or metrics into it")
	if err != nil {
		return nil, err
	}
	return root, decode(root, data, out)
}

func (m *Module) setSource(s *source) {
	m.source = s
	m.Position = s.at()
}
