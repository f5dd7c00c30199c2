package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

func TestProbesThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		query  string
		status int
		says   string
	}{
		{"", 400, "/probe?target=NAME"},
		{"target=", 400, "/probe?target=NAME"},
		{"target=nosuch", 400, `no target is called "nosuch"; /sd lists`},
		{"target=edge3", 400, "did you mean edge1 or edge2?"},
		{"target=EDGE1", 400, "did you mean edge1"},
		{"target=example", 400, "did you mean pe3.example?"},
		{"target=127.0.0.1:56734", 400, "it is the address of target edge1; use target=edge1"},
		{"target=127.0.0.1", 400, "it is the address of target edge1"},
		{"target=[2001:db8::1]:830", 400, "it is the address of target edge2"},
		{"target=192.0.2.1", 400, "no target is called"}, // an address needs an auth
		{"target=192.0.2.1&auth=lob", 400, `no auth is called "lob"; did you mean lab?`},
		{"target=edge1&auth=nosuch", 400, "no auth is called"},
		{"target=http://192.0.2.1/&auth=lab", 400, "is not an address"},
		{"target=192.0.2.1:99999&auth=lab", 400, "port"},
		{"target=198.51.100.1&auth=lab", 403, `allowed_targets of auth "lab"`},
		{"target=[2001:db9::1]:830&auth=lab", 403, "allowed_targets"},
		{"target=127.0.0.1:56734&auth=lab", 403, "allowed_targets"}, // a target's address is no exception
		{"target=192.0.2.1&auth=core", 403, "allowed_targets"},
		{"target=somewhere.example&auth=core", 403, "allowed_targets"},
		{"target=edge1&module=nosuch", 400, `no module is called "nosuch"`},
		{"target=edge1&module=ietf-interfaces,nosuch", 400, `no module is called "nosuch"`},
		{"target=edge1&module=auto&module=nosuch", 400, `no module is called "nosuch"`},
		{"target=" + url.QueryEscape("\x1b[2J\n") + strings.Repeat("x", 2000), 400, "no target is called"},
	} {
		e := newFake(t, testConfig)
		response := get(handler(e, nil), "/probe?"+test.query)
		body := response.Body.String()
		if response.Code != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: %d %q, want %d and %q", test.query, response.Code, body, test.status, test.says)
		}
		if strings.Count(body, "\n") != 1 || strings.ContainsRune(body, '\x1b') {
			t.Errorf("%s: not one clear line: %q", test.query, body)
		}
		for name, target := range e.targets {
			if target.scrapes > 0 {
				t.Errorf("%s: %s was read", test.query, name)
			}
		}
	}
}

func TestTheModulesOfAProbe(t *testing.T) {
	for query, want := range map[string][]string{
		"":                             nil,
		"&module=":                     nil,
		"&module=ietf-a":               {"ietf-a"},
		"&module=ietf-b,ietf-a,ietf-b": {"ietf-b", "ietf-a"},
		"&module=ietf-a,&module=auto&module=%20ietf-a": {"ietf-a", "auto"},
	} {
		e := newFake(t, testConfig)
		if response := get(handler(e, nil), "/probe?target=edge1"+query); response.Code != 200 {
			t.Errorf("%s: %d %s", query, response.Code, response.Body)
		}
		if got := e.targets["edge1"].modules; !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s: modules %q, want %q", query, got, want)
		}
	}
}

func TestAProbeGivesTheTargetAlone(t *testing.T) {
	e := newFake(t, testConfig)
	e.targets["edge1"].scrape.Families = []*dto.MetricFamily{gauge("netconf_up", 1), gauge("netconf_interface_oper_status", 1, "interface", "eth0")}
	for _, query := range []string{"target=edge1", "target=edge1&auth=lab", "target=edge1&auth=&module=&debug=false"} {
		response := get(handler(e, nil), "/probe?"+query)
		want := `# HELP netconf_interface_oper_status A thing that was measured.
# TYPE netconf_interface_oper_status gauge
netconf_interface_oper_status{interface="eth0"} 1
# HELP netconf_up A thing that was measured.
# TYPE netconf_up gauge
netconf_up 1
`
		if response.Code != 200 || response.Body.String() != want {
			t.Errorf("%s: %d\n%s", query, response.Code, response.Body)
		}
	}
}

func TestADeadDeviceIsAGoodAnswer(t *testing.T) {
	e := newFake(t, testConfig)
	e.targets["edge1"].scrape = &collector.Scrape{Families: []*dto.MetricFamily{gauge("netconf_up", 0)}, Err: errors.New("connection refused")}
	if response := get(handler(e, nil), "/probe?target=edge1"); response.Code != 200 || !strings.Contains(response.Body.String(), "netconf_up 0") {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}

func TestProbesOfUnconfiguredAddresses(t *testing.T) {
	outside := fmt.Errorf("target x: dial: %w", session.ErrNotAllowed)
	for _, test := range []struct {
		name     string
		address  string
		adHocErr error
		dialErr  error
		status   int
	}{
		{"inside", "192.0.2.7:830", nil, nil, 200},
		{"inside, without a port", "192.0.2.7", nil, nil, 200},
		{"inside, IPv6", "[2001:db8::7]:830", nil, nil, 200},
		{"a name", "device.example", nil, nil, 200},
		{"a name of an address outside", "device.example", nil, outside, 403},
		{"found outside before the dial", "device.example", outside, nil, 403},
		{"bad for another reason", "192.0.2.7", errors.New("too many"), nil, 400},
		{"not there", "192.0.2.7", nil, errors.New("connection refused"), 200},
	} {
		e := newFake(t, testConfig)
		e.adHoc = func(address, auth string) (web.Target, error) {
			if address != test.address || auth != "lab" {
				t.Errorf("%s: AdHoc(%q, %q)", test.name, address, auth)
			}
			target := newTarget(&config.Target{Name: address, Address: address, Auth: auth})
			target.scrape.Err = test.dialErr
			return target, test.adHocErr
		}
		for _, debug := range []string{"", "&debug=true"} {
			response := get(handler(e, nil), "/probe?auth=lab&target="+url.QueryEscape(test.address)+debug)
			if response.Code != test.status {
				t.Errorf("%s%s: %d %s, want %d", test.name, debug, response.Code, response.Body, test.status)
			}
		}
	}
}

func TestDebugShowsATimelineAndTheMetrics(t *testing.T) {
	e := newFake(t, testConfig)
	bad := gauge("netconf_bad", 1)
	bad.Metric[0].Gauge = nil
	e.targets["edge1"].scrape = &collector.Scrape{
		Up:       true,
		Families: []*dto.MetricFamily{gauge("netconf_up", 1), bad},
		Err:      errors.New("module ietf-system: rpc-error \x1b[31mred\x07\nmodule ietf-bgp: no reply"),
		Events: []session.Event{
			{Phase: "tcp", Start: 100 * time.Microsecond, Duration: 2 * time.Millisecond, Detail: "127.0.0.1:56734"},
			{Phase: "rpc", Start: 3 * time.Millisecond, Duration: 1500 * time.Millisecond, Detail: "ietf-interfaces: 1234 bytes"},
			{Phase: "decode", Start: 4 * time.Millisecond},
		},
	}
	response := get(handler(e, nil), "/probe?target=edge1&debug=true&module=ietf-a,ietf-b", "Accept", acceptOpenMetrics)
	want := `target   edge1
address  127.0.0.1:56734
auth     lab
modules  ietf-a, ietf-b
result   up
error    module ietf-system: rpc-error \x1b[31mred\a
error    module ietf-bgp: no reply

    start ms      took ms  phase   detail
       0.100        2.000  tcp     127.0.0.1:56734
       3.000     1500.000  rpc     ietf-interfaces: 1234 bytes
       4.000        0.000  decode

# HELP netconf_bad A thing that was measured.
# TYPE netconf_bad gauge
# netconf_bad is missing: expected gauge in metric netconf_bad 
# HELP netconf_up A thing that was measured.
# TYPE netconf_up gauge
netconf_up 1
`
	if got := response.Body.String(); response.Code != http.StatusOK || got != want {
		t.Errorf("%d\n%s", response.Code, got)
	}
	if got := response.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}

	e.targets["edge1"].scrape = &collector.Scrape{}
	if body := get(handler(e, nil), "/probe?target=edge1&debug=1").Body.String(); !strings.Contains(body, "modules  auto\nresult   down\n") ||
		!strings.Contains(body, "No timeline") {
		t.Errorf("without a read:\n%s", body)
	}
}

func TestProbesGiveATargetsOwnLabelsWhenAsked(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"target=edge1&labels=true", `netconf_target_info{address="127.0.0.1:56734",site="ams"} 1`},
		{"target=edge1", `netconf_target_info{address="127.0.0.1:56734"} 1`},
		{"target=edge1&labels=false", `netconf_target_info{address="127.0.0.1:56734"} 1`},
		{"target=edge2&labels=true", `netconf_target_info{address="127.0.0.1:56734"} 1`}, // it has none
	} {
		e := newFake(t, testConfig)
		for _, target := range e.targets {
			target.scrape.Families = append(target.scrape.Families, gauge("netconf_target_info", 1, "address", "127.0.0.1:56734"))
		}
		h := handler(e, nil)
		for range 2 { // the second is served from the same families
			body := get(h, "/probe?"+test.query).Body.String()
			if !strings.Contains(body, test.want+"\n") || strings.Contains(body, `netconf_up{`) {
				t.Errorf("%s: want %s in\n%s", test.query, test.want, body)
			}
		}
	}
}
