package web_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// setStatuses gives each target of testConfig another state: up, down and waiting.
func setStatuses(e *fakeExporter, now time.Time) {
	e.targets["edge1"].status = collector.Status{
		State: collector.StateUp, LastRead: now.Add(-12 * time.Second), Duration: 34 * time.Millisecond, Interfaces: 1003, Samples: 20063,
		SessionSince: now.Add(-26 * time.Hour),
		Err:          "module ietf-system: the device said operation-not-supported",
		Modules: []collector.ModuleStatus{
			{Name: "ietf-interfaces", Success: true, Samples: 20063},
			{Name: "ietf-system", Err: "the device said operation-not-supported"},
			{Name: "ietf-bgp", Err: "no reply in 30s"},
		},
	}
	e.targets["edge2"].status = collector.Status{
		State: collector.StateDown, LastRead: now.Add(-3 * time.Minute), Duration: 1200 * time.Millisecond, LoginRetry: now.Add(4 * time.Minute),
		Err: `target edge2: login as "admin" refused <script>alert(1)</script>; check the auth's password`,
	}
}

// shown returns the page's text without tags, and with single blanks.
func shown(page string) string {
	page = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(html.UnescapeString(page)), " ")
}

func TestThePageSaysHowTheTargetsAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFake(t, testConfig)
		setStatuses(e, time.Now())
		page := get(handler(e, nil), "/").Body.String()
		text := shown(page)
		for _, want := range []string{
			"netconf_exporter 1.2.3",
			"1 of 3 targets up 1 down 1 waiting for the first read",
			"edge1 127.0.0.1:56734 up 12 s ago 34 ms 1,003 20,063 1 d 2 h probe timeline module ietf-system: the device said operation-not-supported module ietf-bgp: no reply in 30s",
			`edge2 [2001:db8::1]:830 down 3 min ago 1.2 s probe timeline target edge2: login as "admin" refused <script>alert(1)</script>; check the auth's password Next login attempt in 4 min.`,
			"pe3.example pe3.example.net:830 waiting probe timeline",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q:\n%s", want, text)
			}
		}
		for _, want := range []string{
			`href="probe?target=edge1"`, `href="probe?target=edge1&amp;debug=true"`, `href="metrics"`, `href="sd"`, `href="config"`,
			`<option>lab</option>`, `<option value="ietf-bgp">`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		if strings.Contains(page, "<script>alert") {
			t.Error("a device's text is part of the page's code")
		}
		if strings.Contains(page, "<option>core</option>") {
			t.Error("the form offers an auth that reaches no unconfigured address")
		}
		if down, up := strings.Index(page, "<span class=\"name\">edge2"), strings.Index(page, "<span class=\"name\">edge1"); down > up {
			t.Error("what is up comes before what is down")
		}
	})
}

func TestThePageWithoutTargets(t *testing.T) {
	h := handler(newFake(t, "targets: []\n"), func(o *web.Options) { o.NoTargets, o.TelemetryPath = true, "/telemetry" })
	page := get(h, "/").Body.String()
	for _, want := range []string{"0 of 0 targets up", "No targets are configured", "telemetry leaves the targets out"} {
		if text := shown(page); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}

func TestThePageEscapesWhatDevicesAndFilesSay(t *testing.T) {
	e := newFake(t, `
auths: {lab: {username: a, password: b, insecure_ignore_host_key: true}}
targets: [{name: "a&b=\"<i>'", address: 192.0.2.1, auth: lab}]
`)
	page := get(handler(e, nil), "/").Body.String()
	if strings.Contains(page, "<i>") || !strings.Contains(page, `href="probe?target=a%26b%3d%22%3ci%3e%27"`) {
		t.Errorf("the target's name breaks the page:\n%s", page)
	}
}

func TestTimesOnThePage(t *testing.T) {
	for past, want := range map[time.Duration]string{
		0: "just now", 999 * time.Millisecond: "just now", -time.Hour: "just now",
		time.Second: "1 s ago", 2500 * time.Millisecond: "2.5 s ago", 90 * time.Second: "90 s ago", 59 * time.Minute: "59 min ago",
		time.Hour: "1 h ago", 3*time.Hour + 20*time.Minute: "3 h 20 min ago", 48 * time.Hour: "2 d ago", 100 * time.Hour: "4 d 4 h ago",
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newFake(t, testConfig)
			e.targets["edge1"].status = collector.Status{State: collector.StateUp, LastRead: time.Now().Add(-past)}
			if text := shown(get(handler(e, nil), "/").Body.String()); !strings.Contains(text, "up "+want+" 0 ms") {
				t.Errorf("%s ago is not shown as %q:\n%s", past, want, text)
			}
		})
	}
}

func TestThePageAllowsItsOwnCodeAlone(t *testing.T) {
	policy := get(handler(newFake(t, testConfig), nil), "/").Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q lets in code of others", policy)
	}
}

func BenchmarkPageOf1000Targets(b *testing.B) {
	text := "auths: {lab: {username: a, password: b, insecure_ignore_host_key: true}}\ntargets:\n"
	for i := range 1000 {
		text += fmt.Sprintf("  - {name: device%d, address: 192.0.2.1, auth: lab}\n", i)
	}
	h := handler(newFake(b, text), nil)
	for b.Loop() {
		b.SetBytes(int64(get(h, "/").Body.Len()))
	}
}
