//go:build linux

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// face is one way in which devices of the soak are reached.
type face struct {
	name   string // with which the names of its devices begin
	config simulator.Config
	slow   time.Duration // delay before each reply of a slow device; a read takes three seconds then
	fleet  *simulator.Fleet
}

// soakFleet has devices of all faces.
type soakFleet struct {
	t     *testing.T
	faces []*face
}

// startSoakFleet starts devices, half of them over SSH. Those that call home call one address over SSH and another one over TLS.
func startSoakFleet(t *testing.T, devices int, callSSH, callTLS string) *soakFleet {
	t.Helper()
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	const others = 4
	f := &soakFleet{t: t, faces: []*face{
		{name: "ssh-", slow: 1500 * time.Millisecond, config: simulator.Config{Devices: devices - others*(devices/(2*others))}},
		{name: "tls-", slow: 1500 * time.Millisecond, config: simulator.Config{Transport: simulator.TransportTLS}},
		{name: "restconf-", slow: time.Second, config: simulator.Config{Transport: simulator.TransportRESTCONF}}, // asks three times
		{name: "call-", slow: 1500 * time.Millisecond, config: simulator.Config{CallHome: callSSH}},
		{name: "calltls-", slow: 1500 * time.Millisecond, config: simulator.Config{Transport: simulator.TransportTLS, CallHome: callTLS}},
	}}
	for _, face := range f.faces {
		c := &face.config
		if c.Devices == 0 {
			c.Devices = devices / (2 * others)
		}
		c.Names, c.Interfaces = face.name, 4
		if c.Transport != "" {
			c.CAFile = file(face.name + "ca.pem")
		}
		if c.Transport == simulator.TransportTLS {
			c.CertFile, c.KeyFile = file(face.name+"cert.pem"), file(face.name+"key.pem")
		}
		var err error
		if face.fleet, err = simulator.Start(*c); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := face.fleet.Close(); err != nil {
				t.Error(err)
			}
		})
		certificate, key, err := face.fleet.ClientPEM()
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{c.CAFile: face.fleet.CertificatePEM(), c.CertFile: certificate, c.KeyFile: key} {
			if name == "" {
				continue
			}
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return f
}

// config is a configuration with all devices as targets, or without the last tenth of each face.
func (f *soakFleet) config(defaults map[string]any, all bool) string {
	f.t.Helper()
	type file struct {
		Auths    map[string]any   `yaml:"auths"`
		Defaults map[string]any   `yaml:"defaults"`
		CallHome map[string]any   `yaml:"call_home"`
		Targets  []map[string]any `yaml:"targets"`
	}
	joined := file{Auths: map[string]any{}, Defaults: defaults, CallHome: map[string]any{}}
	for _, face := range f.faces {
		text, err := face.fleet.ConfigYAML(face.name + "auth")
		if err != nil {
			f.t.Fatal(err)
		}
		var part file
		if err := yaml.Unmarshal(text, &part); err != nil {
			f.t.Fatal(err)
		}
		maps.Copy(joined.Auths, part.Auths)
		maps.Copy(joined.CallHome, part.CallHome)
		if !all {
			part.Targets = part.Targets[:len(part.Targets)*9/10]
		}
		for _, target := range part.Targets {
			maps.Copy(target, part.Defaults)
			joined.Targets = append(joined.Targets, target)
		}
	}
	text, err := yaml.Marshal(joined)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// slowDown makes a fifth of the devices of each face slower than any scrape, and returns their names and the other devices. Slow ones are in
// all configurations.
func (f *soakFleet) slowDown() (slow map[string]bool, others []*simulator.Device) {
	slow = map[string]bool{}
	for _, face := range f.faces {
		devices := face.fleet.Devices()
		for i, d := range devices {
			if i < len(devices)/5 {
				slow[d.Name] = true
				d.SetReplyDelay(face.slow)
			} else {
				others = append(others, d)
			}
		}
	}
	return slow, others
}
