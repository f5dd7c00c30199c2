package web_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

func TestPaths(t *testing.T) {
	for _, test := range []struct {
		method, path string
		status       int
		contentType  string
		has          string
	}{
		{"GET", "/metrics", 200, "text/plain", "go_goroutines"},
		{"HEAD", "/metrics", 200, "text/plain", ""},
		{"DELETE", "/metrics", 405, "", ""},
		{"GET", "/probe?target=edge1", 200, "text/plain", "netconf_up 1"},
		{"POST", "/probe?target=edge1", 405, "", ""},
		{"GET", "/sd", 200, "application/json", "edge1"},
		{"GET", "/config", 200, "text/plain; charset=utf-8", "password: <secret>"},
		{"GET", "/-/healthy", 200, "text/plain; charset=utf-8", "healthy"},
		{"GET", "/-/ready", 200, "text/plain; charset=utf-8", "ready"},
		{"POST", "/-/reload", 200, "text/plain; charset=utf-8", "reloaded"},
		{"PUT", "/-/reload", 200, "text/plain; charset=utf-8", "reloaded"},
		{"GET", "/-/reload", 405, "", ""},
		{"GET", "/debug/pprof/", 200, "text/html", "heap"},
		{"GET", "/debug/pprof/goroutine?debug=1", 200, "text/plain", "goroutine profile"},
		{"GET", "/debug/pprof/cmdline", 200, "text/plain", "web.test"},
		{"GET", "/debug/pprof/symbol", 200, "text/plain", "num_symbols"},
		{"GET", "/debug", 404, "", ""},
		{"GET", "/metrics/", 404, "", ""},
		{"GET", "/-/quit", 404, "", ""},
		{"GET", "/favicon.ico", 404, "", ""},
		{"GET", "/index.html", 404, "", ""},
	} {
		pages := func(o *web.Options) { o.Pages = http.NotFoundHandler() } // take all paths that nothing else takes
		response := do(handler(newFake(t, testConfig), pages), test.method, test.path)
		body := response.Body.String()
		if response.Code != test.status || !strings.Contains(body, test.has) || strings.Contains(body, "hunter2") {
			t.Errorf("%s %s: %d, want %d and %q\n%s", test.method, test.path, response.Code, test.status, test.has, body)
		}
		if got := response.Header().Get("Content-Type"); !strings.HasPrefix(got, test.contentType) {
			t.Errorf("%s %s: Content-Type %q, want %q", test.method, test.path, got, test.contentType)
		}
		if response.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s lets browsers guess the content type", test.method, test.path)
		}
		if test.status == http.StatusMethodNotAllowed && response.Header().Get("Allow") == "" {
			t.Errorf("%s %s does not say which methods are allowed", test.method, test.path)
		}
	}
}

func TestAFailedReloadSaysWhy(t *testing.T) {
	h := handler(newFake(t, testConfig), func(o *web.Options) {
		o.Reload = func() error { return errors.New("netconf.yml:12: targets: no auth is called lap") }
	})
	response := do(h, http.MethodPost, "/-/reload")
	if response.Code != 500 || !strings.Contains(response.Body.String(), "netconf.yml:12: targets: no auth is called lap") {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}

// TestReloadFromOtherSites sends what browsers send for a page of another site, and for one of the exporter.
func TestReloadFromOtherSites(t *testing.T) {
	for _, test := range []struct {
		header []string
		status int
	}{
		{nil, 200}, // no browser
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Origin", "http://example.com"}, 200}, // the host of the request
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Origin", "http://evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			reloads := 0
			h := handler(newFake(t, testConfig), func(o *web.Options) {
				o.Reload = func() error { reloads++; return nil }
			})
			if got := do(h, method, "/-/reload", test.header...); got.Code != test.status || reloads > 0 != (test.status == 200) {
				t.Errorf("%s with %q: status %d, %d reloads, want status %d", method, test.header, got.Code, reloads, test.status)
			}
		}
	}
	if got := get(handler(newFake(t, testConfig), nil), "/sd", "Sec-Fetch-Site", "cross-site"); got.Code != 200 {
		t.Errorf("reading from another site's page: %d", got.Code)
	}
}

func TestServiceDiscovery(t *testing.T) {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	want := []group{
		{[]string{"edge1"}, map[string]string{"site": "ams", "__meta_netconf_address": "127.0.0.1:56734", "__meta_netconf_auth": "lab"}},
		{[]string{"edge2"}, map[string]string{"__meta_netconf_address": "[2001:db8::1]:830", "__meta_netconf_auth": "core"}},
		{[]string{"pe3.example"}, map[string]string{"__meta_netconf_address": "pe3.example.net:830", "__meta_netconf_auth": "core"}},
	}
	var got []group
	if err := json.Unmarshal(get(handler(newFake(t, testConfig), nil), "/sd").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// By the missing address, several exporters that share the targets know those that call (docs/operations.md).
	caller := newFake(t, "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\ncall_home: {ssh_listen_address: ':4334'}\n"+
		"targets: [{name: branch, auth: lab, call_home: true, host_key_fingerprints: ['SHA256:"+strings.Repeat("A", 43)+"']}]\n")
	if body := get(handler(caller, nil), "/sd").Body.String(); !strings.Contains(body, `"__meta_netconf_address":""`) {
		t.Errorf("with a device that calls: %s", body)
	}
	if body := get(handler(newFake(t, "targets: []\n"), nil), "/sd").Body.String(); body != "[]\n" {
		t.Errorf("without targets: %q", body)
	}
}
