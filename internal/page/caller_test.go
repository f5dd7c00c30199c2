package page_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/browsertest"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// awaitCaller waits until a device has called that is no target.
func awaitCaller(t *testing.T, s *apitest.Harness) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); len(s.Exporter.UnknownCallers()) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody has called")
		}
	}
}

// TestUnknownCallersCanBeAdded has a device call that nobody knows: the page lists it, and its link fills in the form.
func TestUnknownCallersCanBeAdded(t *testing.T) {
	listen := netconftest.FreeAddress(t)
	s := apitest.Start(t, apitest.Options{Config: apitest.Base + "call_home: {ssh_listen_address: '" + listen + "'}\n"})
	fleet, err := simulator.Start(simulator.Config{CallHome: listen})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	awaitCaller(t, s)
	key := fleet.Devices()[0].Fingerprint()
	page := get(t, s.URL+"/")
	link := regexp.MustCompile(`<a href="(add[?]call_home=[^"]+)">Add it</a>`).FindStringSubmatch(page)
	if !strings.Contains(shown(page), "1 unknown device calls home") || link == nil {
		t.Fatalf("the page has no link to add it:\n%s", shown(page))
	}
	form := get(t, s.URL+"/"+html.UnescapeString(link[1]))
	if !strings.Contains(form, `name="host_key_fingerprint" value="`+html.EscapeString(key)+`"`) || !strings.Contains(form, `name="call_home" value="true"`) || strings.Contains(form, `name="address"`) {
		t.Errorf("the form is\n%s", form)
	}
	status, page, location := do(t, "POST", s.URL+"/add", url.Values{"name": {"branch"}, "auth": {"lab"}, "call_home": {"true"}, "host_key_fingerprint": {key}}, "Origin", s.URL)
	if status != http.StatusSeeOther || !strings.Contains(location, "tasks/") {
		t.Errorf("adding it gives %d\n%s", status, shown(page))
	}
}

// startTLSCaller has a device call over TLS that is no target. The exporter has an auth for it, to which trust adds what it trusts.
func startTLSCaller(t *testing.T, trust string) (*apitest.Harness, *simulator.Device) {
	t.Helper()
	listen, folder := netconftest.FreeAddress(t), t.TempDir()
	fleet, err := simulator.Start(simulator.Config{Interfaces: 3, CallHome: listen, Transport: simulator.TransportTLS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	certificate, key, err := fleet.ClientPEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"ca.pem": fleet.CertificatePEM(), "cert.pem": certificate, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) string { return filepath.Join(folder, name) }
	s := apitest.Start(t, apitest.Options{Config: fmt.Sprintf("%s\ncall_home: {tls_listen_address: %q}\n", strings.Replace(apitest.Base, "admin:", fmt.Sprintf(
		"  there: {tls_config: {cert_file: %q, key_file: %q}, allowed_targets: [192.0.2.0/24]}\n  tls: {tls_config: {cert_file: %q, key_file: %q%s}, allowed_targets: [127.0.0.0/8]}\nadmin:",
		file("cert.pem"), file("key.pem"), file("cert.pem"), file("key.pem"), strings.ReplaceAll(trust, "FOLDER", folder)), 1), listen)})
	awaitCaller(t, s)
	return s, fleet.Devices()[0]
}

// TestCallersOverTLSCanBeAdded follows the links that the page has for a caller: it is known by its certificate, which nobody else need vouch for, or by its
// name, where an authority does.
func TestCallersOverTLSCanBeAdded(t *testing.T) {
	for name, test := range map[string]struct {
		link, trust string
		target      string // its name; "": what the form has
	}{
		"by its certificate": {`<a href="(add[?]call_home=[^"]+)">Add it</a>`, "", "branch office 1"},
		"by its name":        {`<a href="(add[?]call_home=[^"]+)">Add it by its name</a>`, ", ca_file: 'FOLDER/ca.pem'", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, device := startTLSCaller(t, test.trust)
			page := get(t, s.URL+"/")
			link := regexp.MustCompile(test.link).FindStringSubmatch(page)
			if link == nil || !strings.Contains(page, device.Fingerprint()) {
				t.Fatalf("the page has no link to add it:\n%s", shown(page))
			}
			form := get(t, s.URL+"/"+html.UnescapeString(link[1]))
			for _, part := range []string{`<option value="tls" selected>`, `name="call_home" value="true"`, `name="transport" value="tls"`} {
				if !strings.Contains(form, part) {
					t.Errorf("the form lacks %s:\n%s", part, form)
				}
			}
			for _, part := range []string{`name="password"`, `name="address"`, `<option value="lab"`} {
				if strings.Contains(form, part) {
					t.Errorf("the form has %s, which is of no use", part)
				}
			}
			values := url.Values{}
			for _, field := range []string{"name", "certificate_fingerprint", "call_home", "transport"} {
				if value := regexp.MustCompile(`name="` + field + `" value="([^"]*)"`).FindStringSubmatch(form); value != nil {
					values.Set(field, html.UnescapeString(value[1]))
				}
			}
			values.Set("auth", "tls")
			if test.target != "" {
				values.Set("name", test.target)
			}
			status, page, location := do(t, "POST", s.URL+"/add", values, "Origin", s.URL)
			id, ok := strings.CutPrefix(location, "./tasks/")
			if status != http.StatusSeeOther || !ok {
				t.Fatalf("adding it with %v gives %d\n%s", values, status, shown(page))
			}
			if now := until(t, s, id, ended); now.State != task.Succeeded {
				t.Fatalf("the task ended as %+v", now)
			}
			if target, ok := s.Exporter.Target(values.Get("name")); !ok || !target.Scrape(t.Context(), nil).Up || device.Logins() != 1 {
				t.Errorf("the target is not read, or %d logins", device.Logins())
			}
			if page := get(t, s.URL+"/"); strings.Contains(page, "Add it") {
				t.Errorf("the device is listed as unknown:\n%s", shown(page))
			}
		})
	}
}

// TestACallerIsAddedByKeyboard adds a device that called over TLS, with nothing typed but a name.
func TestACallerIsAddedByKeyboard(t *testing.T) {
	s, device := startTLSCaller(t, "")
	ctx := browsertest.Start(t)
	browsertest.Act(t, ctx, chromedp.EmulateViewport(1400, 900), chromedp.Navigate(s.URL), chromedp.WaitVisible(chromedp.CSS("details.callers")))
	browsertest.TabTo(t, ctx, "details.callers summary")
	browsertest.Press(t, ctx, browsertest.Enter)
	reads(t, ctx, "1 unknown device calls home", device.Fingerprint(), "Add it by its name")
	for _, width := range []int64{1400, 1000, 360} {
		browsertest.Act(t, ctx, chromedp.EmulateViewport(width, 900))
		if here(t, ctx, `document.documentElement.scrollWidth > innerWidth || document.querySelector("a[href*='certificate=']").getBoundingClientRect().right > innerWidth`) {
			t.Errorf("the page has to be scrolled sideways at %d px", width)
		}
	}
	browsertest.TabTo(t, ctx, "a[href*='certificate=']")
	browsertest.Press(t, ctx, browsertest.Enter)
	reads(t, ctx, "The device calls home over TLS", "tls, of the configuration")
	browsertest.TabTo(t, ctx, "input[name=name]")
	browsertest.Press(t, ctx, "branch")
	browsertest.Press(t, ctx, browsertest.Enter)
	reads(t, ctx, "What was found:", "3 interfaces")
}

// TestACallerWithoutAnAuth has no auth that logs in by a certificate: the form says what to add to the configuration.
func TestACallerWithoutAnAuth(t *testing.T) {
	s := apitest.Start(t, apitest.Options{})
	form := shown(get(t, s.URL+"/add?call_home=true&transport=tls&certificate=SHA256:AB"))
	if !strings.Contains(form, "No auth of the configuration has a certificate for the login") || !strings.Contains(form, "cert_file") {
		t.Error(form)
	}
}

// TestACertificateIsConfirmed adds a device over RESTCONF whose certificate it made itself. The page says what is known of it, and what to do.
func TestACertificateIsConfirmed(t *testing.T) {
	fleet, err := simulator.Start(simulator.Config{Interfaces: 3, Transport: simulator.TransportRESTCONF})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	device := fleet.Devices()[0]
	s := apitest.Start(t, apitest.Options{})
	id := addByForm(t, s.URL, "web", device.Address(), "netconf", "netconf", "transport", "restconf")
	until(t, s, id, func(now task.Task) bool { return now.State == task.AwaitingConfirmation })
	page := shown(get(t, s.URL+"/tasks/"+id))
	for _, want := range []string{"Is this the device's certificate?", "comes from an authority that is not trusted", device.Fingerprint(), `"CN=simulated device", issued by "CN=simulated device"`,
		"Nothing secret has been sent", "exactly this certificate is trusted for this target"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if device.Logins() > 0 {
		t.Errorf("%d logins before it was confirmed", device.Logins())
	}
	if status, _, _ := do(t, "POST", s.URL+"/tasks/"+id+"/confirm", url.Values{"fingerprint": {device.Fingerprint()}}); status != http.StatusSeeOther {
		t.Errorf("confirming gives %d", status)
	}
	if now := until(t, s, id, ended); now.State != task.Succeeded {
		t.Fatalf("the task ended as %+v", now)
	}
	if edit := html.UnescapeString(get(t, s.URL+"/targets/web/edit")); !strings.Contains(edit, `name="certificate_fingerprint" value="`+device.Fingerprint()+`"`) {
		t.Error(shown(edit))
	}
}
