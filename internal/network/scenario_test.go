package network_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/network"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func wantError(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s gives %v, want it to say %q", what, err, part)
		}
	}
}

func TestScenariosThatAreWrong(t *testing.T) {
	const kind = "kinds: {a: {models: [ietf-interfaces]}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", "it is empty"},
		"unknown key":     {"networks: []", "networks"},
		"unknown kind":    {"devices: [{name: x, kind: b}]", `"b"`},
		"same name":       {kind + "devices: [{name: x, kind: a}, {name: x, kind: a}]", "two"},
		"unknown shape":   {kind + "devices: [{name: x, kind: a, ports: [{name: p, speed: 1, shape: s}]}]", `"s"`},
		"empty shape":     {"shapes: {s: []}", "at least one"},
		"negative shape":  {"shapes: {s: [1, -1]}", "below 0"},
		"unknown model":   {"kinds: {a: {models: [m]}}\ndevices: [{name: x, kind: a}]", `"m"`},
		"unknown end":     {kind + "devices: [{name: x, kind: a}]\nlinks: [{a: {device: x, port: p}, b: {device: y, port: p}}]", `"y"`},
		"port twice":      {kind + "devices: [{name: x, kind: a}]\nlinks: [{a: {device: x, port: p}, b: {device: x, port: p}}]", "two ports"},
		"unknown transit": {kind + "devices: [{name: x, kind: a, transit: t}]", `"t"`},
		"no neighbour":    {kind + "devices: [{name: x, kind: a}]\nbgp: [{device: x}]", "peer or a neighbor"},
		"no router id":    {kind + "devices: [{name: x, kind: a}, {name: y, kind: a}]\nbgp: [{device: x, peer: y}]", "router_id"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "scenario.yml")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			scenario, err := network.Load(file)
			if err == nil {
				var fleet *network.Fleet
				if fleet, err = network.Start(scenario, simulator.Config{}); err == nil {
					fleet.Close()
				}
			}
			wantError(t, c.text, err, "scenario", c.want)
		})
	}
	_, err := network.Load("/nonexistent.yml")
	wantError(t, "no file", err, "/nonexistent.yml", "demo")
}
