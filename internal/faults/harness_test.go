package faults

import (
	"bytes"
	"context"
	"crypto/tls"
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
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// budget is the scrape timeout of requests, in seconds. The timeout of the faulty target is shorter.
const budget = 40

// harness is an exporter with three targets, served over HTTP. The one in the middle has the faults; the others are healthy.
type harness struct {
	t        *testing.T
	device   *netconftest.Device
	web      *netconftest.RESTCONF // in the place of device; nil: it speaks NETCONF
	through  way                   // to the device
	proxy    *netconftest.Proxy    // nil: none
	jump     *netconftest.Jump     // nil: none
	caller   *caller               // nil: the device does not call
	folder   string                // passwords, known_hosts and key
	exporter *collector.Exporter
	lab      *netconftest.TLSLab // certificates, of a device that speaks NETCONF over TLS
	server   *httptest.Server
	client   *http.Client
	log      netconftest.Buffer

	behaviour    atomic.Pointer[behaviour] // of the device; nil: it is healthy
	webBehaviour atomic.Pointer[http.HandlerFunc]
	restore      []func() // functions that end the fault
}

// newHarness starts exporter and devices for a fault. stop ends the exporter; the devices end with the test.
func newHarness(t *testing.T, f fault) *harness {
	t.Helper()
	s := &harness{t: t, through: f.through, folder: t.TempDir()}
	// All goroutines that start from here on, of the exporter and of the devices, inherit the label.
	pprof.Do(context.Background(), pprof.Labels("harness", s.folder), func(context.Context) { s.start(f) })
	return s
}

func (s *harness) start(f fault) {
	t := s.t
	s.lab = netconftest.NewTLSLab(t)
	good := [2]*netconftest.Device{netconftest.Start(t, well), netconftest.Start(t, well)}
	address, target := s.startDevice(f.over)
	if f.host != "" {
		address = strings.Replace(address, "127.0.0.1", f.host, 1)
		names.set(f.host, "127.0.0.1")
	}
	leading, more := s.lead(f, address)
	file := s.write("netconf.yml", fmt.Sprintf(`
auths:
  lab: {username: %[1]s, password_file: password, known_hosts_file: known_hosts}
  good: {username: %[1]s, password: %[2]s, insecure_ignore_host_key: true}
  web: {username: %[1]s, password_file: password, tls_config: {insecure_skip_verify: true}}
  cert: {tls_config: {ca_file: %[3]q, cert_file: %[4]q, key_file: %[5]q}}
  jump: {username: %[1]s, password_file: jump_password, known_hosts_file: jump_known_hosts}
defaults: {timeout: 20s}
targets:
  - {name: good-1, address: %[6]q, auth: good}
  - {name: faulty, %[7]s, %[8]s, %[9]s}
  - {name: good-2, address: %[10]q, auth: good}
%[11]s
`, netconftest.User, netconftest.Password, s.lab.File("ca.pem"), s.lab.File("cert.pem"), s.lab.File("key.pem"),
		good[0].Address, target, leading, f.targetSettings(), good[1].Address, more))
	cfg, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(&s.log, nil))
	if s.exporter, err = collector.New(cfg, collector.Options{Logger: logger, MemoryLimit: memoryLimit}); err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(web.New(web.Options{
		Exporter: web.From(s.exporter), Own: web.NewMetrics(), Logger: logger, Reload: func() error { return nil },
	}))
	// One connection stays open, so that the number of descriptors is stable, and scrapes work when none is left.
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	if s.through == callHome {
		s.awaitUp()
	}
}

// startDevice starts the faulty device. It returns its address, and what the configuration says of a device of this kind.
func (s *harness) startDevice(over config.Transport) (address, target string) {
	s.write("password", netconftest.Password)
	s.write("known_hosts", "")
	switch over {
	case config.TransportTLS:
		s.device = netconftest.StartTLS(s.lab, answering(hello, s.now), func(d *netconftest.Device) { d.TLS = s.shows(s.lab.Authority, labcert.Leaf{}) })
		return s.device.Address, "transport: tls, auth: cert"
	case config.TransportRESTCONF:
		s.web = restconfDevice(func() http.HandlerFunc {
			if wrong := s.webBehaviour.Load(); wrong != nil {
				return *wrong
			}
			return nil
		}).Start(s.t, nil)
		return s.web.Address(), "transport: restconf, auth: web"
	}
	s.device = netconftest.Start(s.t, answering(hello, s.now))
	s.trust("known_hosts", s.device.Key)
	return s.device.Address, "auth: lab"
}

// shows is what a device that speaks TLS shows. The leaf is valid, and for the names of the device, unless it says otherwise.
func (s *harness) shows(by *labcert.Authority, leaf labcert.Leaf) *tls.Config {
	leaf.Subject = "router1"
	if leaf.Names == nil {
		leaf.Names = []string{"127.0.0.1", "faulty"}
	}
	return s.lab.Server(by, leaf)
}

// now is the present behaviour of the device.
func (s *harness) now() behaviour {
	if wrong := s.behaviour.Load(); wrong != nil {
		return *wrong
	}
	return nil
}

// stop ends the exporter and checks that no goroutine or connection of it is left.
func (s *harness) stop(t *testing.T) {
	s.client.CloseIdleConnections()
	s.server.Close()
	s.exporter.Close(context.Background())
	if !eventually(func() bool { return s.connections() == 0 }) {
		t.Errorf("%d connections are left open", s.connections())
	}
	ours := func(stacks string) bool {
		return strings.Contains(stacks, "internal/session.") || strings.Contains(stacks, "internal/restconf.") || strings.Contains(stacks, "nemith.io/netconf.") || strings.Contains(stacks, "/collector.")
	}
	if !eventually(func() bool { return !ours(s.stacks()) }) {
		t.Errorf("left running:\n%s", s.stacks())
	}
}

// awaitUp scrapes the faulty target until it is served.
func (s *harness) awaitUp() {
	s.t.Helper()
	var story string
	if !eventually(func() bool {
		var probed map[string]samples
		probed, story = s.scrape(probe("faulty"))
		return probed["faulty"]["netconf_up"] == 1
	}) {
		s.t.Errorf("the target is not served:\n%s", story)
	}
}

// connections is how many the faulty device has.
func (s *harness) connections() int {
	if s.web != nil {
		return s.web.Connections()
	}
	return s.device.Connections()
}

// stacks are the stacks of the harness's goroutines.
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

// trust writes a known_hosts file that has this key for any address.
func (s *harness) trust(file string, key ssh.PublicKey) {
	s.write(file, knownhosts.Line([]string{"*"}, key)+"\n")
}

// change changes the device for new sessions until the fault ends.
func (s *harness) change(f func(*netconftest.Device)) {
	s.device.Change(func(d *netconftest.Device) {
		config, script, tcp, secured := d.Config, d.Script, d.TCP, d.TLS
		s.restore = append(s.restore, func() {
			d.Change(func(d *netconftest.Device) { d.Config, d.Script, d.TCP, d.TLS = config, script, tcp, secured })
			d.Drop() // a session that goes on would follow the other script
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
	if s.through == callHome || s.through == jumpHost { // scrapes cannot bring back the one, and try the other again after two seconds
		s.awaitUp()
	}
}

// samples are the series of an answer, as name,label=value.
type samples map[string]float64

// scrape sends a request as Prometheus does. It returns each target's series without the target label; those of /probe are under
// "faulty". comments are the lines of /probe?debug=true before the metrics.
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

// dials are the attempts to open a session so far, by result.
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

// skipped is the number of skipped values, by reason.
func (s samples) skipped() map[string]float64 {
	found := map[string]float64{}
	for series, value := range s {
		if _, reason, ok := strings.Cut(series, ",reason="); ok && value > 0 && strings.HasPrefix(series, "netconf_module_skipped_values,") {
			found[reason] += value
		}
	}
	return found
}

// interfaces is the number of interfaces with a state.
func (s samples) interfaces() int {
	n := 0
	for series := range s {
		if strings.HasPrefix(series, "netconf_interface_oper_status,") {
			n++
		}
	}
	return n
}

// since returns the differences of counts.
func since(before, after map[string]float64) map[string]float64 {
	added := maps.Clone(after)
	for key, n := range before {
		if added[key] -= n; added[key] == 0 {
			delete(added, key)
		}
	}
	return added
}

// probe is the path of a target's debug page.
func probe(target string) string { return "/probe?debug=true&target=" + url.QueryEscape(target) }

// eventually waits until holds is true; false if that takes too long.
func eventually(holds func() bool) bool {
	for range 6000 {
		if holds() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
