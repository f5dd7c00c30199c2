package command

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// Simulate runs simulated devices until it is interrupted.
type Simulate struct {
	simulator.Config
	WriteConfig string // a file for the exporter's configuration with all devices; "-" is stdout, "" none
}

// Run implements Command.
func (s *Simulate) Run(ctx context.Context, env *Environment) error {
	fleet, err := simulator.Start(s.Config)
	if err != nil {
		return err
	}
	defer fleet.Close()
	if err := s.writeConfig(env, fleet); err != nil {
		return err
	}
	list := env.Stdout
	if s.WriteConfig == "-" {
		list = env.Stderr
	}
	table := tabwriter.NewWriter(list, 0, 0, 2, ' ', 0)
	for _, device := range fleet.Devices() {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", device.Name, device.Address())
	}
	_, _ = fmt.Fprintf(table, "host key %s; Ctrl-C ends them\n", fleet.Devices()[0].Fingerprint())
	if err := table.Flush(); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (s *Simulate) writeConfig(env *Environment, fleet *simulator.Fleet) error {
	if s.WriteConfig == "" {
		return nil
	}
	text, err := fleet.ConfigYAML("simulated")
	if err != nil {
		return err
	}
	if s.WriteConfig == "-" {
		_, err = env.Stdout.Write(text)
		return err
	}
	if err := os.WriteFile(s.WriteConfig, text, 0o600); err != nil {
		return fmt.Errorf("%w; name another file with --write-config", err)
	}
	return nil
}
