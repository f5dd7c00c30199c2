package web_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

func TestScrapesAboveTheLimitAreRefusedAtOnce(t *testing.T) {
	fake := newFake(t, testConfig)
	began, release := make(chan struct{}, 2), make(chan struct{})
	fake.gather = func(context.Context) []*dto.MetricFamily {
		began <- struct{}{}
		<-release
		return nil
	}
	own := web.NewMetrics()
	h := handler(fake, func(o *web.Options) {
		o.MaxScrapes, o.Refused, o.Own, o.API = 2, own.Refused, own, http.NotFoundHandler()
	})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			if response := get(h, "/metrics"); response.Code != http.StatusOK {
				t.Errorf("a scrape within the limit: %d", response.Code)
			}
		})
		<-began
	}
	for _, path := range []string{"/metrics", "/probe?target=edge1", "/sd", "/config"} {
		if response := get(h, path); response.Code != http.StatusServiceUnavailable || !strings.Contains(response.Body.String(), "--web.max-requests") {
			t.Errorf("%s: %d %s", path, response.Code, response.Body)
		}
	}
	if response := get(h, "/api/v1/targets"); response.Code != http.StatusServiceUnavailable ||
		response.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(response.Body.String(), `"detail":"2 requests are in flight`) {
		t.Errorf("the API: %d %s", response.Code, response.Body)
	}
	if response := get(h, "/-/healthy"); response.Code != http.StatusOK {
		t.Errorf("/-/healthy: %d", response.Code)
	}
	close(release)
	running.Wait()
	if body := get(h, "/metrics").Body.String(); !strings.Contains(body, "\nnetconf_exporter_scrapes_refused_total 5\n") {
		t.Error("the scrapes that were refused are not counted")
	}
}

func TestOneUnconfiguredTargetTooMany(t *testing.T) {
	fake := newFake(t, testConfig)
	fake.config.Auths["lab"].AllowedTargets = []string{"192.0.2.0/24"}
	fake.adHoc = func(string, string) (web.Target, error) { return nil, collector.ErrTooMany }
	if response := get(handler(fake, nil), "/probe?target=192.0.2.1&auth=lab"); response.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}
