//go:build linux

package e2e

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestProbeRefusesWhatItCannotOrMayNotRead(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	for path, want := range map[string]int{
		"/probe":                                               400,
		"/probe?target=nosuch":                                 400,
		"/probe?target=targethost&module=nosuch":               400,
		"/probe?target=127.0.0.1&auth=nosuch":                  400,
		"/probe?target=" + url.QueryEscape(d.address):          400, // an address needs an auth
		"/probe?auth=lab&target=" + url.QueryEscape(d.address): 403, // and one that allows it
		"/probe?target=targethost":                             200,
		"/probe?target=targethost&module=ietf-interfaces":      200,
		"/probe?target=targethost&module=nosuch&module=auto":   400,
	} {
		status, body := e.get(path)
		if status != want {
			t.Errorf("%s gives %d, want %d: %s", path, status, want, firstLine(body))
		}
		if status >= 400 && strings.TrimSpace(body) == "" {
			t.Errorf("%s gives %d without a word", path, status)
		}
	}
	if d.logins() != 1 {
		t.Errorf("%d logins, want 1: a refused probe logs in nowhere", d.logins())
	}
}

func TestProbeReachesUnconfiguredAddressesInsideAllowedTargets(t *testing.T) {
	d := startDevice(t)
	for network, want := range map[string]int{"127.0.0.0/8": 200, "192.0.2.0/24": 403} {
		lab, _, _ := strings.Cut(d.config(), "targets:\n")
		e := startExporter(t, lab+"    allowed_targets: ["+network+"]\n")
		path := "/probe?auth=lab&target=" + url.QueryEscape(d.address)
		if status, body := e.get(path); status != want {
			t.Errorf("with allowed_targets %s the probe gives %d, want %d: %s", network, status, want, firstLine(body))
		}
		if want == 200 {
			e.scrape(path, enough).want(1, "netconf_up")
		}
		// The address that is dialled must be allowed, not the name.
		path = "/probe?auth=lab&target=" + url.QueryEscape(strings.Replace(d.address, "127.0.0.1", "localhost", 1))
		if status, body := e.get(path); status != want {
			t.Errorf("with allowed_targets %s the probe of localhost gives %d, want %d: %s", network, status, want, firstLine(body))
		}
	}
}

func TestDebugShowsATimelineAndTheMetrics(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	status, body := e.get("/probe?target=targethost&debug=true")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	for _, word := range []string{"rpc", "decode", "bytes", "netconf_up 1", "netconf_interface_receive_bytes_total"} {
		if !strings.Contains(body, word) {
			t.Errorf("the debug page does not say %q:\n%s", word, body)
		}
	}
}

func TestServiceDiscoveryListsTheTargets(t *testing.T) {
	e := startExporter(t, config("127.0.0.1:9", devicePassword, wrongFingerprint)+"    labels: {site: ams}\n")
	_, body := e.get("/sd")
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	if err := json.Unmarshal([]byte(body), &groups); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if len(groups) != 1 || !slices.Equal(groups[0].Targets, []string{"targethost"}) ||
		groups[0].Labels["site"] != "ams" || groups[0].Labels["__meta_netconf_address"] != "127.0.0.1:9" {
		t.Errorf("/sd gives %s", body)
	}
}

func TestThePageAndTheProbesOfKubernetesAnswer(t *testing.T) {
	e := startExporter(t, config("127.0.0.1:9", devicePassword, wrongFingerprint))
	for path, word := range map[string]string{"/": "targethost", "/-/healthy": "", "/-/ready": "", "/config": "<secret>", "/debug/pprof/": "heap"} {
		if status, body := e.get(path); status != 200 || !strings.Contains(body, word) {
			t.Errorf("%s gives %d, want 200 and the word %q:\n%s", path, status, word, body)
		}
	}
	if status, _ := e.get("/-/reload"); status != 405 {
		t.Errorf("GET /-/reload gives %d, want 405: a reload is a POST", status)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
