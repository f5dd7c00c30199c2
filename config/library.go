package config

import (
	"embed"
	"fmt"
	"maps"
	"sync"
)

//go:embed catalog.yml modules/*.yml
var builtin embed.FS

// Library is everything that can be read: the metrics that there are, and the modules that find them.
type Library struct {
	Catalog map[string]*Metric
	Modules map[string]*Module
}

// BuiltinLibrary returns the catalogue and the modules that the program ships. The maps are the caller's; what is in them is
// shared and not to be changed. An error is a fault of the program.
func BuiltinLibrary() (*Library, error) {
	library, err := shipped()
	if err != nil {
		return nil, err
	}
	return &Library{Catalog: maps.Clone(library.Catalog), Modules: maps.Clone(library.Modules)}, nil
}

// shipped reads the embedded files, once: they are constants, and a tenth of a second of parsing.
var shipped = sync.OnceValues(readShipped)

func readShipped() (*Library, error) {
	library := &Library{Catalog: map[string]*Metric{}, Modules: map[string]*Module{}}
	root, err := readBuiltin("catalog.yml", &library.Catalog)
	if err != nil {
		return nil, fmt.Errorf("read the built-in catalogue: %w", err)
	}
	for name, metric := range library.Catalog {
		metric.Position = root.at(name)
	}
	files, err := builtin.ReadDir("modules")
	if err != nil {
		return nil, fmt.Errorf("list the built-in modules: %w", err)
	}
	for _, file := range files {
		modules := map[string]*Module{}
		root, err := readBuiltin("modules/"+file.Name(), &modules)
		if err != nil {
			return nil, fmt.Errorf("read the built-in modules: %w", err)
		}
		for name, module := range modules {
			if first := library.Modules[name]; first != nil {
				return nil, &Error{root.at(name), fmt.Sprintf("module %q is already at %s; rename it", name, first.Position)}
			}
			module.locate(root.sub(name))
			library.Modules[name] = module
		}
	}
	return library, nil
}

// Library returns the built-in library with the configuration's own metrics and modules added. A module that has the
// name of a built-in one takes its place.
func (c *Config) Library() (*Library, error) {
	library, err := BuiltinLibrary()
	if err != nil {
		return nil, err
	}
	maps.Copy(library.Catalog, c.Catalog)
	maps.Copy(library.Modules, c.Modules)
	return library, nil
}

// readBuiltin decodes an embedded file; its positions are those in the source tree.
func readBuiltin(name string, out any) (*source, error) {
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

func (m *Module) locate(s *source) {
	m.source = s
	m.Position = s.at()
}
