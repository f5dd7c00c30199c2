// Package command has the program's commands, each in a file of its own. main defines their flags.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/httpsd"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// Environment is what all commands share.
type Environment struct {
	ConfigFiles    []string // files and globs
	Logger         *slog.Logger
	Stdout, Stderr io.Writer

	files *config.Files // reads the configuration at each load; made by load
}

// Command is one of the program's commands.
type Command interface {
	// Run returns when the work is done or ctx has ended. Its error says what is wrong and what to do.
	Run(ctx context.Context, env *Environment) error
}

// Device names one device on the command line: by its name in the configuration, or by its address and an auth.
type Device struct {
	Target      string
	Auth        string // "" for a configured target
	StoragePath string // where a running exporter keeps what was added to it and what inventories listed; "" is nowhere
}

// closing is the longest time for which a command closes sessions at its end.
const closing = 1500 * time.Millisecond

// device is one device and the exporter that reads it.
type device struct {
	*collector.Target
	exporter *collector.Exporter
}

// open returns the device without dialling it. If it calls home, open waits until it has called.
func (d Device) open(ctx context.Context, env *Environment) (*device, error) {
	cfg, err := env.load()
	if err != nil {
		return nil, err
	}
	if err := cfg.FilesError(); err != nil { // the target may be in another file
		PrintError(env.Stderr, err)
	}
	if cfg, err = d.withKept(cfg, env); err != nil {
		return nil, err
	}
	only, err := d.find(cfg)
	if err != nil {
		return nil, err
	}
	narrowed := *cfg
	narrowed.Targets = []*config.Target{only}
	exporter, err := collector.New(&narrowed, collector.Options{Logger: env.Logger, Lazy: true})
	if err != nil {
		return nil, err
	}
	opened := &device{exporter.Targets()[0], exporter}
	if err := opened.awaitCall(ctx, env); err != nil {
		opened.close()
		return nil, err
	}
	return opened, nil
}

// awaitCall waits until a device that calls home has called.
func (d *device) awaitCall(ctx context.Context, env *Environment) error {
	called := d.Called()
	if called == nil {
		return nil
	}
	if err := d.exporter.Listen(); err != nil {
		return fmt.Errorf("target %s calls home: %w; an exporter that runs reads it at /probe?target=NAME&debug=true", d.Name(), err)
	}
	_, _ = fmt.Fprintf(env.Stderr, "waiting at %s for target %s to call; Ctrl-C ends it\n", d.exporter.Config().CallHome.Address(d.Config().Over()), oneLine(d.Name()))
	select {
	case <-called:
		return nil
	case <-ctx.Done():
		return errInterrupted
	}
}

func (d *device) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	d.exporter.Close(ctx)
}

// withKept adds the targets from the storage of an exporter (added at run time, or listed by inventories), if the configuration does not
// have the one that is asked for.
func (d Device) withKept(cfg *config.Config, env *Environment) (*config.Config, error) {
	if _, configured := cfg.Target(d.Target); configured || d.Auth != "" || d.StoragePath == "" {
		return cfg, nil
	}
	lists := httpsd.New(httpsd.Options{Folder: inventories(d.StoragePath), Logger: env.Logger})
	_, all, err := inventory.Open(inventory.Options{
		Load:   func() (*config.Config, error) { return cfg, nil },
		Folder: d.StoragePath, Logger: env.Logger, Discovered: lists.List,
	})
	return all, err
}

func (d Device) find(cfg *config.Config) (*config.Target, error) {
	if target, ok := cfg.Target(d.Target); ok && (d.Auth == "" || d.Auth == target.Auth) {
		return target, nil
	}
	if d.Auth != "" {
		return cfg.AdHoc(d.Target, d.Auth)
	}
	var names []string
	for _, target := range cfg.Targets {
		names = append(names, target.Name)
	}
	near := nearest.Hint(d.Target, names, "")
	known := "configured"
	if d.StoragePath != "" {
		known = fmt.Sprintf("known, with those that an exporter keeps in %s (--storage.path)", d.StoragePath)
	}
	const shown = 20
	if more := len(names) - shown; more > 0 {
		names = append(names[:shown], fmt.Sprintf("%d more", more))
	}
	return nil, fmt.Errorf("no target is called %q%s; %s: %s; an address that is not configured needs --auth=NAME",
		d.Target, near, known, cmp.Or(strings.Join(names, ", "), "none"))
}

// withTimeout returns a context that ends with the timeout of the target.
func (d *device) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Duration(*d.Config().Timeout))
}

var errInterrupted = errors.New("interrupted")

// PrintError writes an error as one line, and joined errors as one line each.
func PrintError(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		if errs := joined.Unwrap(); strings.Count(err.Error(), "\n") >= len(errs)-1 {
			for _, e := range errs {
				PrintError(w, e)
			}
			return
		}
	}
	_, _ = fmt.Fprintln(w, oneLine(err.Error()))
}

// oneLine replaces control characters by blanks. Text of a device could otherwise move the cursor or colour the terminal.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text))
}
