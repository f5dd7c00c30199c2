package web_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

func TestSimulatedDevicesThroughTheCollector(t *testing.T) {
	fleet, err := simulator.Start(simulator.Config{Devices: 2, Interfaces: 3, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	text, err := fleet.ConfigYAML("sim")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Auths["sim"].AllowedTargets = []string{"127.0.0.0/9"}
	exporter, err := collector.New(cfg, collector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exporter.Close(context.Background()) })
	h := web.New(web.Options{Exporter: web.From(exporter), Own: web.NewMetrics(), Reload: func() error { return nil }})

	name, address := cfg.Targets[0].Name, cfg.Targets[0].HostPort()
	ofPort := func(host string) string { return url.QueryEscape(host + address[strings.LastIndexByte(address, ':'):]) }
	for _, test := range []struct {
		path   string
		status int
		has    []string
	}{
		{"/metrics", 200, []string{`netconf_up{target="` + name + `"} 1`, `netconf_up{target="` + cfg.Targets[1].Name + `"} 1`, "go_goroutines"}},
		{"/probe?target=" + name, 200, []string{"netconf_up 1", "netconf_interface_oper_status{interface="}},
		{"/probe?debug=true&target=" + name, 200, []string{"result   up", "  rpc ", "  decode "}},
		{"/probe?module=nosuch&target=" + name, 400, []string{"nosuch"}},
		{"/probe?auth=sim&target=" + ofPort("127.0.0.1"), 200, []string{"netconf_up 1"}},
		{"/probe?auth=sim&target=" + ofPort("127.128.0.1"), 403, []string{"allowed_targets"}},
	} {
		response := get(h, test.path)
		body := response.Body.String()
		if response.Code != test.status {
			t.Errorf("%s: status %d, want %d: %s", test.path, response.Code, test.status, body)
		}
		for _, want := range test.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", test.path, want, body)
			}
		}
	}
}
