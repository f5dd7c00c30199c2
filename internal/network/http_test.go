package network_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/network"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func start(t *testing.T) (*network.Fleet, http.Handler) {
	t.Helper()
	scenario, err := network.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := network.Start(scenario, simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	handler, err := network.Handler(fleet)
	if err != nil {
		t.Fatal(err)
	}
	return fleet, handler
}

func ask(handler http.Handler, method, path, body string, header ...string) (status int, text string) {
	r := httptest.NewRequest(method, "http://127.0.0.1:1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestFaultsOverHTTP(t *testing.T) {
	_, handler := start(t)
	steps := []struct {
		method, path, body string
		status             int
		faults             string // afterwards
	}{
		{"PUT", "/faults/core-1:psu", "", 204, `"core-1:psu:PSU 1"`},
		{"PUT", "/faults/core-1:psu:PSU%201", "", 204, `"core-1:psu:PSU 1"`},
		{"PUT", "/faults/core-1:flap:xe-0/1/0", "", 204, `"core-1:flap:xe-0/1/0","core-1:psu:PSU 1"`},
		{"PUT", "/faults/core-1:fire", "", 400, `"core-1:flap:xe-0/1/0","core-1:psu:PSU 1"`},
		{"DELETE", "/faults/core-1:flap:xe-0/1/0", "", 204, `"core-1:psu:PSU 1"`},
		{"DELETE", "/faults/core-1:flap:xe-0/1/0", "", 404, `"core-1:psu:PSU 1"`},
		{"POST", "/", url.Values{"fault": {"core-2:cpu"}}.Encode(), 303, `"core-1:psu:PSU 1","core-2:cpu"`},
		{"POST", "/", url.Values{"fault": {"core-2:cpu"}, "clear": {"yes"}}.Encode(), 303, `"core-1:psu:PSU 1"`},
		{"POST", "/", url.Values{"fault": {"nonsense"}}.Encode(), 400, `"core-1:psu:PSU 1"`},
		{"DELETE", "/faults", "", 204, ``},
	}
	for _, s := range steps {
		if status, text := ask(handler, s.method, s.path, s.body); status != s.status {
			t.Errorf("%s %s gives %d: %s", s.method, s.path, status, text)
		}
		if _, text := ask(handler, "GET", "/faults", ""); strings.TrimSpace(text) != `{"faults":[`+s.faults+`]}` {
			t.Errorf("after %s %s: %s", s.method, s.path, text)
		}
	}
}

func TestThePageOffersEveryFault(t *testing.T) {
	fleet, handler := start(t)
	set(t, fleet.Network, "core-2:fan", true, fleet.Network.Now())
	_, text := ask(handler, "GET", "/", "")
	for _, kind := range network.FaultKinds() {
		if !strings.Contains(text, `aria-label="Where: `+kind.Name+`"`) || !strings.Contains(text, ":"+kind.Name) {
			t.Errorf("the page does not offer %s", kind.Name)
		}
	}
	if !strings.Contains(text, `name="fault" value="core-2:fan:Fan 1"`) {
		t.Errorf("the page does not clear what is set:\n%.600s", text)
	}
}

func TestOtherSitesCannotSetFaults(t *testing.T) {
	fleet, handler := start(t)
	for name, header := range map[string][]string{
		"another site's page": {"Sec-Fetch-Site", "cross-site"},
		"another name":        {"Host", "attacker.example:10831"},
	} {
		if status, _ := ask(handler, "POST", "/", "fault=core-1:psu", header...); status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	if len(fleet.Network.Faults()) > 0 {
		t.Error("a fault is set")
	}
}

// However many set and clear at once, devices and network agree at the end.
func TestFaultsSetByManyAtOnce(t *testing.T) {
	fleet, handler := start(t)
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 20 {
				ask(handler, "PUT", "/faults/core-1:reboot", "")
				ask(handler, "GET", "/faults", "")
				ask(handler, "DELETE", "/faults/core-1:reboot", "")
			}
		})
	}
	running.Wait()
	ask(handler, "DELETE", "/faults", "")
	conn, err := net.Dial("tcp", fleet.Devices()[0].Address())
	if err != nil {
		t.Fatalf("no fault is set, and the device is off: %v", err)
	}
	conn.Close()
}
