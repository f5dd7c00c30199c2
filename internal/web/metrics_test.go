package web_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

const (
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
	acceptProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	// what Prometheus 3 sends
	acceptOfPrometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)

// octets is a family of two targets with a created timestamp.
func octets(context.Context) []*dto.MetricFamily {
	family := counter("netconf_interface_receive_bytes_total", 42, time.Unix(1700000000, 0), "interface", "eth0", "target", "edge1")
	family.Metric = append(family.Metric, counter("", 43, time.Unix(1700000000, 0), "interface", "eth0", "target", "edge2").Metric...)
	return []*dto.MetricFamily{family, gauge("netconf_up", 1, "target", "edge1")}
}

func TestMetricsHoldAllTargetsAndTheExportersOwn(t *testing.T) {
	e := newFake(t, testConfig)
	e.gather = octets
	own := web.NewMetrics()
	own.Reloaded(true, time.Unix(1700000000, 0))
	h := handler(e, func(o *web.Options) { o.Own = own })

	body := get(h, "/metrics").Body.String()
	for _, line := range []string{
		`netconf_interface_receive_bytes_total{interface="eth0",target="edge2"} 43`,
		`netconf_up{target="edge1"} 1`,
		"netconf_exporter_config_last_reload_successful 1",
		"netconf_exporter_config_last_reload_success_timestamp_seconds 1.7e+09",
		"netconf_exporter_build_info{", "go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(body, "\n"+line) {
			t.Errorf("/metrics lacks %q", line)
		}
	}
	own.Reloaded(false, time.Unix(1800000000, 0))
	body = get(h, "/metrics").Body.String()
	if !strings.Contains(body, "last_reload_successful 0") || !strings.Contains(body, "timestamp_seconds 1.7e+09") {
		t.Error("a failed reload must show, and leave the time of the last good one")
	}
}

func TestMetricsWithoutTargets(t *testing.T) {
	e := newFake(t, testConfig)
	e.gather = func(context.Context) []*dto.MetricFamily { t.Error("the targets were read"); return nil }
	body := get(handler(e, func(o *web.Options) { o.NoTargets = true }), "/metrics").Body.String()
	if !strings.Contains(body, "go_goroutines") {
		t.Error("the exporter's own metrics are missing")
	}
}

func TestMetricsAreNegotiated(t *testing.T) {
	e := newFake(t, testConfig)
	e.gather = octets
	h := handler(e, nil)
	for _, test := range []struct{ accept, contentType, has string }{
		{"", "text/plain; version=0.0.4", `_bytes_total{interface="eth0",target="edge1"} 42` + "\n"},
		{"text/html, */*;q=0.1", "text/plain; version=0.0.4", ` 42` + "\n"},
		{acceptOfPrometheus, "application/openmetrics-text; version=1.0.0", "# EOF\n"},
		{acceptOpenMetrics, "application/openmetrics-text; version=1.0.0", "# EOF\n"},
	} {
		response := get(h, "/metrics", "Accept", test.accept)
		body := response.Body.String()
		if got := response.Header().Get("Content-Type"); !strings.HasPrefix(got, test.contentType) {
			t.Errorf("Accept %q gives %q, want %q", test.accept, got, test.contentType)
		}
		if response.Code != http.StatusOK || !strings.Contains(body, test.has) {
			t.Errorf("Accept %q: status %d, no %q in\n%s", test.accept, response.Code, test.has, body)
		}
		if strings.Contains(body, "_created") {
			t.Errorf("Accept %q: the text has _created series", test.accept)
		}
	}

	response := get(h, "/metrics", "Accept", acceptProtobuf)
	reader := bufio.NewReader(response.Body)
	found := false
	for {
		var family dto.MetricFamily
		err := protodelim.UnmarshalFrom(reader, &family)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if family.GetName() == "netconf_interface_receive_bytes_total" {
			found = family.Metric[1].Counter.GetValue() == 43 && family.Metric[1].Counter.CreatedTimestamp.GetSeconds() == 1700000000
		}
	}
	if !found {
		t.Error("the protobuf form lacks a counter with its created timestamp")
	}
}

func TestAnswersAreCompressedWhenAsked(t *testing.T) {
	h := handler(newFake(t, testConfig), nil)
	plain := get(h, "/metrics", "Accept-Encoding", "identity")
	if got := plain.Header().Get("Content-Encoding"); got != "" {
		t.Errorf("Content-Encoding %q though none was asked for", got)
	}
	for _, accept := range []string{"", acceptOpenMetrics, acceptProtobuf} {
		response := get(h, "/metrics", "Accept-Encoding", "gzip", "Accept", accept)
		if got := response.Header().Get("Content-Encoding"); got != "gzip" {
			t.Errorf("Accept %q: Content-Encoding %q, want gzip", accept, got)
			continue
		}
		reader, err := gzip.NewReader(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(reader); err != nil || len(body) < 1000 {
			t.Errorf("%d bytes, %v", len(body), err)
		}
	}
}

func TestOneBadFamilyCostsNothingElse(t *testing.T) {
	e := newFake(t, testConfig)
	bad := gauge("netconf_bad", 1)
	bad.Metric[0].Gauge = nil
	taken := counter("go_goroutines", 7, time.Unix(1700000000, 0)) // of another type than our own of that name
	empty := gauge("netconf_empty", 1)
	empty.Metric = nil
	e.gather = func(context.Context) []*dto.MetricFamily {
		return []*dto.MetricFamily{taken, bad, empty, gauge("netconf_up", 1, "target", "edge1"), gauge("netconf_up", 0, "target", "edge2")}
	}
	for _, accept := range []string{"", acceptOpenMetrics, acceptProtobuf} {
		if status := get(handler(e, nil), "/metrics", "Accept", accept).Code; status != http.StatusOK {
			t.Errorf("Accept %q: status %d", accept, status)
		}
	}
	body := get(handler(e, nil), "/metrics").Body.String()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if len(families["netconf_up"].GetMetric()) != 2 || families["go_threads"] == nil {
		t.Errorf("metrics are missing beside a bad one (%v):\n%s", err, body)
	}
	if strings.Count(body, "# TYPE go_goroutines") != 1 {
		t.Error("go_goroutines has two types")
	}
}

// In a bubble of synctest no time passes, so that deadlines are exact.
func TestTheBudgetOfAScrape(t *testing.T) {
	for _, test := range []struct {
		header string
		offset float64
		want   time.Duration
	}{
		{"", 0.5, 2 * time.Minute},
		{"10", 0.5, 9500 * time.Millisecond},
		{"10.000000", 0, 10 * time.Second},
		{"0.75", 0.5, 250 * time.Millisecond},
		{"0.5", 0.5, 500 * time.Millisecond},
		{"0.1", 0.5, 100 * time.Millisecond},
		{"0", 0.5, 2 * time.Minute},
		{"-3", 0.5, 2 * time.Minute},
		{"NaN", 0.5, 2 * time.Minute},
		{"soon", 0.5, 2 * time.Minute},
		{"10s", 0.5, 2 * time.Minute},
		{"1e300", 0.5, 24 * time.Hour},
		{"+Inf", 0.5, 24 * time.Hour},
		{"10", math.Inf(1), 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newFake(t, testConfig)
			var gathered time.Duration
			e.gather = func(ctx context.Context) []*dto.MetricFamily {
				deadline, _ := ctx.Deadline()
				gathered = time.Until(deadline)
				return nil
			}
			h := handler(e, func(o *web.Options) { o.TimeoutOffset = test.offset })
			get(h, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", test.header)
			get(h, "/probe?target=edge1", "X-Prometheus-Scrape-Timeout-Seconds", test.header)
			if probed := e.targets["edge1"].budget; gathered != test.want || probed != test.want {
				t.Errorf("header %q, offset %v: budget %s of /metrics and %s of /probe, want %s", test.header, test.offset, gathered, probed, test.want)
			}
		})
	}
}

func TestTheTelemetryPathCanBeAnything(t *testing.T) {
	for _, path := range []string{"/metrics", "telemetry", "/a/{b}", "/probe", "/-/healthy"} {
		h := handler(newFake(t, testConfig), func(o *web.Options) { o.TelemetryPath = path })
		want := "/" + strings.TrimPrefix(path, "/")
		if response := get(h, want); response.Code != http.StatusOK || !strings.Contains(response.Body.String(), "go_goroutines") {
			t.Errorf("%s gives %d", want, response.Code)
		}
		if response := do(h, http.MethodPost, want); response.Code != http.StatusMethodNotAllowed || response.Header().Get("Allow") == "" {
			t.Errorf("POST %s gives %d, Allow %q", want, response.Code, response.Header().Get("Allow"))
		}
	}
	h := handler(newFake(t, testConfig), func(o *web.Options) { o.TelemetryPath = "/telemetry" })
	if status := get(h, "/metrics").Code; status != http.StatusNotFound {
		t.Errorf("/metrics gives %d though the metrics are elsewhere", status)
	}
}

func TestPromtoolFindsNothing(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("promtool is not installed; apt-get install prometheus")
		}
		t.Skip("promtool is not installed; apt-get install prometheus")
	}
	e := newFake(t, testConfig)
	e.gather = octets
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = get(handler(e, nil), "/metrics").Body
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
