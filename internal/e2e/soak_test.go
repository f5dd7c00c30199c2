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
)

const (
	soakTimeout = 5 * time.Second // of one read of a device
	soakBudget  = "1"             // scrape timeout of a scraper that scrapes every second, in seconds
)

// TestSoak runs the exporter for the time in NETCONF_SOAK on 500 devices of all faces: SSH, TLS, RESTCONF and Call Home. A fifth of each is slower
// than any scrape, the others have random faults; 50 more take as much memory as they can, and devices that nobody knows call all the time. Two
// scrapers scrape every second, and the configuration is reloaded every few seconds. All that time the exporter must stay below 512 MiB, with
// 256 MiB for devices. Slow devices must be in every scrape after their first read. At the end all devices must be served again, and the
// exporter must use no more resources than before. `make soak` runs it.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("NETCONF_SOAK"))
	if err != nil {
		t.Skip("set NETCONF_SOAK, to 5m say, or use make soak SECONDS=300")
	}
	const all, largest = 500, 512 // MiB
	callSSH, callTLS := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0)), fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	hostile := newHostile(t, callSSH)
	hostile.configure(false)
	fleet := startSoakFleet(t, all, callSSH, callTLS)
	defaults := map[string]any{"timeout": soakTimeout.String(), "max_age": "400ms"}
	whole, smaller := fleet.config(defaults, true), fleet.config(defaults, false)
	e := startExporter(t, whole, "--timeout-offset=0.1", "--log.level=error", "--collector.memory-limit=256MiB", "--config.file="+hostile.file)
	s := &soak{t: t, exporter: e, configs: []string{whole, smaller, whole + "oops: 1\n"}, failed: tally{}, gapsBy: tally{}}
	slow, others := fleet.slowDown()
	s.slow, s.faults = slow, newFaultInjector(others)
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
	running.Go(func() { each(stop, 3*time.Second, s.reload) })
	running.Go(func() { each(stop, 700*time.Millisecond, s.browse) })
	running.Go(func() { each(stop, 100*time.Millisecond, s.faults.act) })
	running.Go(func() { each(stop, 100*time.Millisecond, hostile.callUnknown) })
	<-end
	close(stop)
	running.Wait()

	if s.gaps.Load() > 0 {
		t.Errorf("%d gaps of slow devices in %d scrapes of them: %v", s.gaps.Load(), s.slowSeen.Load(), s.gapsBy)
	}
	s.faults.end()
	hostile.configure(false)
	e.configure(whole)
	if status, body := e.reload(); status != http.StatusOK {
		t.Errorf("the last reload: %d %s", status, body)
	}
	hostile.calling.Wait()
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
	if s.hostile.Load() == 0 || hostile.reads.Load() == 0 || hostile.calls.Load() == 0 {
		t.Error("the hostile devices were not read, or did no harm")
	}
	t.Logf("hostile devices: %d rpcs answered, %d scrapes failed, %d calls of devices that are no targets", hostile.reads.Load(), s.hostile.Load(), hostile.calls.Load())
	if s.unexpected.Load() > 0 {
		t.Errorf("%d errors of devices that were well", s.unexpected.Load())
	}
}

// soak counts the results of scrapes.
type soak struct {
	t        *testing.T
	exporter *exporter
	configs  []string // that reloads load in turn: all targets, fewer, and a broken one
	faults   *faultInjector

	scrapes, reloads, pages    atomic.Int64
	expected, late, unexpected atomic.Int64 // failures of targets; late: of a healthy one, because time ran out, or because it has not called since
	hostile                    atomic.Int64 // failures of hostile ones
	slow                       map[string]bool
	slowSeen, gaps             atomic.Int64 // scrapes of slow devices, and those that were down or without interfaces

	mu     sync.Mutex
	peak   usage
	odd    []string // the first unexpected ones
	failed tally    // of healthy ones
	gapsBy tally
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
		default:
			s.note(began, target, reason)
		}
	}
	now := usageIn(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = usage{max(s.peak.resident, now.resident), max(s.peak.heap, now.heap), max(s.peak.goroutines, now.goroutines), max(s.peak.descriptors, now.descriptors)}
}

// note counts the failure of a device that was well.
func (s *soak) note(at time.Time, target, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed.add(target, reason)
	if reason == "timeout" || reason == "queue" {
		s.late.Add(1)
		return
	}
	s.unexpected.Add(1)
	if len(s.odd) < 10 {
		s.odd = append(s.odd, fmt.Sprintf("%s %s %s", at.Format(time.TimeOnly), target, reason))
	}
}

// countGaps counts the slow devices that are up, and those that are not or have no interfaces.
func (s *soak) countGaps(body string) {
	up, rows, reasons := map[string]bool{}, map[string]bool{}, map[string]string{}
	for line := range strings.Lines(body) {
		switch {
		case strings.HasPrefix(line, "netconf_up{") && strings.HasSuffix(line, "} 1\n"):
			up[strings.Split(line, `"`)[1]] = true
		case strings.HasPrefix(line, "netconf_interface_oper_status{"):
			rows[strings.Split(line, `"`)[3]] = true
		default:
			if target, reason, failed := failure(line); failed {
				reasons[target] = reason
			}
		}
	}
	for name := range s.slow {
		s.slowSeen.Add(1)
		if !up[name] || !rows[name] {
			s.gaps.Add(1)
			s.mu.Lock()
			s.gapsBy.add(name, reasons[name])
			s.mu.Unlock()
		}
	}
}

// reload loads the next configuration.
func (s *soak) reload() {
	n, want := int(s.reloads.Add(1)), http.StatusOK
	if n%len(s.configs) == len(s.configs)-1 {
		want = http.StatusInternalServerError
	}
	s.exporter.configure(s.configs[n%len(s.configs)])
	if status, body := s.exporter.reload(); status != want {
		s.t.Errorf("reload %d: %d, want %d: %.200s", n, status, want, body)
	}
}

// browse opens the pages for people.
func (s *soak) browse() {
	paths := []string{"/", "/config", "/sd", "/probe?target=ssh-0001&debug=true", "/probe?target=tls-0002", "/probe?target=restconf-0002", "/probe?target=call-0002", "/probe?target=calltls-0002", "/probe?target=nobody"}
	if status, body := s.exporter.get(paths[int(s.pages.Add(1))%len(paths)], "X-Prometheus-Scrape-Timeout-Seconds", soakBudget); status >= 500 {
		s.t.Errorf("%d %.200s", status, body)
	}
}

// waitUntilUp waits until wanted targets are up, and nothing fails.
func (s *soak) waitUntilUp(when string, wanted int) {
	s.t.Helper()
	var failing []string
	defer func() {
		if len(failing) > 0 {
			s.t.Logf("%s %d fail: %q", when, len(failing), failing[:min(20, len(failing))])
		}
	}()
	waitFor(s.t, when+", for every device that is well to be served", func() bool {
		_, body := s.exporter.get("/metrics", "X-Prometheus-Scrape-Timeout-Seconds", "10")
		up := 0
		failing = nil
		for line := range strings.Lines(body) {
			if target, reason, failed := failure(line); failed {
				failing = append(failing, target+" "+reason)
			}
			if strings.HasPrefix(line, "netconf_up{") && strings.HasSuffix(line, "} 1\n") {
				up++
			}
		}
		return up >= wanted && len(failing) == 0
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
	s.t.Logf("failures of targets: %d expected, %d late, %d unexpected %q; of healthy ones %v", s.expected.Load(), s.late.Load(), s.unexpected.Load(), s.odd, s.failed)
	s.t.Logf("devices slower than a scrape: %d in %d scrapes each, %d gaps %v", len(s.slow), s.slowSeen.Load()/int64(len(s.slow)), s.gaps.Load(), s.gapsBy)
	for i, u := range []usage{before, s.peak, after} {
		s.t.Logf("%-7s %4.0f MiB resident, %4.0f MiB heap, %5.0f goroutines, %4.0f descriptors",
			[]string{"before", "at most", "after"}[i], u.resident, u.heap, u.goroutines, u.descriptors)
	}
	s.t.Logf("sessions opened per device: median %d, at most %d, %.1f on average, with %.1f faults and reloads that remove it",
		logins[len(logins)/2], logins[len(logins)-1], float64(total)/float64(len(logins)), float64(s.faults.count())/float64(len(logins)))
}
