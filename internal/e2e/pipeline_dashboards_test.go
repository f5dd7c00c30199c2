//go:build linux

package e2e

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/pipeline"
)

// Every panel of every dashboard has data of the demo's network, some of whose devices have faults, and its tables have the columns
// that they promise.
func TestDashboardsHaveData(t *testing.T) {
	t.Parallel()
	l := startLab(t)
	p := startPipeline(t, strings.TrimPrefix(l.exporter.url, "http://"), "prometheus.yml", "")
	waitLong(t, "all devices to be read once", func() bool { return p.count("netconf_up == 1") == len(l.targets) })
	for _, fault := range []string{"core-1:errors:et-0/0/0", "core-1:saturation:xe-0/1/0", "access-1:down:ge-0/0/1", "c-cpe-1:login", "b-access-1:values", "b-core-1:psu", "b-access-2:model", "core-2:flap:et-0/0/1"} {
		l.set(fault, true)
	}
	waitLong(t, "the faults to show", func() bool {
		for _, expr := range []string{`ALERTS{alertname="NetconfInterfaceDown", alertstate="firing"}`, `target_interface:netconf_interface_discards:rate5m`, `target_interface:netconf_interface_errors:rate5m`,
			`netconf_module_success == 0`, `netconf_login_retry_timestamp_seconds > time()`, `netconf_module_skipped_values > 0`, `netconf_alarms > 0`, `changes(netconf_interface_oper_status[10s]) > 0`} {
			if p.count(expr) < 1 {
				return false
			}
		}
		return true
	})
	p.wantPanels(slices.Collect(maps.Keys(l.targets)), func(_, panel string) bool { return !slices.Contains(notInDemo, panel) })
}

// notInDemo are panels that are empty in this test, and columns of tables ("Table: field"): nobody dials again within its short window,
// no device speaks TLS, and the binary has no version.
var notInDemo = []string{"Certificates", "Dials", "Device: os_release", "Exporters: version", "Parts: software_revision"}

// wantPanels runs every query of every dashboard for each of the devices. None may give an error, and those panels that are wanted must
// have data of one device at least, tables in all of their columns.
func (p *monitoring) wantPanels(targets []string, wanted func(dashboard, panel string) bool) {
	p.t.Helper()
	dashboards, err := pipeline.Dashboards("../..")
	if err != nil || len(dashboards) == 0 {
		p.t.Fatalf("%d dashboards: %v", len(dashboards), err)
	}
	for _, d := range dashboards {
		devices := targets
		if !strings.Contains(d.Text, `target=~`) { // of all devices
			devices = targets[:1]
		}
		for _, panel := range d.Panels {
			if panel.Type == "row" {
				continue
			}
			found := map[string]bool{} // fields of any row
			for _, target := range devices {
				for _, query := range panel.Targets {
					for _, s := range p.panelQuery(d.File+": "+panel.Title, query.Expr, target) {
						found["Value"], found["Value #"+query.RefID], found["Trend #"+query.RefID] = true, true, true
						for label := range s.Labels {
							found[label] = true
						}
					}
				}
			}
			if !wanted(d.File, panel.Title) {
				continue
			}
			if len(found) == 0 {
				p.t.Errorf("%s: %s has no data", d.File, panel.Title)
				continue
			}
			for _, column := range panel.Columns() {
				if !found[column] && !slices.Contains(notInDemo, panel.Title+": "+column) {
					p.t.Errorf("%s: table %s has nothing in its column %s", d.File, panel.Title, column)
				}
			}
		}
	}
}

// rowVariable is what names the devices of a row that is repeated.
var rowVariable = regexp.MustCompile(`target=~"\$(\w+)"`)

func (p *monitoring) panelQuery(where, expr, target string) []series {
	values := map[string]string{"job": ".+", "interface": ".+", "instance": ".+"}
	for _, match := range rowVariable.FindAllStringSubmatch(expr, -1) {
		values[match[1]] = target
	}
	expr = pipeline.Query{Expr: expr}.PromQL(values, "10s")
	got, err := p.query(strings.ReplaceAll(expr, "[15m]", "[1m]"))
	if err != nil {
		p.t.Errorf("%s: %v\n%s", where, err, expr)
	}
	return got
}
