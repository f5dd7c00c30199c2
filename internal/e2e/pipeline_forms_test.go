//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// form is one of the two ways to scrape.
type form struct{ file, flag string }

var forms = []form{{"prometheus.yml", "--collector.targets"}, {"examples/prometheus-probe.yml", "--no-collector.targets"}}

// Both forms give the same series of the reference device with the same labels, and every rule and every query of a dashboard
// works with them.
func TestBothFormsOfScrapingGiveTheSameSeries(t *testing.T) {
	t.Parallel()
	d := startDevice(t)
	config := strings.Replace(d.config(), "    auth: lab\n", "    auth: lab\n    labels: {site: ams, role: edge}\n", 1)
	var seen []map[string]bool
	for _, f := range forms {
		e := startExporter(t, config, f.flag)
		address := strings.TrimPrefix(e.url, "http://")
		p := startPipeline(t, address, f.file, "")
		waitLong(t, "rates of an interface, with "+f.file, func() bool {
			got, err := p.query(`target_interface:netconf_interface_bytes:rate5m{job="netconf", target="targethost", interface="lo", direction="receive"}`)
			return err == nil && len(got) == 1
		})
		all, err := p.query(`{job="netconf", __name__!~".*:.*|up|scrape_.*|ALERTS.*"}`)
		if err != nil {
			t.Fatal(err)
		}
		labels := map[string]bool{}
		for _, s := range all {
			if s.Labels["instance"] == address {
				s.Labels["instance"] = "netconf-exporter:10830"
			}
			labels[fmt.Sprint(s.Labels)] = true // a map is printed in the order of its keys
		}
		seen = append(seen, labels)

		if n := p.count(`netconf_target_info{site="ams", role="edge", target="targethost"}`); n != 1 {
			t.Errorf("%s: %d series of netconf_target_info have the target's own labels, want 1", f.file, n)
		}
		p.wantRulesToWork()
		p.wantPanels([]string{"targethost"}, func(dashboard, panel string) bool {
			return dashboard == "interface.json" && slices.Contains([]string{"State", "Receive", "Transmit", "Traffic", "Errors and discards"}, panel)
		})
	}
	for i, from := range forms {
		for labels := range seen[i] {
			if !seen[1-i][labels] {
				t.Errorf("only %s gives %s", from.file, labels)
			}
		}
	}
	if len(seen[0]) < 100 {
		t.Errorf("%d series, which is too few to have compared anything", len(seen[0]))
	}
	if d.logins() != len(forms) {
		t.Errorf("%d logins, want one for each exporter", d.logins())
	}
}

// count returns how many series an expression gives, -1 for an error.
func (p *monitoring) count(expr string) int {
	got, err := p.query(expr)
	if err != nil {
		return -1
	}
	return len(got)
}

// An alert for an interface that goes down has its labels and is resolved. When the whole device stops, only the alert for the device
// is sent.
func TestADeviceThatStopsSilencesTheRest(t *testing.T) {
	t.Parallel()
	devices, e := startFleet(t, simulator.Config{Devices: 2, Interfaces: 8}, "timeout: 12s")
	p := startPipeline(t, strings.TrimPrefix(e.url, "http://"), "prometheus.yml", "")
	d, name := devices[0], "ethernet1/1"
	notice := func(alert, status string, labels map[string]string) func() bool {
		want := maps.Clone(labels)
		want["alertname"], want["target"], want["job"] = alert, d.Name, "netconf"
		return func() bool { n, ok := p.last(want); return ok && n.Status == status }
	}
	one := map[string]string{"interface": name, "severity": "warning"}
	waitFor(t, "the devices to be up", func() bool { return p.count("netconf_up == 1") == 2 })
	if err := d.SetInterfaceDown(name, true); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the interface's alert to fire", notice("NetconfInterfaceDown", "firing", one))
	if err := d.SetInterfaceDown(name, false); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the interface's alert to be resolved", notice("NetconfInterfaceDown", "resolved", one))

	// It stops answering. Whatever else is known of it is held back.
	d.SetReplyDelay(time.Hour)
	waitFor(t, "the device's alert to fire", notice("NetconfTargetDown", "firing", map[string]string{"severity": "critical"}))
	p.post(with("alertname", "NetconfModuleEmpty", "target", d.Name, "severity", "warning"))
	waitFor(t, "Alertmanager to inhibit it", func() bool { return p.inhibited(with("alertname", "NetconfModuleEmpty", "target", d.Name)) })
	if n, told := p.last(map[string]string{"alertname": "NetconfModuleEmpty"}); told {
		t.Errorf("told of the rest: %v", n)
	}
	d.SetReplyDelay(0)
	waitLong(t, "the device's alert to be resolved", notice("NetconfTargetDown", "resolved", map[string]string{"severity": "critical"}))
}

// post sends Alertmanager an alert with these labels, as Prometheus would.
func (p *monitoring) post(labels map[string]string) {
	p.t.Helper()
	body, err := json.Marshal([]any{map[string]any{"labels": labels}})
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.Post("http://"+p.alertmanager+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		p.t.Fatalf("Alertmanager takes no alert: %s", response.Status)
	}
}

// inhibited reports whether Alertmanager holds back an alert with these labels because of another one.
func (p *monitoring) inhibited(labels map[string]string) bool {
	var alerts []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	if err := getJSON("http://"+p.alertmanager+"/api/v2/alerts", &alerts); err != nil {
		return false
	}
	for _, a := range alerts {
		if includes(a.Labels, labels) {
			return len(a.Status.InhibitedBy) > 0
		}
	}
	return false
}
