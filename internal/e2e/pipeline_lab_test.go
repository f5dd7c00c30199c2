//go:build linux

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/network"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// lab is the demo's network twice, read by one exporter, so that faults of whole devices have devices enough. The devices of the
// second one have names that begin with "b-". Of a third one there is c-cpe-1 alone, with a user of its own: when it refuses that user, the
// exporter waits with the user's other logins, too.
type lab struct {
	t        testing.TB
	exporter *exporter
	networks map[string]*network.Fleet // by the beginning of the names
	auths    map[string]map[string]any
	targets  map[string]map[string]any
	password string // file with that of the third user
}

func startLab(t *testing.T, flags ...string) *lab {
	t.Helper()
	scenario, err := network.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, networks: map[string]*network.Fleet{}, auths: map[string]map[string]any{}, targets: map[string]map[string]any{}}
	for prefix, user := range map[string]string{"": "first", "b-": "second", "c-": "third"} {
		fleet, err := network.Start(scenario, simulator.Config{Username: user})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { fleet.Close() })
		text, err := fleet.ConfigYAML(user)
		if err != nil {
			t.Fatal(err)
		}
		var config struct {
			Auths   map[string]map[string]any
			Targets []map[string]any
		}
		if err := yaml.Unmarshal(text, &config); err != nil {
			t.Fatal(err)
		}
		l.networks[prefix] = fleet
		maps.Copy(l.auths, config.Auths)
		for _, target := range config.Targets {
			name := prefix + target["name"].(string)
			target["name"] = name
			if prefix != "c-" || name == "c-cpe-1" {
				l.targets[name] = target
			}
		}
	}
	l.password = filepath.Join(t.TempDir(), "password")
	third := l.auths["third"]
	l.writePassword(third["password"].(string))
	delete(third, "password")
	third["password_file"] = l.password
	l.exporter = startExporter(t, l.config(), flags...)
	return l
}

// config has all devices as targets but those that are left out.
func (l *lab) config(without ...string) string {
	l.t.Helper()
	targets := []any{}
	for _, name := range slices.Sorted(maps.Keys(l.targets)) {
		if !slices.Contains(without, name) {
			targets = append(targets, l.targets[name])
		}
	}
	text, err := yaml.Marshal(map[string]any{"auths": l.auths, "targets": targets, "target_files": []string{"more/*.yml"}})
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

// load makes a configuration the exporter's.
func (l *lab) load(config string) {
	l.t.Helper()
	l.exporter.configure(config)
	if status, body := l.exporter.reload(); status != 200 {
		l.t.Fatalf("reload: %d %s", status, body)
	}
}

// writePassword writes the password of the third user, which the exporter tries at once if it is another one.
func (l *lab) writePassword(password string) {
	l.t.Helper()
	if err := os.WriteFile(l.password, []byte(password), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// loadMore makes a text one of the exporter's files of targets.
func (l *lab) loadMore(text string) {
	l.t.Helper()
	dir := filepath.Join(filepath.Dir(l.exporter.file), "more")
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "more.yml"), []byte(text), 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.exporter.reload()
}

// set begins or ends a fault, as docs/demo.md writes it.
func (l *lab) set(text string, on bool) {
	l.t.Helper()
	fault, err := network.ParseFault(text)
	if err != nil {
		l.t.Fatal(err)
	}
	prefix := ""
	if fault.Device[1] == '-' {
		prefix = fault.Device[:2]
	}
	fleet := l.networks[prefix]
	fault.Device = strings.TrimPrefix(fault.Device, prefix)
	if _, err := fleet.SetFault(fault, on); err != nil {
		l.t.Fatal(err)
	}
}

// flap sets a fault and clears it again, several times.
func (l *lab) flap(fault string, times int) {
	for range times {
		l.set(fault, true)
		time.Sleep(2 * pipelineScrape)
		l.set(fault, false)
		time.Sleep(2 * pipelineScrape)
	}
}
