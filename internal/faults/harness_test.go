package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// budget is the scrape timeout that requests name, in seconds; the faulty target's own timeout is shorter.
const budget = 40

// harness is an exporter, served over HTTP, with three targets: one that the faults befall, between two that are well.
type harness struct {
	t        *testing.T
	device   *netconftest.Device
	folder   string // password, known_hosts and key
	exporter *collector.Exporter
	server   *httptest.Server
	client   *http.Client
	log      netconftest.Buffer

	fate    atomic.Pointer[fate] // of the device; nil: it is well
	restore []func()             // what ends the fault
}

// newHarness starts everything; it ends with stop, and the devices with the test. host, where given, is the name that stands for the faulty device's address; settings are the
// faulty target's own.
func newHarness(t *testing.T, host, settings string) *harness {
	t.Helper()
	s := &harness{t: t, folder: t.TempDir()}
	// The label is inherited by all goroutines that start from here on, the exporter's and the devices'.
	pprof.Do(context.Background(), pprof.Labels("harness", s.folder), func(context.Context) { s.start(host, settings) })
	return s
}

func (s *harness) start(host, settings string) {
	t := s.t
	s.device = netconftest.Start(t, answering(hello, s.now))
	good := [2]*netconftest.Device{netconftest.Start(t, well), netconftest.Start(t, well)}
	address := s.device.Address
	if host != "" {
		address = strings.Replace(address, "127.0.0.1", host, 1)
		names.set(host, "127.0.0.1")
	}
	s.write("password", netconftest.Password)
	s.trust(s.device.Key)
	file := s.write("netconf.yml", fmt.Sprintf(`
auths:
  lab: {username: %[1]s, password_file: password, known_hosts_file: known_hosts}
  good: {username: %[1]s, password: %[2]s, insecure_ignore_host_key: true}
defaults: {timeout: 20s}
targets:
  - {name: good-1, address: "%[3]s", auth: good}
  - {name: faulty, address: "%[4]s", auth: lab, %[5]s}
  - {name: good-2, address: "%[6]s", auth: good}
`, netconftest.User, netconftest.Password, good[0].Address, address, settings, good[1].Address))
	cfg, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(&s.log, nil))
	if s.exporter, err = collector.New(cfg, collector.Options{Logger: logger}); err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(web.New(web.Options{
		Exporter: web.From(s.exporter), Own: web.NewMetrics(), Logger: logger, Reload: func() error { return nil },
	}))
	// One connection stays open, so that descriptors can be counted, and scrapes go on when there are none.
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
}

// now is the device's fate.
func (s *harness) now() fate {
	if wrong := s.fate.Load(); wrong != nil {
		return *wrong
	}
	return nil
}

// stop ends the exporter, of which nothing may stay.
func (s *harness) stop(t *testing.T) {
	s.client.CloseIdleConnections()
	s.server.Close()
	s.exporter.Close(context.Background())
	if !eventually(func() bool { return s.device.Connections() == 0 }) {
		t.Errorf("%d connections are left open", s.device.Connections())
	}
	ours := func(stacks string) bool {
		return strings.Contains(stacks, "internal/session.") || strings.Contains(stacks, "nemith.io/netconf.") || strings.Contains(stacks, "/collector.")
	}
	if !eventually(func() bool { return !ours(s.stacks()) }) {
		t.Errorf("left running:\n%s", s.stacks())
	}
}

// stacks are those of the harness's goroutines.
func (s *harness) stacks() string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	var own []string
	for _, stack := range strings.Split(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q:%q", "harness", s.folder)) {
			own = append(own, stack)
		}
	}
	return strings.Join(own, "\n\n")
}

// running counts them.
func (s *harness) running() int {
	total := 0
	for _, stack := range strings.Split(s.stacks(), "\n\n") {
		n := 0
		_, _ = fmt.Sscanf(stack, "%d @", &n)
		total += n
	}
	return total
}

// write writes one of the exporter's files and returns its path.
func (s *harness) write(name, text string) string {
	file := filepath.Join(s.folder, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// trust makes a key the one that the exporter expects of any device.
func (s *harness) trust(key ssh.PublicKey) {
	s.write("known_hosts", knownhosts.Line([]string{"*"}, key)+"\n")
}

// change makes the device behave differently, in new sessions only, until the fault ends.
func (s *harness) change(f func(*netconftest.Device)) {
	s.device.Change(func(d *netconftest.Device) {
		config, script, tcp := d.Config, d.Script, d.TCP
		s.restore = append(s.restore, func() {
			d.Change(func(d *netconftest.Device) { d.Config, d.Script, d.TCP = config, script, tcp })
		})
		f(d)
	})
	s.device.Drop()
}

// end ends the fault.
func (s *harness) end() {
	for _, f := range s.restore {
		f()
	}
	s.restore = nil
}

// samples are an answer's series, as name{label="value"}.
type samples map[string]float64

// scrape asks as Prometheus does and gives each target's series without the target label; those of /probe are under
// "faulty". comments are the lines of /probe?debug=true ahead of the metrics.
func (s *harness) scrape(path string) (byTarget map[string]samples, comments string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.server.URL+path, nil)
	if err != nil {
		s.t.Error(err)
		return nil, ""
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(budget))
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Error(err)
		return nil, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Errorf("%s: status %d, error %v, %.500s", path, response.StatusCode, err, body)
	}
	text := string(body)
	if at := strings.Index(text, "# HELP"); at > 0 {
		comments, text = text[:at], text[at:]
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		s.t.Errorf("%s: %v", path, err)
	}
	byTarget = map[string]samples{}
	for name, family := range families {
		for _, m := range family.Metric {
			target, series := "faulty", name
			for _, l := range m.Label {
				if l.GetName() == "target" {
					target = l.GetValue()
				} else {
					series += fmt.Sprintf(",%s=%s", l.GetName(), l.GetValue())
				}
			}
			if byTarget[target] == nil {
				byTarget[target] = samples{}
			}
			byTarget[target][series] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return byTarget, comments
}

// dials are the attempts to open a session so far, by outcome.
func (s samples) dials() map[string]float64 {
	found := map[string]float64{}
	for series, value := range s {
		if result, ok := strings.CutPrefix(series, "netconf_session_dials_total,result="); ok && value > 0 {
			found[result] = value
		}
	}
	return found
}

// reasons are those of the scrape's failure.
func (s samples) reasons() string {
	var found []string
	for series, value := range s {
		if reason, ok := strings.CutPrefix(series, "netconf_scrape_failure,reason="); ok && value == 1 {
			found = append(found, reason)
		}
	}
	return strings.Join(found, " ")
}

// skipped are the values that were left out, by reason.
func (s samples) skipped() map[string]float64 {
	found := map[string]float64{}
	for series, value := range s {
		if _, reason, ok := strings.Cut(series, ",reason="); ok && value > 0 && strings.HasPrefix(series, "netconf_module_skipped_values,") {
			found[reason] += value
		}
	}
	return found
}

// interfaces counts those whose state is there.
func (s samples) interfaces() int {
	n := 0
	for series := range s {
		if strings.HasPrefix(series, "netconf_interface_oper_status,") {
			n++
		}
	}
	return n
}

// since gives what was added to counts.
func since(before, after map[string]float64) map[string]float64 {
	added := maps.Clone(after)
	for key, n := range before {
		if added[key] -= n; added[key] == 0 {
			delete(added, key)
		}
	}
	return added
}

// probe is the path that tells people of one target.
func probe(target string) string { return "/probe?debug=true&target=" + url.QueryEscape(target) }

// eventually waits for something that happens in the background.
func eventually(holds func() bool) bool {
	for range 1000 {
		if holds() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
