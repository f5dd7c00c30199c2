package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/netconf-exporter/netconf_exporter/internal/guard"
	"github.com/netconf-exporter/netconf_exporter/internal/network"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// Demo runs the simulated network and an exporter that reads it, until it is interrupted.
type Demo struct {
	ListenAddress string
	FaultsAddress string // of the page where faults are set and cleared; "": no page
}

// Run implements Command.
func (d *Demo) Run(ctx context.Context, env *Environment) error {
	scenario, err := network.Load("demo")
	if err != nil {
		return err
	}
	fleet, err := network.Start(scenario, simulator.Config{})
	if err != nil {
		return err
	}
	defer fleet.Close()
	file, err := writeDemoConfig(fleet)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(file))
	faults, stop, err := d.serveFaults(fleet)
	if err != nil {
		return err
	}
	defer stop()

	serve := &Serve{
		Web:           &toolkit.FlagConfig{WebListenAddresses: &[]string{d.ListenAddress}, WebSystemdSocket: new(bool), WebConfigFile: new(string)},
		TelemetryPath: "/metrics", TimeoutOffset: 0.5, Targets: true,
	}
	// Whoever reaches the demo could add devices, with a password that everybody knows: nobody but those on this machine.
	serve.Admin.Enabled = guard.CheckListening(*serve.Web.WebListenAddresses, false, false) == nil
	serve.Admin.StoragePath = filepath.Join(filepath.Dir(file), "data")
	serve.listening = func(address net.Addr) { welcome(env, fleet, address, faults, serve.Admin.Enabled) }
	own := *env
	own.ConfigFiles = []string{file}
	return serve.Run(ctx, &own)
}

// writeDemoConfig writes the configuration to a new temporary directory, so that it can be reloaded.
func writeDemoConfig(fleet *network.Fleet) (file string, err error) {
	text, err := fleet.ConfigYAML("simulated")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "netconf_exporter-demo-")
	if err != nil {
		return "", fmt.Errorf("%w; make room for a small file, or set TMPDIR", err)
	}
	file = filepath.Join(dir, "netconf.yml")
	text = append([]byte("# What netconf_exporter demo runs on. Your own devices take the same few lines.\nadmin: {allowed_targets: [127.0.0.0/8]}\n"), text...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return file, nil
}

// serveFaults serves the page of faults, if it has an address.
func (d *Demo) serveFaults(fleet *network.Fleet) (url string, stop func(), err error) {
	if d.FaultsAddress == "" {
		return "", func() {}, nil
	}
	handler, err := network.Handler(fleet)
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", d.FaultsAddress)
	if err != nil {
		return "", nil, fmt.Errorf("%w; choose another --faults.listen-address", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	return "http://" + localURL(listener.Addr()), func() { _ = server.Close(); <-ended }, nil
}

func welcome(env *Environment, fleet *network.Fleet, address net.Addr, faults string, admin bool) {
	url := "http://" + localURL(address)
	devices := fleet.Devices()
	_, _ = fmt.Fprintf(env.Stdout, "%d simulated NETCONF devices, linked to a small network, and netconf_exporter reading all but one of them.\n\n", len(devices))
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 3, ' ', 0)
	line := func(text string, values ...any) { _, _ = fmt.Fprintf(table, text+"\n", values...) }
	line("Open  %s/", url)
	line("      %s/probe?target=core-1&debug=true\twhat one read of a device did", url)
	line("      %s/config\twhat you would write for devices of your own", url)
	if faults != "" {
		line("      %s/\tset and clear faults: a power supply, a link, a session", faults)
	}
	line("Try   curl -s %s/metrics | grep netconf_interface_oper_status", url)
	line("      curl -s '%s/probe?target=access-1'", url)
	if faults != "" {
		line("      curl -X PUT %s/faults/core-1:psu\tand -X DELETE to clear it", faults)
	}
	if i := slices.IndexFunc(devices, func(d *simulator.Device) bool { return d.Name == "spare-1" }); i >= 0 && admin {
		line("\nNot configured yet: %s at %s, user netconf, password netconf, host key %s", devices[i].Name, devices[i].Address(), devices[i].Fingerprint())
		line("Add it at %s/add", url)
	}
	line("\nCtrl-C ends it.")
	_ = table.Flush()
}

// localURL is the host:port at which this machine reaches a listener.
func localURL(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
