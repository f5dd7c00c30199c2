package web_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

const testConfig = `
auths:
  lab: {username: admin, password: hunter2, insecure_ignore_host_key: true, allowed_targets: [192.0.2.0/24, "2001:db8::/32"]}
  core: {username: admin, password: hunter2, insecure_ignore_host_key: true}
targets:
  - {name: edge1, address: 127.0.0.1:56734, auth: lab, labels: {site: ams}}
  - {name: edge2, address: "[2001:db8::1]", auth: core}
  - {name: pe3.example, address: pe3.example.net, auth: core, modules: [ietf-interfaces]}
`

// fakeExporter is an exporter whose targets give what a test sets.
type fakeExporter struct {
	config  *config.Config
	mu      sync.Mutex
	targets map[string]*fakeTarget
	gather  func(context.Context) []*dto.MetricFamily
	adHoc   func(address, auth string) (web.Target, error)
}

func (e *fakeExporter) Config() *config.Config { return e.config }

func (e *fakeExporter) Targets() []web.Target {
	e.mu.Lock()
	defer e.mu.Unlock()
	var targets []web.Target
	for _, target := range e.config.Targets {
		targets = append(targets, e.targets[target.Name])
	}
	return targets
}

func (e *fakeExporter) Target(name string) (web.Target, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	target, ok := e.targets[name]
	return target, ok
}

func (e *fakeExporter) AdHoc(_ context.Context, address, auth string) (web.Target, error) {
	if e.adHoc == nil {
		return nil, errors.New("no unconfigured target is expected in this test")
	}
	return e.adHoc(address, auth)
}

func (e *fakeExporter) Warnings() []*config.Error { return nil }

func (e *fakeExporter) ModuleNames() []string { return []string{"auto", "ietf-interfaces"} }

func (e *fakeExporter) HasModule(name string) bool { return strings.HasPrefix(name, "ietf-") }

func (e *fakeExporter) Gather(ctx context.Context) []*dto.MetricFamily {
	if e.gather == nil {
		return nil
	}
	return e.gather(ctx)
}

func (e *fakeExporter) Families(ctx context.Context) iter.Seq[*dto.MetricFamily] {
	return byName(e.Gather(ctx))
}

// byName returns families sorted by name, as an exporter must.
func byName(families []*dto.MetricFamily) iter.Seq[*dto.MetricFamily] {
	return slices.Values(slices.SortedStableFunc(slices.Values(families), func(a, b *dto.MetricFamily) int {
		return strings.Compare(a.GetName(), b.GetName())
	}))
}

// fakeTarget is a device that records its scrapes.
type fakeTarget struct {
	config    *config.Target
	status    collector.Status
	scrape    *collector.Scrape
	scrapes   int
	explained bool
	modules   []string
	budget    time.Duration
}

func (t *fakeTarget) Config() *config.Target   { return t.config }
func (t *fakeTarget) Status() collector.Status { return t.status }

func (t *fakeTarget) Explain() { t.explained = true }

func (t *fakeTarget) Scrape(ctx context.Context, modules []string) *collector.Scrape {
	deadline, _ := ctx.Deadline()
	t.scrapes, t.modules, t.budget = t.scrapes+1, modules, time.Until(deadline)
	return t.scrape
}

func (t *fakeTarget) Families(ctx context.Context, modules []string) (*collector.Scrape, iter.Seq[*dto.MetricFamily]) {
	scrape := t.Scrape(ctx, modules)
	return scrape, byName(scrape.Families)
}

// newFake returns an exporter of testConfig whose targets are up.
func newFake(t testing.TB, text string) *fakeExporter {
	t.Helper()
	file := filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	e := &fakeExporter{config: cfg, targets: map[string]*fakeTarget{}}
	for _, target := range cfg.Targets {
		e.targets[target.Name] = newTarget(target)
	}
	return e
}

func newTarget(target *config.Target) *fakeTarget {
	return &fakeTarget{config: target, status: collector.Status{State: collector.StateWaiting}, scrape: &collector.Scrape{Up: true, Families: []*dto.MetricFamily{gauge("netconf_up", 1)}}}
}

// handler returns the handler of an exporter with its own metrics; change may be nil.
func handler(e *fakeExporter, change func(*web.Options)) http.Handler {
	options := web.Options{Exporter: e, Own: web.NewMetrics(), Reload: func() error { return nil }, TimeoutOffset: 0.5, Version: "1.2.3"}
	if change != nil {
		change(&options)
	}
	return web.New(options)
}

// get sends a request to a handler; header has pairs of names and values.
func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	return do(h, http.MethodGet, path, header...)
}

func do(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := httptest.NewRecorder()
	h.ServeHTTP(response, request)
	return response
}

func gauge(name string, value float64, labels ...string) *dto.MetricFamily {
	return &dto.MetricFamily{
		Name: &name, Help: new("A thing that was measured."), Type: dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Label: pairs(labels), Gauge: &dto.Gauge{Value: &value}}},
	}
}

func counter(name string, value float64, created time.Time, labels ...string) *dto.MetricFamily {
	return &dto.MetricFamily{
		Name: &name, Help: new("Things that were counted."), Type: dto.MetricType_COUNTER.Enum(),
		Metric: []*dto.Metric{{Label: pairs(labels), Counter: &dto.Counter{Value: &value, CreatedTimestamp: timestamppb.New(created)}}},
	}
}

func pairs(labels []string) []*dto.LabelPair {
	var pairs []*dto.LabelPair
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, &dto.LabelPair{Name: &labels[i], Value: &labels[i+1]})
	}
	return pairs
}
