package collector

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// modules are those of one configuration, made ready. A module's ID is its name and a digest of its content, so that results
// of before a reload are not taken for those of a module that was changed.
type modules struct {
	byName map[string]*module.Module
	byID   map[string]*module.Module
	ids    map[string]string // by name
}

func compileModules(c *config.Config) (*modules, error) {
	definitions, err := c.Definitions()
	if err != nil {
		return nil, err
	}
	compiled, err := module.Compile(definitions)
	if err != nil {
		return nil, err
	}
	all := &modules{byName: compiled, byID: map[string]*module.Module{}, ids: map[string]string{}}
	for name, m := range compiled {
		id, err := moduleID(name, m, definitions)
		if err != nil {
			return nil, err
		}
		all.byID[id], all.ids[name] = m, id
	}
	return all, nil
}

// moduleID digests what a module's results depend on: how it reads, and the catalogue's entries of its metrics.
func moduleID(name string, compiled *module.Module, definitions *config.Definitions) (string, error) {
	definition := *definitions.Modules[name]
	definition.MaxAge, definition.Provides, definition.Preference, definition.Status, definition.Requires = nil, "", 0, "", nil
	definition.Position = config.Position{}
	digest := sha256.New()
	encoder := json.NewEncoder(digest)
	if err := encoder.Encode(definition); err != nil {
		return "", fmt.Errorf("digest module %s: %w", name, err)
	}
	if err := encoder.Encode(definitions.DescriptionLabels); err != nil {
		return "", fmt.Errorf("digest the description labels: %w", err)
	}
	for _, metric := range compiled.Metrics {
		entry := *definitions.Catalog[metric.Name]
		entry.Position = config.Position{}
		if err := encoder.Encode(map[string]config.Metric{metric.Name: entry}); err != nil {
			return "", fmt.Errorf("digest metric %s: %w", metric.Name, err)
		}
	}
	return name + "@" + hex.EncodeToString(digest.Sum(nil)[:8]), nil
}

// moduleName takes the name out of an ID.
func moduleName(id string) string {
	name, _, _ := strings.Cut(id, "@")
	return name
}
