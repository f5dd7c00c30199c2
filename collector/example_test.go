package collector_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// device starts a simulated device with three interfaces, for examples to read, and returns its configuration.
func device() (text []byte, stop func()) {
	devices, err := simulator.Start(simulator.Config{Interfaces: 3})
	if err != nil {
		log.Fatal(err)
	}
	text, err = devices.ConfigYAML("example")
	if err != nil {
		log.Fatal(err)
	}
	return text, func() { devices.Close() }
}

// Read a device once, and look at what it gave.
func ExampleNew() {
	text, stop := device()
	defer stop()
	c, err := config.Parse(text) // or config.Load, from files
	if err != nil {
		log.Fatal(err)
	}
	exporter, err := collector.New(c, collector.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer exporter.Close(ctx)

	scrape := exporter.Targets()[0].Scrape(ctx, nil)
	fmt.Println("up:", scrape.Up, "error:", scrape.Err)
	for _, family := range scrape.Families {
		if family.GetName() == "netconf_interface_oper_status" {
			fmt.Println(family.GetName(), "of", len(family.Metric), "interfaces")
		}
	}
	// Output:
	// up: true error: <nil>
	// netconf_interface_oper_status of 3 interfaces
}

// A configuration can be made in Go. What it leaves out has the defaults of the configuration file.
func ExampleNew_configuration() {
	c := &config.Config{
		Auths: map[string]*config.Auth{
			"lab": {Username: "admin", Password: "admin", InsecureIgnoreHostKey: true},
		},
		Targets: []*config.Target{
			{Name: "edge1", Address: "192.0.2.1", Auth: "lab"},
			{Name: "edge2", Address: "192.0.2.2", Auth: "elsewhere"},
		},
	}
	_, err := collector.New(c, collector.Options{Lazy: true})
	fmt.Println(err)

	c.Targets[1].Auth = "lab"
	exporter, err := collector.New(c, collector.Options{Lazy: true})
	if err != nil {
		log.Fatal(err)
	}
	defer exporter.Close(context.Background())
	fmt.Println(exporter.Targets()[1].Config().HostPort(), "within", *exporter.Targets()[1].Config().Timeout)
	// Output:
	// auth "elsewhere" is not under auths; write one of lab
	// 192.0.2.2:830 within 30s
}

// Register all targets with a registry of client_golang.
func ExampleNewCollector() {
	text, stop := device()
	defer stop()
	c, err := config.Parse(text)
	if err != nil {
		log.Fatal(err)
	}
	exporter, err := collector.New(c, collector.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer exporter.Close(context.Background())

	registry := prometheus.NewRegistry()
	registry.MustRegister(collector.NewCollector(exporter, 10*time.Second))
	families, err := registry.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, family := range families {
		if strings.HasSuffix(family.GetName(), "_oper_status") {
			fmt.Println(family.GetName(), "of", len(family.Metric), "interfaces")
		}
	}
	// Output: netconf_interface_oper_status of 3 interfaces
}

// Tell an address that may not be read from a device that does not answer.
func ExampleExporter_AdHoc() {
	c, err := config.Parse([]byte("auths: {lab: {username: u, password: p, insecure_ignore_host_key: true, allowed_targets: [192.0.2.0/24]}}"))
	if err != nil {
		log.Fatal(err)
	}
	exporter, err := collector.New(c, collector.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer exporter.Close(context.Background())

	target, err := exporter.AdHoc(context.Background(), "127.0.0.1:1", "lab")
	if err != nil {
		log.Fatal(err)
	}
	scrape := target.Scrape(context.Background(), nil)
	fmt.Println(scrape.Up, scrape.Reason == collector.ReasonRefused, errors.Is(scrape.Err, collector.ErrNotAllowed))
	// Output: false true true
}

// Follow the reads of all targets.
func ExampleExporter_Watch() {
	text, stop := device()
	defer stop()
	c, err := config.Parse(text)
	if err != nil {
		log.Fatal(err)
	}
	exporter, err := collector.New(c, collector.Options{Lazy: true})
	if err != nil {
		log.Fatal(err)
	}
	defer exporter.Close(context.Background())

	updates, unwatch := exporter.Watch(16)
	defer unwatch()
	go exporter.Gather(context.Background())
	for update := range updates {
		if update.Kind == collector.ModuleEnded {
			status := exporter.Targets()[0].Status()
			fmt.Println(update.Module, status.State, status.Interfaces)
			return
		}
	}
	// Output: ietf-interfaces up 3
}
