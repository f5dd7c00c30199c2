//go:build linux

package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// A device that takes longer than the budget is in every scrape after its first read, with one login, by /metrics and by /probe.
func TestSlowDevicesAreInEveryScrape(t *testing.T) {
	const interval, budget, offset = 2 * time.Second, 1500 * time.Millisecond, 400 * time.Millisecond // the offset is for a busy machine
	steady := func(t *testing.T, delay time.Duration, scrapers int, path string) {
		devices, e := startFleet(t, simulator.Config{Devices: 1, Interfaces: 3, ReplyDelay: delay}, "", fmt.Sprintf("--timeout-offset=%v", offset.Seconds()))
		var all sync.WaitGroup
		for range scrapers {
			all.Go(func() {
				ticker := time.NewTicker(interval)
				defer ticker.Stop()
				for seen := 0; seen < 11; <-ticker.C {
					scrape := e.scrape(path, budget+offset)
					if rows := len(scrape.values("netconf_interface_receive_bytes_total")); rows == 3 || seen > 0 {
						seen++
						scrape.want(1, "netconf_up")
						scrape.want(1, "netconf_module_success", "module=ietf-interfaces")
						if rows != 3 {
							t.Errorf("scrape %d after the first read has %d of 3 interfaces", seen-1, rows)
						}
					}
				}
			})
		}
		all.Wait()
		if devices[0].Logins() != 1 {
			t.Errorf("%d logins, want 1: giving up on a scrape leaves the read alone", devices[0].Logins())
		}
	}
	var all sync.WaitGroup // all at the same time, however many t.Parallel lets run: they do nothing but wait
	for _, share := range []float64{0.5, 1.5, 3} {
		for scrapers := 1; scrapers <= 2; scrapers++ {
			for _, path := range []string{"/metrics", "/probe?target=sim-0001"} {
				all.Go(func() {
					t.Run(fmt.Sprintf("%v budgets, %d scrapers, %s", share, scrapers, path[:6]), func(t *testing.T) {
						steady(t, time.Duration(share*float64(budget)), scrapers, path)
					})
				})
			}
		}
	}
	all.Wait()
}

// startPrometheus starts a Prometheus that scrapes each exporter, as a job of that name, every interval, with the given rules.
func startPrometheus(t *testing.T, interval, timeout time.Duration, rules string, exporters map[string]*exporter) *monitoring {
	t.Helper()
	need(t, "prometheus")
	dir := t.TempDir()
	p := &monitoring{t: t, prometheus: fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))}
	config := fmt.Sprintf("global: {scrape_interval: %[1]dms, scrape_timeout: %[2]dms, evaluation_interval: %[1]dms}\nrule_files: [rules.yml]\nscrape_configs:\n",
		interval.Milliseconds(), timeout.Milliseconds())
	for name, e := range exporters {
		config += fmt.Sprintf("  - {job_name: %s, static_configs: [{targets: [%q]}]}\n", name, strings.TrimPrefix(e.url, "http://"))
	}
	p.write(filepath.Join(dir, "prometheus.yml"), config)
	p.write(filepath.Join(dir, "rules.yml"), rules)
	prometheus := start(t, exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+dir,
		"--web.listen-address="+p.prometheus))
	waitFor(t, "Prometheus to be ready", func() bool {
		if !prometheus.running() {
			t.Fatalf("Prometheus ended: %s", prometheus.output.String())
		}
		return ready(p.prometheus)
	})
	return p
}

// One Prometheus, or two, that scrape a device slower than any scrape see no gap after the first read.
func TestPrometheusSeesNoGapOfASlowDevice(t *testing.T) {
	t.Parallel()
	const interval, timeout = 2 * time.Second, 1900 * time.Millisecond
	for servers := 1; servers <= 2; servers++ {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			t.Parallel()
			devices, e := startFleet(t, simulator.Config{Devices: 1, Interfaces: 3, ReplyDelay: 4500 * time.Millisecond}, "", "--timeout-offset=0.4")
			var all []*monitoring
			for range servers {
				all = append(all, startPrometheus(t, interval, timeout, "groups: []", map[string]*exporter{"slow": e}))
			}
			for _, p := range all {
				waitLong(t, "ten scrapes after the first read", func() bool { return p.valueOf(`sum_over_time(netconf_module_success[5m])`) >= 11 })
			}
			for i, p := range all {
				for _, metric := range []string{"netconf_up", "netconf_module_success"} {
					if gaps := p.valueOf(`resets(` + metric + `[5m])`); gaps != 0 {
						t.Errorf("server %d: %s falls to 0 %v times", i, metric, gaps)
					}
				}
				read := p.valueOf(`sum_over_time(netconf_module_success[5m])`)
				rows := p.valueOf(`count_over_time(netconf_interface_receive_bytes_total{interface="ethernet1/1"}[5m])`)
				if rows < read || rows > read+1 { // a scrape may come between the queries
					t.Errorf("server %d: in %v scrapes the module is complete, and %v have the interface", i, read, rows)
				}
			}
			if devices[0].Logins() != 1 {
				t.Errorf("%d logins, want 1", devices[0].Logins())
			}
		})
	}
}

// valueOf is the only value of a query; -1 if there is none.
func (p *monitoring) valueOf(expr string) float64 {
	p.t.Helper()
	got, err := p.query(expr)
	if err != nil {
		p.t.Fatalf("%s: %v", expr, err)
	}
	if len(got) != 1 {
		return -1
	}
	var value float64
	_, _ = fmt.Sscan(fmt.Sprint(got[0].Value[1]), &value)
	return value
}

// What Prometheus records of healthy devices is the same whether or not a slow and a silent one are in the same answer. An answer
// that comes late is without its samples for the rules that are evaluated meanwhile.
func TestRecordedRatesDoNotSufferFromOtherDevices(t *testing.T) {
	t.Parallel()
	const interval, timeout = 2 * time.Second, 1800 * time.Millisecond
	healthy, err := simulator.Start(simulator.Config{Devices: 38, Interfaces: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { healthy.Close() })
	yaml, err := healthy.ConfigYAML("healthy")
	if err != nil {
		t.Fatal(err)
	}
	late, err := simulator.Start(simulator.Config{Devices: 2, Interfaces: 4, Silent: 1, ReplyDelay: 3 * time.Second, Username: "late", Password: "late"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { late.Close() })
	more := ""
	for i, d := range late.Devices() {
		more += fmt.Sprintf("    - {name: late-%d, address: %q, auth: late}\n", i, d.Address())
	}
	with := strings.Replace(string(yaml), "auths:\n", "auths:\n    late: {username: late, password: late, insecure_ignore_host_key: true}\n", 1)
	with = strings.Replace(with, "targets:\n", "targets:\n"+more, 1)
	p := startPrometheus(t, interval, timeout, `
groups:
  - name: rates
    rules: [{record: "bytes:rate", expr: "rate(netconf_interface_receive_bytes_total{target=~\"sim-.*\"}[10s])"}]
`, map[string]*exporter{"with": startExporter(t, with, "--timeout-offset=0.4"), "without": startExporter(t, string(yaml), "--timeout-offset=0.4")})
	mean := func(job string) float64 {
		return p.valueOf(fmt.Sprintf(`sum(avg_over_time({__name__="bytes:rate", job=%q}[24s]))`, job))
	}
	waitLong(t, "twelve evaluations", func() bool {
		return p.valueOf(`min(count_over_time({__name__="bytes:rate"}[40s]))`) >= 17
	})
	if ratio := mean("with") / mean("without"); ratio < 0.99 || ratio > 1.01 {
		t.Errorf("the recorded rates beside a slow and a silent device are %.4f of those without", ratio)
	} else {
		t.Logf("the recorded rates beside a slow and a silent device are %.4f of those without", ratio)
	}
	if up := p.valueOf(`sum(netconf_up{job="with"})`); up != 39 {
		t.Errorf("%v devices are up, want the 38 healthy ones and the slow one", up)
	}
}
