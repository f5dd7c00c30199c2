package corpus_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// harness is a configuration of devices that replay recordings, and the exporter that reads them.
type harness struct {
	yaml   strings.Builder
	server *httptest.Server
}

func newHarness() *harness {
	s := &harness{}
	fmt.Fprintf(&s.yaml, "auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true}}\ntargets:\n", netconftest.User, netconftest.Password)
	return s
}

// add starts a scripted device.
func (s *harness) add(t *testing.T, target, module string, script func(*netconftest.Peer)) {
	t.Helper()
	fmt.Fprintf(&s.yaml, "  - {name: %q, address: %q, auth: lab, modules: [%s]}\n", target, netconftest.Start(t, script).Address, module)
}

// write writes the configuration. All devices must have been added.
func (s *harness) write(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(s.yaml.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serve starts the exporter with the built-in modules and those of other files.
func (s *harness) serve(t *testing.T, files ...string) {
	t.Helper()
	cfg, err := config.Load(append(files, s.write(t)))
	if err != nil {
		t.Fatal(err)
	}
	exporter, err := collector.New(cfg, collector.Options{Lazy: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exporter.Close(context.Background()) })
	s.server = httptest.NewServer(web.New(web.Options{
		Exporter: web.From(exporter), Own: web.NewMetrics(), Reload: func() error { return nil },
	}))
	t.Cleanup(s.server.Close)
}

// probe scrapes a target as Prometheus does.
func (s *harness) probe(t *testing.T, target string) *answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/probe?target="+url.QueryEscape(target), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "30")
	response, err := s.server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{counts: map[string]int{}, samples: map[string]float64{}}
	for name, family := range families {
		a.counts[name] = len(family.Metric)
		for _, m := range family.Metric {
			key := series(name, m.Label)
			if _, twice := a.samples[key]; twice {
				t.Errorf("%s is there twice", key)
			}
			a.samples[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return a
}

// series is a sample without its value, as cases write it.
func series(name string, pairs []*dto.LabelPair) string {
	var labels []string
	for _, p := range pairs {
		if p.GetValue() != "" {
			labels = append(labels, fmt.Sprintf("%s=%q", p.GetName(), p.GetValue()))
		}
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}
