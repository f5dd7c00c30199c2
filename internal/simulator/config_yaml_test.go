package simulator_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestConfigYAMLLoads(t *testing.T) {
	fleet := start(t, simulator.Config{Devices: 12, Username: "someone", Password: `p"w: #1`})
	text, err := fleet.ConfigYAML("lab")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load([]string{path})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	auth := loaded.Auths["lab"]
	if password, err := new(config.Keyring).Password(auth); err != nil || auth.Username != "someone" || password != `p"w: #1` {
		t.Errorf("auth is %+v", auth)
	}
	sites := map[string]bool{}
	for i, d := range fleet.Devices() {
		target := loaded.Targets[i]
		if target.Name != d.Name || target.HostPort() != d.Address() || target.Auth != "lab" {
			t.Errorf("target %+v for %s at %s", target, d.Name, d.Address())
		}
		sites[target.Labels["site"]+" "+target.Labels["role"]] = true
	}
	if len(sites) != 9 {
		t.Errorf("labels are %v", sites)
	}
}
