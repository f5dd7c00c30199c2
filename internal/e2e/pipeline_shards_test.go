//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// The exporters of examples/kubernetes share the targets: each device is logged in to once, by the one that its name is hashed to,
// and when one exporter ends, only its devices are no longer read.
func TestExportersShareTheTargets(t *testing.T) {
	t.Parallel()
	const all, exporters = 60, 3
	fleet, err := simulator.Start(simulator.Config{Devices: all, Interfaces: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	text, err := fleet.ConfigYAML("simulated")
	if err != nil {
		t.Fatal(err)
	}
	config := writeConfig(t, string(text))

	// The replicas differ in their number only; here it is the last digit of a loopback address.
	port := freePort(t, 0)
	var replicas []*process
	for i := range exporters {
		replicas = append(replicas, start(t, exec.Command(binary(t), "--config.file="+config, "--no-collector.targets", fmt.Sprintf("--web.listen-address=127.0.0.1%d:%d", i, port))))
	}
	address := fmt.Sprintf("127.0.0.1$1:%d", port)
	first := strings.Replace(address, "$1", "0", 1)
	waitFor(t, "the exporters to listen", func() bool {
		for i := range exporters {
			if !ready(strings.Replace(address, "$1", fmt.Sprint(i), 1)) {
				return false
			}
		}
		return true
	})
	p := startPipeline(t, first, "examples/prometheus-probe.yml", shardedConfig(t, first, address))

	waitLong(t, "all devices to be up", func() bool { return p.count("netconf_up == 1") == all })
	shares := map[string]float64{}
	got, err := p.query(`count by (instance) (netconf_up == 1)`)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		var share float64
		fmt.Sscan(fmt.Sprint(s.Value[1]), &share)
		shares[s.Labels["instance"]] = share
	}
	if len(shares) != exporters {
		t.Errorf("the shares are %v, want %d of them", shares, exporters)
	}
	for _, d := range fleet.Devices() {
		if d.Logins() != 1 || d.Sessions() != 1 {
			t.Errorf("%s saw %d logins and has %d sessions, want 1 and 1", d.Name, d.Logins(), d.Sessions())
		}
	}

	last := strings.Replace(address, "$1", fmt.Sprint(exporters-1), 1)
	lost := int(shares[last])
	replicas[exporters-1].stop(syscall.SIGKILL)
	waitFor(t, "the share of the exporter that ended to be lost", func() bool { return p.count("netconf_up == 1") == all-lost })
	waitFor(t, "its alert", func() bool {
		n, told := p.last(map[string]string{"alertname": "NetconfExporterDown", "instance": last})
		return told && n.Status == "firing"
	})
	if n := p.count("netconf_up == 1"); n != all-lost {
		t.Errorf("%d devices are up, want %d of %d: all but the share that was lost", n, all-lost, all)
	}
	if n := p.count(fmt.Sprintf(`up{instance=%q, target!=""} == 0`, last)); n != lost {
		t.Errorf("%d scrapes fail, want the %d of the exporter that ended", n, lost)
	}
	for _, d := range fleet.Devices() {
		if d.Logins() != 1 {
			t.Errorf("%s saw %d logins, want 1: what one exporter read, no other one takes over", d.Name, d.Logins())
		}
	}
}

// shardedConfig is examples/prometheus-probe.yml with the scrape that the Prometheus operator makes of the ScrapeConfig in
// examples/kubernetes. Its replicas are reached at address, any one of them at first.
func shardedConfig(t *testing.T, first, address string) string {
	t.Helper()
	text, err := os.ReadFile("../../examples/kubernetes/scrapeconfig.yml")
	if err != nil {
		t.Fatal(err)
	}
	var example struct {
		Spec struct {
			MetricsPath string              `yaml:"metricsPath"`
			Params      map[string][]string `yaml:"params"`
			HTTPSD      []map[string]string `yaml:"httpSDConfigs"`
			Relabelings []map[string]any    `yaml:"relabelings"`
		}
	}
	const pods, service = "netconf-exporter-$1.netconf-exporter.monitoring.svc:10830", "netconf-exporter.monitoring.svc:10830"
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(pods), []byte(address)), []byte(service), []byte(first))
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&example); err != nil {
		t.Fatal(err)
	}
	var relabelings []map[string]any
	for _, r := range example.Spec.Relabelings {
		relabeling := map[string]any{}
		for key, value := range r {
			if key == "action" {
				value = strings.ToLower(fmt.Sprint(value))
			}
			relabeling[strings.NewReplacer("sourceLabels", "source_labels", "targetLabel", "target_label").Replace(key)] = value
		}
		relabelings = append(relabelings, relabeling)
	}
	original, err := os.ReadFile("../../examples/prometheus-probe.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(original, &config); err != nil {
		t.Fatal(err)
	}
	config["scrape_configs"] = []any{map[string]any{
		"job_name": "netconf", "metrics_path": example.Spec.MetricsPath, "params": example.Spec.Params,
		"http_sd_configs": []any{map[string]any{"url": example.Spec.HTTPSD[0]["url"]}}, "relabel_configs": relabelings,
	}}
	made, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(made)
}
