package command

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"text/template"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// Demo runs simulated devices and an exporter that reads them, until it is interrupted.
type Demo struct {
	ListenAddress string
}

//go:embed demo.yml
var demoConfig string

// Run implements Command.
func (d *Demo) Run(ctx context.Context, env *Environment) error {
	const interfaces = 24
	devices := map[string]*simulator.Device{} // by the name that the configuration gives them
	for seed, fleet := range []struct {
		names []string
		form  string
	}{{[]string{"access-1", "access-2"}, simulator.FormState}, {[]string{"core-1"}, simulator.FormNMDA}} {
		started, err := simulator.Start(simulator.Config{Devices: len(fleet.names), Interfaces: interfaces, Form: fleet.form, Seed: uint64(seed)})
		if err != nil {
			return err
		}
		defer started.Close()
		for i, name := range fleet.names {
			devices[name] = started.Devices()[i]
		}
	}
	file, err := writeDemoConfig(devices)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(file))

	serve := &Serve{
		Web:           &toolkit.FlagConfig{WebListenAddresses: &[]string{d.ListenAddress}, WebSystemdSocket: new(bool), WebConfigFile: new(string)},
		TelemetryPath: "/metrics", TimeoutOffset: 0.5, Targets: true,
		listening: func(address net.Addr) { d.welcome(env, len(devices), interfaces, address) },
	}
	own := *env
	own.ConfigFiles = []string{file}
	return serve.Run(ctx, &own)
}

// writeDemoConfig puts the configuration into a folder of its own, for a reload to find.
func writeDemoConfig(devices map[string]*simulator.Device) (file string, err error) {
	text, err := template.New("demo.yml").Option("missingkey=error").Parse(demoConfig)
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "netconf_exporter-demo-")
	if err != nil {
		return "", fmt.Errorf("%w; make room for a small file, or set TMPDIR", err)
	}
	out, err := os.Create(filepath.Join(folder, "netconf.yml"))
	if err == nil {
		err = text.Execute(out, devices)
		if closed := out.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		os.RemoveAll(folder)
		return "", err
	}
	return out.Name(), nil
}

func (d *Demo) welcome(env *Environment, devices, interfaces int, address net.Addr) {
	url := "http://" + localURL(address)
	_, _ = fmt.Fprintf(env.Stdout, `%d simulated NETCONF devices with %d interfaces each, and netconf_exporter reading them.

Open  %[3]s/
      %[3]s/probe?target=core-1&debug=true   what one read of a device did
      %[3]s/config                           what you would write for devices of your own
Try   curl -s %[3]s/metrics | grep netconf_interface_oper_status
      curl -s '%[3]s/probe?target=access-1'

Ctrl-C ends it.
`, devices, interfaces, url)
}

// localURL is host:port by which this machine reaches a listener.
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
