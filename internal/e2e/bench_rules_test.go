//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Everything about time is a fifth of what the files say, so that the windows of rates have as many samples and are full in a minute.
const (
	ruleHaste  = 5
	ruleScrape = 15 * time.Second / ruleHaste
	ruleSlow   = time.Minute / ruleHaste // between evaluations of the slow groups
)

// BenchmarkRules is what all rules and alerts for 300 devices of 48 interfaces take of each interval, by a real Prometheus, as it measures
// itself. Beside it stands one scrape of the same devices, from the request to the last sample that is stored.
func BenchmarkRules(b *testing.B) {
	const devices, interfaces = 300, 48
	need(b, "prometheus")
	fleet := startSimulated(b, devices, interfaces)
	e := startExporter(b, fleet.config)
	p := &monitoring{t: b, prometheus: fmt.Sprintf("127.0.0.1:%d", freePort(b, 0))}
	prometheus := p.startFast(b, strings.TrimPrefix(e.url, "http://"))
	idle := memory(b, prometheus.cmd.Process.Pid, "VmRSS:")
	waitLong(b, "Prometheus to have scraped", func() bool { return p.count("netconf_up == 1") == devices })
	time.Sleep(5*time.Minute/ruleHaste + ruleSlow) // the windows are full
	var evaluations, scrapes []float64
	for b.Loop() {
		time.Sleep(ruleSlow)
		evaluations = append(evaluations, p.ruleSeconds())
		scrapes = append(scrapes, p.number(`scrape_duration_seconds{job="netconf"}`))
	}
	if median(scrapes) >= ruleScrape.Seconds() {
		b.Skip("the machine had too much other work: a scrape took longer than the time between two")
	}
	b.ReportMetric(median(evaluations)*1e9, "evaluation-ns")
	b.ReportMetric(median(scrapes)*1e9, "scrape-ns")
	b.ReportMetric(p.number(`count({job="netconf", target="sim-0007", __name__=~".+:.+"})`), "recorded-series")
	b.ReportMetric(p.number(`count({job="netconf", target="sim-0007", __name__!~".+:.+|ALERTS.*"})`), "device-series")
	series := p.number(`count({job="netconf"})`)
	b.ReportMetric((memory(b, prometheus.cmd.Process.Pid, "VmRSS:")-idle)/series, "head-B/series")
}

// startFast starts Prometheus with the repository's rules, everything about time a fifth of what it is.
func (p *monitoring) startFast(b *testing.B, exporter string) *process {
	b.Helper()
	duration := regexp.MustCompile(`(\[|offset |for: |interval: )(\d+)([smhd])\b`)
	dir := b.TempDir()
	for _, name := range []string{"prometheus.yml", "examples/rules/recording.yml", "examples/rules/alerts.yml"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			b.Fatal(err)
		}
		fast := duration.ReplaceAllStringFunc(string(text), func(found string) string {
			part := duration.FindStringSubmatch(found)
			n, _ := strconv.Atoi(part[2])
			unit := map[string]int{"s": 1, "m": 60, "h": 3600, "d": 86400}[part[3]]
			return fmt.Sprintf("%s%ds", part[1], max(1, n*unit/ruleHaste))
		})
		fast = strings.NewReplacer("scrape_timeout: 14s", "scrape_timeout: "+ruleScrape.String(), "netconf-exporter:10830", exporter).Replace(fast)
		p.write(filepath.Join(dir, name), fast)
	}
	prometheus := start(b, exec.Command("prometheus", "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+p.prometheus))
	waitFor(b, "Prometheus to be ready", func() bool {
		if !prometheus.running() {
			b.Fatalf("Prometheus ended: %s", prometheus.output.String())
		}
		return ready(p.prometheus)
	})
	return prometheus
}

// ruleSeconds is how long the rules took of each of the shortest intervals: the last evaluation of each group, by
// prometheus_rule_group_last_duration_seconds, or the share of it that falls to such an interval where the group's own is longer.
func (p *monitoring) ruleSeconds() (total float64) {
	p.t.Helper()
	response, err := http.Get("http://" + p.prometheus + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	seconds := map[string]map[string]float64{"last_duration": {}, "interval": {}} // by group
	for _, match := range regexp.MustCompile(`(?m)^prometheus_rule_group_(last_duration|interval)_seconds\{(.*)\} (.+)$`).FindAllStringSubmatch(string(text), -1) {
		if seconds[match[1]][match[2]], err = strconv.ParseFloat(match[3], 64); err != nil {
			p.t.Fatal(err)
		}
	}
	for group, duration := range seconds["last_duration"] {
		total += duration * ruleScrape.Seconds() / seconds["interval"][group]
	}
	if total == 0 {
		p.t.Fatal("Prometheus evaluates no rules")
	}
	return total
}

// number is the one value of an expression.
func (p *monitoring) number(expr string) float64 {
	p.t.Helper()
	got, err := p.query(expr)
	if err != nil || len(got) != 1 {
		p.t.Fatalf("%s: %d series, %v", expr, len(got), err)
	}
	value, err := strconv.ParseFloat(fmt.Sprint(got[0].Value[1]), 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}
