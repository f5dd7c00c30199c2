package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/netconf-exporter/netconf_exporter/internal/generate"
)

// Generate writes a module and its catalogue entries from YANG files, from what a device gives of its own YANG, or both.
type Generate struct {
	Device                // Target "": no device
	YANGFolders  []string // folders that have YANG files
	Paths        []string
	Name, Prefix string
	Models       []string // more models that add to the paths
	Descriptions bool     // descriptions in the configuration become labels
	Output       string   // "" or "-" is stdout
}

// Run implements Command.
func (g *Generate) Run(ctx context.Context, env *Environment) error {
	if g.Target == "" && len(g.YANGFolders) == 0 {
		return errors.New("where is the YANG? name folders with --yang-dir=DIR, or a device that gives its own with --target=TARGET")
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
		d, err := g.open(env)
		if err != nil {
			return nil, err
		}
		defer d.close()
		found, err := d.Discover(ctx) // the read ends with the target's own timeout
		if err != nil {
			return nil, err
		}
		models := map[string]string{}
		for _, m := range found.Models {
			models[m.Namespace] = m.Name
		}
		source, err := generate.OpenDevice(ctx, timed{d}, models, int64(*d.Config().MaxReplyBytes))
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", d.Name(), err)
		}
		sources = append(sources, source)
		o.OperationalDatastore = found.NMDA
	}
	if len(g.YANGFolders) > 0 {
		folders, err := generate.OpenDirs(g.YANGFolders...)
		if err != nil {
			return nil, err
		}
		sources = append(sources, folders)
	}
	o.Source = sources
	return generate.Generate(ctx, o)
}

// timed bounds each operation as a read of the device is bounded: a model may need dozens of them.
type timed struct{ *device }

func (t timed) RPC(ctx context.Context, operation string, read func(io.Reader) error) error {
	ctx, cancel := t.withTimeout(ctx)
	defer cancel()
	return t.device.RPC(ctx, operation, read)
}

// writeFile writes a file in one step, so that an exporter that reloads meanwhile reads the old one or the new one.
func writeFile(name string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(file.Name()) // nothing is there any more when all went well
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
