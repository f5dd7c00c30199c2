//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/netconf-exporter/netconf_exporter/internal/browsertest"
)

// loopback lets devices on this host be added.
const loopback = "auths: {}\nadmin: {allowed_targets: [127.0.0.0/8]}\n"

// startAdmin starts an exporter to which devices can be added.
func startAdmin(t *testing.T, config string, flags ...string) *exporter {
	t.Helper()
	return startExporter(t, config, append([]string{"--web.enable-admin-api", "--storage.path=" + filepath.Join(t.TempDir(), "data")}, flags...)...)
}

// person uses the pages by keyboard alone.
type person struct {
	*testing.T
	ctx context.Context
	url string
}

func (p person) open(path string) {
	p.Helper()
	browsertest.Act(p.T, p.ctx, chromedp.Navigate(p.url+path), chromedp.WaitVisible(chromedp.CSS("main")))
}

// fill types text into a field of the form.
func (p person) fill(name, text string) {
	p.Helper()
	browsertest.TabTo(p.T, p.ctx, "input[name="+name+"]")
	browsertest.Press(p.T, p.ctx, text)
}

// press presses what has the focus after tabbing to it.
func (p person) press(selector string) {
	p.Helper()
	browsertest.TabTo(p.T, p.ctx, selector)
	browsertest.Press(p.T, p.ctx, browsertest.Enter)
}

func (p person) reads(words ...string) {
	p.Helper()
	waitFor(p.T, strings.Join(words, ", ")+" on the page", func() bool {
		text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		// An error: without script the page is just being loaded again.
		return err == nil && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
	})
}

// add fills the form and sends it.
func (p person) add(name string, d *device, password string) {
	p.Helper()
	p.press(`nav a[href$="add"]`)
	browsertest.Act(p.T, p.ctx, chromedp.WaitVisible(chromedp.CSS("form.sheet")))
	p.fill("name", name)
	p.fill("address", d.address)
	p.fill("username", deviceUser)
	p.fill("password", password)
	p.press("form.sheet button.primary")
	p.reads("Add "+name, "host key")
}

// TestAPersonAddsARealDeviceByKeyboard adds netconfd, confirms its key, watches the steps arrive without the page being loaded again,
// sees its interfaces with rates that are the kernel's, reads why a wrong password fails, and removes the device.
func TestAPersonAddsARealDeviceByKeyboard(t *testing.T) {
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprintf("script=%v", script), func(t *testing.T) {
			need(t, "chromium")
			d := startDevice(t)
			e := startAdmin(t, loopback)
			p := person{t, browsertest.Start(t), e.url}
			if !script {
				browsertest.Act(t, p.ctx, browsertest.WithoutScript())
			}
			p.open("/")
			p.reads("There are no targets yet")
			p.add("lab-device", d, devicePassword)
			p.reads("Is this the device's host key?", d.fingerprint)
			if d.logins() != 0 {
				t.Errorf("%d logins before the key is confirmed", d.logins())
			}
			if script {
				browsertest.Act(t, p.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
					_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.sameDocument = true`))
					return err
				}))
			}
			p.press("#confirm")
			p.reads("What was found:", "interfaces", "ietf-interfaces", `as target "lab-device"`)
			if script && !browsertest.See(t, p.ctx, chromedp.Evaluate[bool](`window.sameDocument === true`)) {
				t.Error("the page was loaded again while the steps came")
			}

			p.press(`#result a.button`)
			p.reads("lab-device", "added here", "lo")
			if script {
				p.reads("bit/s") // the page has the device read again, since nobody else does
			}
			rates(t, e)

			p.add("wrong", d, "not the password")
			p.reads("Is this the device's host key?")
			p.press("#confirm")
			p.reads("It did not work", "login refused", "check username, password")
			p.press(`#result a[href*="again="]`)
			browsertest.Act(t, p.ctx, chromedp.WaitVisible(chromedp.CSS("form.sheet")))
			typed := browsertest.See(t, p.ctx, chromedp.Evaluate[string](
				`[...document.querySelectorAll("form.sheet input")].map((i) => i.name + "=" + i.value).join(" ")`))
			if !strings.Contains(typed, "name=wrong") || !strings.Contains(typed, "username="+deviceUser) || strings.Contains(typed, "password=n") {
				t.Errorf("the form offers %q", typed)
			}

			p.open("/targets/lab-device")
			p.press("details.confirm summary")
			p.press("details.confirm button")
			p.reads("There are no targets yet")
			if status, _ := e.get("/api/v1/targets/lab-device"); status != http.StatusNotFound {
				t.Errorf("the device is still there: %d", status)
			}
		})
	}
}

// rates compares the rates that the API gives, and the page shows, with what the kernel counted between two reads.
func rates(t *testing.T, e *exporter) {
	t.Helper()
	type answer struct {
		Interfaces []struct {
			Name  string
			Rates *struct {
				Seconds               float64
				ReceiveBitsPerSecond  *float64 `json:"receive_bits_per_second"`
				TransmitBitsPerSecond *float64 `json:"transmit_bits_per_second"`
			}
		}
	}
	var got answer
	var kernel [2][2]map[string][2]float64 // before and after each of the two reads
	for i := range 2 {
		time.Sleep(3 * time.Second) // netconfd caches values for a short time
		kernel[i][0] = readOctets(t)
		status, body := e.get("/api/v1/targets/lab-device/interfaces")
		kernel[i][1] = readOctets(t)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
	}
	found := false
	for _, one := range got.Interfaces {
		if one.Name != "lo" || one.Rates == nil || one.Rates.ReceiveBitsPerSecond == nil {
			continue
		}
		found = true
		octets := *one.Rates.ReceiveBitsPerSecond * one.Rates.Seconds / 8
		least, most := kernel[1][0]["lo"][0]-kernel[0][1]["lo"][0], kernel[1][1]["lo"][0]-kernel[0][0]["lo"][0]
		if octets < least-1 || octets > most+1 {
			t.Errorf("lo received %.0f octets by its rate; the kernel counted %.0f to %.0f", octets, least, most)
		}
	}
	if !found {
		t.Errorf("lo has no rate: %+v", got)
	}
}

// TestPrometheusFindsADeviceThatWasAdded adds a device while Prometheus runs.
func TestPrometheusFindsADeviceThatWasAdded(t *testing.T) {
	need(t, "prometheus")
	d := startDevice(t)
	e := startAdmin(t, loopback)
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `
scrape_configs:
  - job_name: netconf
    scrape_interval: 1s
    static_configs: [{targets: [%[1]q]}]
  - job_name: netconf_probe
    scrape_interval: 1s
    metrics_path: /probe
    http_sd_configs: [{url: "%[2]s/sd", refresh_interval: 1s}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {replacement: %[1]q, target_label: __address__}
`, strings.TrimPrefix(e.url, "http://"), e.url), 0o600); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	prometheus := start(t, exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+dir, "--web.listen-address="+address))
	waitFor(t, "Prometheus", func() bool { return prometheus.running() && results(address, `up{job="netconf"} == 1`) == 1 })
	e.addTarget(t, map[string]any{"name": "added", "address": d.address, "username": deviceUser, "password": devicePassword, "host_key_fingerprint": d.fingerprint})
	for _, query := range []string{`netconf_up{job="netconf", target="added"} == 1`, `up{job="netconf_probe", instance="added"} == 1`} {
		waitFor(t, query, func() bool { return results(address, query) == 1 })
	}
}

// addTarget asks for a target to be added, and returns the path of the task.
func (e *exporter) addTarget(t *testing.T, target map[string]any) (task string) {
	t.Helper()
	text, err := json.Marshal(target)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(e.url+"/api/v1/targets", "application/json", strings.NewReader(string(text)))
	if err != nil {
		return "" // it was killed
	}
	response.Body.Close()
	return response.Header.Get("Location")
}
