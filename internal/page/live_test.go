package page_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/browsertest"
)

// reads waits until the page says something.
func reads(t *testing.T, ctx context.Context, words ...string) {
	t.Helper()
	text := ""
	for range 1200 {
		now, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		if err == nil { // else the page is just being loaded
			text = now
		}
		missing := false
		for _, word := range words {
			missing = missing || !strings.Contains(text, word)
		}
		if !missing {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the page does not say %q:\n%s", words, text)
}

// becomes waits until an expression is true of the page.
func becomes(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for range 1200 {
		if here(t, ctx, expression) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the page does not become %s", expression)
}

func here(t *testing.T, ctx context.Context, expression string) bool {
	t.Helper()
	return browsertest.See(t, ctx, chromedp.Evaluate[bool](expression))
}

// TestPagesKeepThemselvesUpToDate looks at the fleet while devices are added, filters it, and goes down and comes back with the exporter.
func TestPagesKeepThemselvesUpToDate(t *testing.T) {
	s, fleet := apitest.Start(t, apitest.Options{}), devices(t, 3, 4)
	ctx := browsertest.Start(t)
	browsertest.Act(t, ctx, chromedp.EmulateViewport(1200, 800), chromedp.Navigate(s.URL), chromedp.WaitVisible(chromedp.CSS("main")))
	here(t, ctx, `window.sameDocument = true`)
	for i, d := range fleet {
		id := addByForm(t, s.URL, fmt.Sprintf("edge-%d", i), d.Address(), "netconf", "netconf", "host_key_fingerprint", d.Fingerprint())
		until(t, s, id, ended)
	}
	reads(t, ctx, "edge-0", "edge-1", "edge-2", "up")

	browsertest.Act(t, ctx, chromedp.Navigate(s.URL), chromedp.WaitVisible(chromedp.CSS("#filter")))
	browsertest.TabTo(t, ctx, "#filter")
	browsertest.Press(t, ctx, "EDGE-1")
	reads(t, ctx, "1 of 3 targets")
	// The filter neither takes the focus away nor leaves rows in.
	becomes(t, ctx, `document.activeElement.id === 'filter' && location.search === '?q=EDGE-1' && !document.body.innerText.includes('edge-2')`)
	fleet[1].SetSilent(true)
	fleet[1].DropSessions()
	if err := fleet[1].SetDown(true); err != nil {
		t.Fatal(err)
	}
	target, _ := s.Exporter.Target("edge-1")
	target.Scrape(t.Context(), nil)
	reads(t, ctx, "down", "connection refused")
	if !here(t, ctx, `document.activeElement.id === 'filter' && document.getElementById('filter').value === 'EDGE-1'`) {
		t.Error("what comes takes the focus, or what was typed")
	}
	if !here(t, ctx, `document.getElementById('news').textContent.includes('down')`) {
		t.Error("nobody who cannot see is told that a device is down")
	}
}

// TestStepsTickOffInPlace adds a device by keyboard and never loads the page of the task again.
func TestStepsTickOffInPlace(t *testing.T) {
	s, device := apitest.Start(t, apitest.Options{}), devices(t, 1, 4)[0]
	ctx := browsertest.Start(t)
	browsertest.Act(t, ctx, chromedp.EmulateViewport(1400, 900), chromedp.Navigate(s.URL+"/add"), chromedp.WaitVisible(chromedp.CSS("form.sheet")))
	for _, field := range [][2]string{{"name", "edge-1"}, {"address", device.Address()}, {"username", "netconf"}, {"password", "netconf"}} {
		browsertest.TabTo(t, ctx, "input[name="+field[0]+"]")
		browsertest.Press(t, ctx, field[1])
	}
	browsertest.Press(t, ctx, browsertest.Enter)
	reads(t, ctx, "Is this the device's host key?", device.Fingerprint())
	becomes(t, ctx, `document.readyState === 'complete'`) // before that it may have no script
	here(t, ctx, `window.sameDocument = true`)
	height := browsertest.See(t, ctx, chromedp.Evaluate[float64](`document.querySelector('.steps').offsetHeight`))
	browsertest.TabTo(t, ctx, "#confirm")
	browsertest.Press(t, ctx, browsertest.Enter)
	reads(t, ctx, "What was found:", "4 interfaces")
	becomes(t, ctx, `window.sameDocument === true && document.activeElement.classList.contains('steps')`) // not loaded again, and no focus lost
	if now := browsertest.See(t, ctx, chromedp.Evaluate[float64](`document.querySelector('.steps').offsetHeight`)); now != height {
		t.Errorf("the steps are %g px high when they are done, and were %g", now, height)
	}
	browsertest.TabTo(t, ctx, "#result a.button")
	browsertest.Press(t, ctx, browsertest.Enter)
	reads(t, ctx, "added here", "ethernet1/1")
}
