package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/generate"
)

// Generate writes a module and its catalogue entries from YANG: of files, of a device (get-schema), or of both.
type Generate struct {
	Device                // Target "": no device
	YANGDirs     []string // directories with YANG files
	Paths        []string
	Name, Prefix string
	Models       []string // YANG modules that augment the paths
	Descriptions bool     // make labels of descriptions in the device's configuration
	Output       string   // "" or "-" is stdout
}

// Run implements Command.
func (g *Generate) Run(ctx context.Context, env *Environment) error {
	if g.Target == "" && len(g.YANGDirs) == 0 {
		return errors.New("name a directory with YANG files (--yang-dir=DIR) or a device that has its YANG modules (--target=TARGET)")
	}
	text, err := g.generate(ctx, env)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	case g.Output == "" || g.Output == "-":
		_, err = env.Stdout.Write(text)
		return err
	}
	return writeFile(g.Output, text)
}

func (g *Generate) generate(ctx context.Context, env *Environment) ([]byte, error) {
	o := generate.Options{Paths: g.Paths, Name: g.Name, Prefix: g.Prefix, MoreModules: g.Models, Descriptions: g.Descriptions}
	var sources generate.Sources
	if g.Target != "" {
		d, err := g.open(ctx, env)
		if err != nil {
			return nil, err
		}
		defer d.close()
		found, err := d.Discover(ctx) // the read ends with the target's own timeout
		if err != nil {
			return nil, err
		}
		models, deviations := map[string]string{}, map[string][]string{}
		for _, m := range found.Models {
			models[m.Namespace] = m.Name
			deviations[m.Name] = m.Deviations
		}
		if d.Config().Over() == config.TransportRESTCONF { // <get-schema> is made of the addresses in the YANG library
			models[generate.MonitoringNamespace] = "ietf-netconf-monitoring"
		}
		source, err := generate.OpenDevice(ctx, timed{d}, models, deviations, int64(*d.Config().MaxReplyBytes))
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", d.Name(), err)
		}
		sources = append(sources, source)
		o.OperationalDatastore = found.NMDA && !found.NoGetData
	}
	if len(g.YANGDirs) > 0 {
		dirs, err := generate.OpenDirs(g.YANGDirs...)
		if err != nil {
			return nil, err
		}
		sources = append(sources, dirs)
	}
	o.Source = sources
	return generate.Generate(ctx, o)
}

// timed limits each operation to the timeout of the target. Fetching a YANG module may need dozens of operations.
type timed struct{ *device }

func (t timed) RPC(ctx context.Context, operation string, read func(io.Reader) error) error {
	ctx, cancel := t.withTimeout(ctx)
	defer cancel()
	return t.device.RPC(ctx, operation, read)
}

// writeFile replaces a file in one step, so that an exporter that reloads meanwhile reads the old one or the new one.
func writeFile(name string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(file.Name()) // does nothing after the rename
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
