//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// simulated is a fleet in another process, so that it is not measured with the reader.
type simulated struct {
	config    string
	addresses []string
}

func startSimulated(t testing.TB, devices, interfaces int, flags ...string) *simulated {
	t.Helper()
	file := filepath.Join(t.TempDir(), "netconf.yml")
	flags = append([]string{"simulate", fmt.Sprint("--devices=", devices), fmt.Sprint("--interfaces=", interfaces), "--write-config=" + file}, flags...)
	p := start(t, exec.Command(binary(t), flags...))
	waitFor(t, "the simulated devices", func() bool { return strings.Contains(p.output.String(), "Ctrl-C ends them") })
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Base(file) + "." // the files of certificates
	s := &simulated{config: strings.ReplaceAll(string(text), beside, filepath.Join(filepath.Dir(file), beside))}
	for line := range strings.Lines(p.output.String()) {
		if words := strings.Fields(line); len(words) == 2 && strings.HasPrefix(words[0], "sim-") {
			s.addresses = append(s.addresses, words[1])
		}
	}
	if len(s.addresses) != devices {
		t.Fatalf("%d simulated devices, want %d", len(s.addresses), devices)
	}
	return s
}

// BenchmarkProbe measures a probe of one device, and reading the same replies without decoding them.
func BenchmarkProbe(b *testing.B) {
	for _, interfaces := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint("interfaces=", interfaces), func(b *testing.B) {
			fleet := startSimulated(b, 1, interfaces)
			e := startExporter(b, fleet.config)
			s := e.scraper("/probe?target=sim-0001")
			w, operations := dialWire(b, fleet.addresses[0]), interfaceOperations(b)
			measureMemory(b, subject{name: "", pid: e.cmd.Process.Pid, once: s.scrape}, subject{name: "wire", pid: os.Getpid(), once: func() { w.read(operations) }})
			s.report(b)
		})
	}
}

// BenchmarkFleet measures 1,000 devices of 48 interfaces in one answer, and reading the same replies without decoding them.
func BenchmarkFleet(b *testing.B) {
	const devices, interfaces = 1000, 48
	fleet := startSimulated(b, devices, interfaces)
	e := startExporter(b, fleet.config)
	s := e.scraper("/metrics")
	operations := interfaceOperations(b)
	var sessions []*wire
	for _, address := range fleet.addresses {
		sessions = append(sessions, dialWire(b, address))
	}
	measureMemory(b, subject{name: "", pid: e.cmd.Process.Pid, once: s.scrape}, subject{name: "wire", pid: os.Getpid(), once: func() {
		var wg sync.WaitGroup
		for _, s := range sessions {
			wg.Go(func() { s.read(operations) })
		}
		wg.Wait()
	}})
	samples, octets := s.size()
	b.ReportMetric(float64(samples), sizeUnit)
	b.ReportMetric(memory(b, e.cmd.Process.Pid, "VmHWM:")/float64(samples), "peak-B/sample")
	b.ReportMetric(float64(octets)/float64(samples), "text-B/sample")
}
