package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/netconf-exporter/netconf_exporter/internal/network"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// Simulate runs simulated devices until it is interrupted.
type Simulate struct {
	simulator.Config
	Scenario    string   // file of a network to simulate, or "demo" for the built-in one; "": devices that have interfaces only
	Faults      []string // of the network, as DEVICE:KIND or DEVICE:KIND:WHERE
	WriteConfig string   // file for a configuration with all devices as targets; "-": stdout, "": none
}

// Run implements Command.
func (s *Simulate) Run(ctx context.Context, env *Environment) error {
	fleet, err := s.start()
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
	key := "certificate"
	if s.Transport == "" || s.Transport == simulator.TransportSSH {
		key = "host key"
	}
	for _, device := range fleet.Devices() {
		if s.CallHome != "" {
			_, _ = fmt.Fprintf(table, "%s\tcalls %s\t%s %s\n", device.Name, s.CallHome, key, device.Fingerprint())
		} else {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", device.Name, device.Address())
		}
	}
	if s.CallHome == "" {
		_, _ = fmt.Fprintf(table, "%s %s\n", key, fleet.Devices()[0].Fingerprint())
	}
	_, _ = fmt.Fprintln(table, "Ctrl-C ends them")
	if err := table.Flush(); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (s *Simulate) start() (*simulator.Fleet, error) {
	beside := filepath.Base(s.WriteConfig)
	switch {
	case s.WriteConfig == "-" && s.Transport == simulator.TransportTLS:
		return nil, errors.New("--write-config=- has no place for the certificates of transport tls; name a file")
	case s.WriteConfig == "", s.WriteConfig == "-":
	case s.Transport == simulator.TransportTLS:
		s.CertFile, s.KeyFile = beside+".cert.pem", beside+".key.pem"
		fallthrough
	case s.Transport == simulator.TransportRESTCONF:
		s.CAFile = beside + ".ca.pem"
	}
	if s.Scenario == "" {
		if len(s.Faults) > 0 {
			return nil, errors.New("--fault is for the devices of a scenario; add --scenario=demo, or a file")
		}
		return simulator.Start(s.Config)
	}
	scenario, err := network.Load(s.Scenario)
	if err != nil {
		return nil, err
	}
	fleet, err := network.Start(scenario, s.Config)
	if err != nil {
		return nil, err
	}
	for _, text := range s.Faults {
		fault, err := network.ParseFault(text)
		if err == nil {
			_, err = fleet.SetFault(fault, true)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("--fault: %w", err), fleet.Close())
		}
	}
	return fleet.Fleet, nil
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
	certificate, key, err := fleet.ClientPEM()
	if err != nil {
		return err
	}
	folder := filepath.Dir(s.WriteConfig)
	for _, file := range []struct {
		name    string // "": it is not needed
		content []byte
	}{{s.CAFile, fleet.CertificatePEM()}, {s.CertFile, certificate}, {s.KeyFile, key}, {filepath.Base(s.WriteConfig), text}} {
		if file.name == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, file.name), file.content, 0o600); err != nil {
			return fmt.Errorf("%w; name another file with --write-config", err)
		}
	}
	return nil
}
