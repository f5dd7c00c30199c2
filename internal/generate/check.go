package generate

import (
	"os"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// check loads and compiles a configuration file as the exporter does.
func check(text []byte) error {
	file, err := os.CreateTemp("", "generated-*.yml")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	cfg, err := config.Load([]string{file.Name()})
	if err != nil {
		return err
	}
	definitions, err := cfg.Definitions()
	if err != nil {
		return err
	}
	_, err = module.Compile(definitions)
	return err
}
