//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// enough is a budget that is much longer than any scrape of these tests.
const enough = 10 * time.Second

func TestOctetsLieBetweenTwoReadingsOfTheKernel(t *testing.T) {
	for _, path := range []string{"/metrics", "/probe?target=targethost"} {
		t.Run(path, func(t *testing.T) {
			d := startDevice(t) // a new one, because netconfd caches values for a short time
			e := startExporter(t, d.config())
			// The exporter may have read the device at its start; max_age is 0, so that this read is not served.
			before := readOctets(t)
			scrape := e.scrape(path, enough)
			after := readOctets(t)
			if len(before) == 0 {
				t.Fatal("this host has no interfaces")
			}
			for name := range before {
				for i, metric := range []string{"netconf_interface_receive_bytes_total", "netconf_interface_transmit_bytes_total"} {
					got := scrape.value(metric, "interface="+name)
					if got < before[name][i] || got > after[name][i] {
						t.Errorf("%s{interface=%q} is %.0f, not between the kernel's %.0f and %.0f",
							metric, name, got, before[name][i], after[name][i])
					}
				}
			}
		})
	}
}

func TestStatusAndSpeedAreTheKernels(t *testing.T) {
	statuses := map[string]float64{"up": 1, "down": 2, "testing": 3, "unknown": 4, "dormant": 5}
	d := startDevice(t)
	scrape := startExporter(t, d.config()).scrape("/probe?target=targethost", enough)
	absurd := 0.0
	for name := range readOctets(t) {
		state := readLine(filepath.Join("/sys/class/net", name, "operstate"))
		if want, ok := statuses[state]; ok { // netconfd has its own spelling of the two others
			scrape.want(want, "netconf_interface_oper_status", "interface="+name)
		}
		scrape.want(1, "netconf_interface_info", "interface="+name)

		// An interface that is down has no readable speed; one of unknown speed has -1, of which netconfd makes
		// 18446744073708551616.
		megabits, err := strconv.ParseFloat(readLine(filepath.Join("/sys/class/net", name, "speed")), 64)
		switch speeds := scrape.values("netconf_interface_speed_bytes", "interface="+name); {
		case err == nil && megabits > 0:
			scrape.want(megabits*1e6/8, "netconf_interface_speed_bytes", "interface="+name)
		case len(speeds) > 0:
			t.Errorf("%s has a speed of %v bytes per second, want none", name, speeds)
		case err == nil && megabits < 0:
			absurd++
		}
	}
	if got := sum(scrape.values("netconf_module_skipped_values")); got != absurd {
		t.Errorf("%v skipped values are counted, want the %v absurd speeds", got, absurd)
	}
}

func TestTheScrapeTellsOfItself(t *testing.T) {
	d := startDevice(t)
	scrape := startExporter(t, d.config()).scrape("/probe?target=targethost", enough)
	scrape.want(1, "netconf_up")
	if reasons := scrape.failures(); len(reasons) > 0 {
		t.Errorf("failures %v of a good scrape", reasons)
	}
	if reasons := len(scrape.values("netconf_scrape_failure")); reasons != len(collector.Reasons()) {
		t.Errorf("netconf_scrape_failure has %d reasons, want %v", reasons, collector.Reasons())
	}
	if phases := len(scrape.values("netconf_scrape_phase_duration_seconds")); phases != len(session.Phases()) {
		t.Errorf("netconf_scrape_phase_duration_seconds has %d phases, want %v", phases, session.Phases())
	}
	scrape.want(1, "netconf_module_success", "module=ietf-interfaces")
	scrape.want(1, "netconf_target_info", "address="+d.address)
	if budget := scrape.value("netconf_scrape_budget_seconds"); budget != 9.5 {
		t.Errorf("the budget is %v s, want the 10 s of the header less the offset of 0.5 s", budget)
	}
	for name := range scrape.families {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			t.Errorf("/probe shows %s, which is the exporter's own", name)
		}
	}
}

// readOctets returns the kernel's counters of received and transmitted octets.
func readOctets(t *testing.T) map[string][2]float64 {
	t.Helper()
	text, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	octets := map[string][2]float64{}
	for line := range strings.Lines(string(text)) {
		name, counters, found := strings.Cut(line, ":")
		fields := strings.Fields(counters)
		if !found || len(fields) < 9 {
			continue
		}
		receive, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			t.Fatal(fmt.Errorf("/proc/net/dev: %w", err))
		}
		transmit, err := strconv.ParseFloat(fields[8], 64)
		if err != nil {
			t.Fatal(fmt.Errorf("/proc/net/dev: %w", err))
		}
		octets[strings.TrimSpace(name)] = [2]float64{receive, transmit}
	}
	return octets
}

func readLine(path string) string {
	text, _ := os.ReadFile(path)
	return strings.TrimSpace(string(text))
}
