//go:build linux

package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkTransports measures a probe of the same device over each transport, in turn.
func BenchmarkTransports(b *testing.B) {
	exporters := startTransports(b, 1, 1000, map[string]string{
		"ssh": "--transport=ssh", "tls": "--transport=tls", "restconf": "--transport=restconf", "whole": "--transport=restconf --no-fields",
	})
	measureTransports(b, exporters, "/probe?target=sim-0001", 0)
}

// BenchmarkTransportsOfMany measures 1,000 devices of 48 interfaces in one answer, and what each takes of memory between scrapes.
func BenchmarkTransportsOfMany(b *testing.B) {
	const devices, interfaces = 1000, 48
	exporters := startTransports(b, devices, interfaces, map[string]string{
		"ssh": "--transport=ssh", "tls": "--transport=tls", "restconf": "--transport=restconf",
	})
	before := map[string]float64{}
	for name, e := range exporters {
		before[name] = e.memoryInUse()
	}
	// Over RESTCONF, a read that begins more than 5 s after the last one asks first whether the login is still accepted, as at a usual scrape interval.
	measureTransports(b, exporters, "/metrics", 2*time.Second)
	for name, e := range exporters {
		b.ReportMetric((e.memoryInUse()-before[name])/devices, name+"-kept-B")
	}
}

// startTransports starts simulated devices for each transport, and an exporter for each of them.
func startTransports(b *testing.B, devices, interfaces int, flags map[string]string) map[string]*exporter {
	b.Helper()
	exporters := map[string]*exporter{}
	for name, flags := range flags {
		exporters[name] = startExporter(b, startSimulated(b, devices, interfaces, strings.Fields(flags)...).config)
	}
	return exporters
}

func measureTransports(b *testing.B, exporters map[string]*exporter, path string, pause time.Duration) {
	b.Helper()
	var subjects []subject
	for name, e := range exporters {
		subjects = append(subjects, subject{name, e.cmd.Process.Pid, e.scraper(path).scrape, pause})
	}
	measure(b, subjects...)
}

// memoryInUse is what the heap and the stacks take after garbage was collected.
func (e *exporter) memoryInUse() (octets float64) {
	e.t.Helper()
	_, profile := e.get("/debug/pprof/heap?gc=1&debug=1")
	for _, match := range regexp.MustCompile(`(?m)^# (?:HeapAlloc =|Stack =) (\d+)`).FindAllStringSubmatch(profile, -1) {
		n, _ := strconv.ParseFloat(match[1], 64)
		octets += n
	}
	if octets == 0 {
		e.t.Fatalf("no heap profile: %.200s", profile)
	}
	return octets
}
