package collector_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// fleet starts simulated devices and loads a configuration that points at them, with extra appended.
func fleet(t *testing.T, c simulator.Config, extra string) (*simulator.Fleet, *config.Config) {
	t.Helper()
	f, err := simulator.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	text, err := f.ConfigYAML("sim")
	if err != nil {
		t.Fatal(err)
	}
	return f, load(t, string(text)+extra)
}

func load(t *testing.T, text string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func start(t *testing.T, c *config.Config) *collector.Exporter {
	t.Helper()
	e, err := collector.New(c, collector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	return e
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// samples indexes families by `name{label=value,...}`.
func samples(families []*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, p := range m.Label {
				name += fmt.Sprintf(" %s=%s", p.GetName(), p.GetValue())
			}
			all[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}

func TestScrapeGivesWhatTheDeviceHas(t *testing.T) {
	for _, form := range []string{simulator.FormState, simulator.FormNMDA} {
		t.Run(form, func(t *testing.T) {
			devices, c := fleet(t, simulator.Config{Devices: 2, Interfaces: 20, Form: form}, "")
			e := start(t, c)
			got := samples(e.Gather(within(t, 10*time.Second)))
			for _, d := range devices.Devices() {
				if got["netconf_up target="+d.Name] != 1 {
					t.Errorf("%s is not up", d.Name)
				}
				if d.Logins() != 1 {
					t.Errorf("%s saw %d logins, want 1", d.Name, d.Logins())
				}
				for _, i := range d.Interfaces(time.Now()) {
					if _, ok := got[fmt.Sprintf("netconf_interface_oper_status interface=%s target=%s", i.Name, d.Name)]; !ok {
						t.Errorf("%s %s has no operational status", d.Name, i.Name)
					}
				}
			}
		})
	}
}

func TestPedanticRegistryTakesAll(t *testing.T) {
	_, c := fleet(t, simulator.Config{Devices: 3, Interfaces: 20}, "")
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector.NewCollector(start(t, c), 10*time.Second))
	if families, err := registry.Gather(); err != nil || len(families) < 30 {
		t.Errorf("%d families, error %v", len(families), err)
	}
}
