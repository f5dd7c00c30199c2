//go:build linux

package e2e

import (
	"fmt"
	"os"
	"strings"
)

// usage has the exporter's resources; sizes are in MiB.
type usage struct {
	resident, heap          float64
	goroutines, descriptors float64
}

// usage returns the exporter's resources after a garbage collection.
func (s *soak) usage() usage {
	s.exporter.get("/debug/pprof/heap?gc=1")
	_, body := s.exporter.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", soakBudget)
	return usageIn(body)
}

// failure reads a line such as `netconf_scrape_failure{reason="dns",target="x"} 1`. Parsing all lines at this rate would cost
// more than the exporter does.
func failure(line string) (target, reason string, failed bool) {
	labels, found := strings.CutPrefix(line, "netconf_scrape_failure{")
	if !found || !strings.HasSuffix(line, "} 1\n") {
		return "", "", false
	}
	parts := strings.Split(labels, `"`)
	return parts[3], parts[1], true
}

func usageIn(body string) (u usage) {
	const mib = 1 << 20
	for line := range strings.Lines(body) {
		for name, field := range map[string]*float64{"process_resident_memory_bytes ": &u.resident, "go_memstats_heap_alloc_bytes ": &u.heap,
			"go_goroutines ": &u.goroutines, "process_open_fds ": &u.descriptors} {
			if text, found := strings.CutPrefix(line, name); found {
				fmt.Sscan(text, field)
			}
		}
	}
	u.resident, u.heap = u.resident/mib, u.heap/mib
	return u
}

// mostResident is how much memory the exporter took at most, in MiB.
func (e *exporter) mostResident() (mib float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	if err != nil {
		e.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Sscan(after, &mib)
	return mib / 1024
}

// tally counts failures by face and reason.
type tally map[string]int

func (t tally) add(target, reason string) {
	face, _, _ := strings.Cut(target, "-")
	t[face+" "+reason]++
}
