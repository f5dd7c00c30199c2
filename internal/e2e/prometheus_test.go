//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPromtoolFindsNothingInMetrics(t *testing.T) {
	need(t, "promtool")
	d := startDevice(t)
	e := startExporter(t, d.config())
	for _, path := range []string{"/metrics", "/probe?target=targethost"} {
		_, body := e.get(path)
		promtool := exec.Command("promtool", "check", "metrics")
		promtool.Stdin = strings.NewReader(body)
		if out, err := promtool.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("promtool check metrics on %s: %v\n%s", path, err, out)
		}
	}
}

func TestPrometheusScrapesIt(t *testing.T) {
	need(t, "prometheus")
	d := startDevice(t)
	e := startExporter(t, d.config())
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `
scrape_configs:
  - job_name: netconf
    scrape_interval: 1s
    static_configs: [{targets: [%[1]q]}]
  - job_name: netconf_probe
    scrape_interval: 1s
    metrics_path: /probe
    http_sd_configs: [{url: "%[2]s/sd"}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {replacement: %[1]q, target_label: __address__}
`, strings.TrimPrefix(e.url, "http://"), e.url), 0o600); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	prometheus := start(t, exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+dir, "--web.listen-address="+address))

	for _, query := range []string{
		`up{job="netconf"} == 1`,
		`up{job="netconf_probe", instance="targethost"} == 1`,
		`netconf_up{job="netconf", target="targethost"} == 1`,
		`netconf_interface_receive_bytes_total{job="netconf", target="targethost", interface="lo"} > 0`,
		`netconf_interface_receive_bytes_total{job="netconf_probe", instance="targethost", interface="lo"} > 0`,
	} {
		waitFor(t, query, func() bool {
			if !prometheus.running() {
				t.Fatal("Prometheus ended")
			}
			return results(address, query) == 1
		})
	}
	if d.logins() != 1 {
		t.Errorf("%d logins, want 1", d.logins())
	}
}

// results is the number of series of a query, 0 until Prometheus runs.
func results(address, query string) int {
	response, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0
	}
	var answer struct {
		Data struct{ Result []json.RawMessage }
	}
	if json.Unmarshal(body, &answer) != nil {
		return 0
	}
	return len(answer.Data.Result)
}
