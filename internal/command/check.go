package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// DefaultConfigFile is read if no other file is named.
const DefaultConfigFile = "netconf.yml"

// load reads the configuration. If there is none, its error says how to begin.
func (env *Environment) load() (*config.Config, error) {
	if slices.Equal(env.ConfigFiles, []string{DefaultConfigFile}) {
		if _, err := os.Stat(DefaultConfigFile); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New(DefaultConfigFile + " does not exist here; write one (README.md has an example of ten lines, " +
				"docs/configuration.md all options), name another with --config.file=FILE, or look around without one: netconf_exporter demo")
		}
	}
	if env.files == nil {
		env.files = new(config.Files)
	}
	return env.files.Load(env.ConfigFiles)
}

// Check validates the configuration, modules included.
type Check struct {
	WebConfigFile string // of the exporter toolkit; "" for none
}

// Run implements Command.
func (c Check) Run(_ context.Context, env *Environment) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	if err := cfg.FilesError(); err != nil {
		return err
	}
	definitions, err := cfg.Definitions()
	if err != nil {
		return err
	}
	modules, err := module.Compile(definitions)
	if err != nil {
		return err
	}
	if err := checkWebConfig(c.WebConfigFile); err != nil {
		return err
	}
	warnings := cfg.Warnings
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		warnings = append(warnings, modules[name].Warnings...)
	}
	for _, w := range warnings {
		PrintError(env.Stderr, fmt.Errorf("warning: %w", w))
	}
	_, err = fmt.Fprintf(env.Stdout, "the configuration is good: %s, %s, %s\n",
		count(len(cfg.Targets), "target"), count(len(cfg.Auths), "auth"), count(len(modules), "module"))
	return err
}

// checkWebConfig validates the file of TLS and basic authentication of the exporter's own HTTP.
func checkWebConfig(file string) error {
	if err := toolkit.Validate(file); err != nil {
		return fmt.Errorf("--web.config.file %s is not valid: %w; docs/operations.md has an example", file, err)
	}
	return nil
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
