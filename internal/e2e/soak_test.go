//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const (
	soakTimeout = 5 * time.Second // of one read of a device
	soakBudget  = "1"             // scrape timeout of a scraper that scrapes every second, in seconds
)

// TestSoak runs the exporter for the time in NETCONF_SOAK on 500 devices. A fifth is slower than any scrape, the others have random
// faults; 50 more take as much memory as they can. Two scrapers scrape every second, and the configuration is reloaded every few
// seconds. All that time the exporter must stay below 512 MiB, with 256 MiB for devices. Slow devices must be in every scrape
// after their first read. At the end all devices must be served again, and the exporter must use no more resources than before.
// `make soak` runs it.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("NETCONF_SOAK"))
	if err != nil {
		t.Skip("set NETCONF_SOAK, to 5m say, or use make soak SECONDS=300")
	}
	const all, largest = 500, 512 // MiB
	hostile := newHostile(t)
	hostile.configure(false)
	devices, e := startFleet(t, simulator.Config{Devices: all, Interfaces: 4}, fmt.Sprintf("timeout: %s, max_age: 400ms", soakTimeout),
		"--timeout-offset=0.1", "--log.level=error", "--collector.memory-limit=256MiB", "--config.file="+hostile.file)
	file, err := os.ReadFile(e.file)
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{t: t, exporter: e, slow: map[string]bool{}}
	var others []*simulator.Device
	for i, d := range devices {
		if i%5 == 0 && i < 450 || i >= 440 && i < 450 { // reloads take the others out
			s.slow[d.Name] = true
			d.SetReplyDelay(1500 * time.Millisecond)
		} else {
			others = append(others, d)
		}
	}
	s.faults = newFaultInjector(others)
	s.waitUntilUp("at the start", all)
	before := s.usage()
	hostile.start(all / 10)
	hostile.configure(true)

	end := time.After(length)
	stop := make(chan struct{})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { each(stop, time.Second, s.scrape) })
	}
	running.Go(func() { each(stop, 3*time.Second, func() { s.reload(string(file)) }) })
	running.Go(func() { each(stop, 700*time.Millisecond, s.browse) })
	running.Go(func() { each(stop, 100*time.Millisecond, s.faults.act) })
	<-end
	close(stop)
	running.Wait()

	if s.gaps.Load() > 0 {
		t.Errorf("%d gaps of slow devices in %d scrapes of them", s.gaps.Load(), s.slowSeen.Load())
	}
	s.faults.end()
	hostile.configure(false)
	e.configure(string(file))
	if status, body := e.reload(); status != http.StatusOK {
		t.Errorf("the last reload: %d %s", status, body)
	}
	time.Sleep(soakTimeout) // until reads that hang have timed out
	s.waitUntilUp("at the end", all)
	after := s.usage()
	s.report(length, before, after)
	if after.goroutines > before.goroutines+20 || after.descriptors > before.descriptors+10 || after.heap > before.heap*1.25+8 {
		t.Errorf("the exporter grew: %+v, before %+v", after, before)
	}
	if most := s.exporter.mostResident(); most >= largest {
		t.Errorf("the exporter took %.0f MiB, want less than %d", most, largest)
	}
	if s.hostile.Load() == 0 || hostile.reads.Load() == 0 {
		t.Error("the hostile devices were not read, or did no harm")
	}
	t.Logf("hostile devices: %d rpcs answered, %d scrapes failed", hostile.reads.Load(), s.hostile.Load())
	if s.unexpected.Load() > 0 {
		t.Errorf("%d errors of devices that were well", s.unexpected.Load())
	}
}

// soak counts the results of scrapes.
type soak struct {
	t        *testing.T
	exporter *exporter
	faults   *faultInjector

	scrapes, reloads, pages    atomic.Int64
	expected, late, unexpected atomic.Int64 // failures of targets; late: of a healthy one, because time ran out
	hostile                    atomic.Int64 // failures of hostile ones
	slow                       map[string]bool
	slowSeen, gaps             atomic.Int64 // scrapes of slow devices, and those that were down or without interfaces

	mu   sync.Mutex
	peak usage
	odd  []string // the first unexpected ones
}

// usage has the exporter's resources; sizes are in MiB.
type usage struct {
	resident, heap          float64
	goroutines, descriptors float64
}

// each calls a function at intervals until stop is closed.
func each(stop <-chan struct{}, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			do()
		}
	}
}

// scrape sends a request as Prometheus does. It compares each target's state with the faults of its device.
func (s *soak) scrape() {
	began := time.Now()
	status, body := s.exporter.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", soakBudget)
	if status != http.StatusOK {
		s.t.Errorf("/metrics: %d %.200s", status, body)
		return
	}
	s.scrapes.Add(1)
	s.countGaps(body)
	for line := range strings.Lines(body) {
		target, reason, failed := failure(line)
		switch {
		case !failed || s.slow[target]:
		case strings.HasPrefix(target, hostilePrefix):
			s.hostile.Add(1)
		case s.faults.since(target, began.Add(-2*soakTimeout)):
			s.expected.Add(1)
		case reason == "timeout" || reason == "queue":
			s.late.Add(1)
		default:
			s.unexpected.Add(1)
			s.mu.Lock()
			if len(s.odd) < 10 {
				s.odd = append(s.odd, fmt.Sprintf("%s %s %s", began.Format(time.TimeOnly), target, reason))
			}
			s.mu.Unlock()
		}
	}
	now := usageIn(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = usage{max(s.peak.resident, now.resident), max(s.peak.heap, now.heap), max(s.peak.goroutines, now.goroutines), max(s.peak.descriptors, now.descriptors)}
}

// countGaps counts the slow devices that are up, and those that are not or have no interfaces.
func (s *soak) countGaps(body string) {
	rows := map[string]bool{}
	up := map[string]bool{}
	for line := range strings.Lines(body) {
		switch {
		case strings.HasPrefix(line, "netconf_up{") && strings.HasSuffix(line, "} 1\n"):
			up[strings.Split(line, `"`)[1]] = true
		case strings.HasPrefix(line, "netconf_interface_oper_status{"):
			rows[strings.Split(line, `"`)[3]] = true
		}
	}
	for name := range s.slow {
		s.slowSeen.Add(1)
		if !up[name] || !rows[name] {
			s.gaps.Add(1)
		}
	}
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

// usage returns the exporter's resources after a garbage collection.
func (s *soak) usage() usage {
	s.exporter.get("/debug/pprof/heap?gc=1")
	_, body := s.exporter.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", soakBudget)
	return usageIn(body)
}

// reload alternates between the configuration, another one without the last targets, and one that is broken.
func (s *soak) reload(file string) {
	n, want := s.reloads.Add(1), http.StatusOK
	switch n % 3 {
	case 1:
		file = file[:strings.Index(file, "    - name: sim-0451")] + file[strings.LastIndex(file, "defaults:"):]
	case 2:
		file, want = file+"oops: 1\n", http.StatusInternalServerError
	}
	s.exporter.configure(file)
	if status, body := s.exporter.reload(); status != want {
		s.t.Errorf("reload %d: %d, want %d: %.200s", n, status, want, body)
	}
}

// browse opens the pages for people.
func (s *soak) browse() {
	paths := []string{"/", "/config", "/sd", "/probe?target=sim-0001&debug=true", "/probe?target=sim-0002", "/probe?target=nobody"}
	if status, body := s.exporter.get(paths[int(s.pages.Add(1))%len(paths)], "X-Prometheus-Scrape-Timeout-Seconds", soakBudget); status >= 500 {
		s.t.Errorf("%d %.200s", status, body)
	}
}

// waitUntilUp waits until wanted targets are up, and nothing fails.
func (s *soak) waitUntilUp(when string, wanted int) {
	s.t.Helper()
	waitFor(s.t, when+", for every device that is well to be served", func() bool {
		_, body := s.exporter.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "10")
		up := 0
		for line := range strings.Lines(body) {
			if _, _, failed := failure(line); failed {
				return false
			}
			if strings.HasPrefix(line, "netconf_up{target=\"sim-") && strings.HasSuffix(line, "} 1\n") {
				up++
			}
		}
		return up >= wanted
	})
}

func (s *soak) report(length time.Duration, before, after usage) {
	var logins []int
	total := 0
	for _, d := range s.faults.devices {
		logins = append(logins, d.Logins())
		total += d.Logins()
	}
	slices.Sort(logins)
	s.t.Logf("%v: %d scrapes of %d targets, %d reloads, %d other requests, %d faults", length, s.scrapes.Load(), len(logins), s.reloads.Load(), s.pages.Load(), s.faults.count())
	s.t.Logf("failures of targets: %d expected, %d late, %d unexpected %q", s.expected.Load(), s.late.Load(), s.unexpected.Load(), s.odd)
	s.t.Logf("devices slower than a scrape: %d in %d scrapes each, %d gaps", len(s.slow), s.slowSeen.Load()/int64(len(s.slow)), s.gaps.Load())
	for i, u := range []usage{before, s.peak, after} {
		s.t.Logf("%-7s %4.0f MiB resident, %4.0f MiB heap, %5.0f goroutines, %4.0f descriptors",
			[]string{"before", "at most", "after"}[i], u.resident, u.heap, u.goroutines, u.descriptors)
	}
	s.t.Logf("sessions opened per device: median %d, at most %d, %.1f on average, with %.1f faults and reloads that remove it",
		logins[len(logins)/2], logins[len(logins)-1], float64(total)/float64(len(logins)), float64(s.faults.count())/float64(len(logins)))
}
