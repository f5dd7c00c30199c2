package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser starts a new Chromium and returns a context for one page in it.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is not installed; apt-get install chromium")
		}
		t.Skip("chromium is not installed; apt-get install chromium")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-dev-shm-usage", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// act performs actions on the page; see returns what the page shows.
func act(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func see[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// send is a command of the browser's protocol that chromedp has no action for.
func send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// wantWords fails the test unless text has all words.
func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("the page does not show %q:\n%s", word, text)
		}
	}
}

// serveStates serves an exporter whose targets are in all states.
func serveStates(t *testing.T) (e *fakeExporter, url string) {
	t.Helper()
	e = newFake(t, testConfig)
	setStatuses(e, time.Now())
	return e, serve(t, e)
}

func serve(t *testing.T, e *fakeExporter) (url string) {
	t.Helper()
	server := httptest.NewServer(handler(e, nil))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	table  = chromedp.CSS("#targets")
	filter = chromedp.CSS("#filter")
	answer = chromedp.CSS("body > pre") // how the browser shows text/plain
)

func TestAPersonReadsFiltersAndProbes(t *testing.T) {
	_, url := serveStates(t)
	ctx := browser(t)

	act(t, ctx, chromedp.EmulateViewport(1200, 800), chromedp.Navigate(url), chromedp.WaitVisible(filter))
	wantWords(t, see(t, ctx, chromedp.Text(table)),
		"edge1", "127.0.0.1:56734", "up", "20,063", `login as "admin" refused`, "<script>alert(1)</script>", "waiting")
	if family := see(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).fontFamily`)); !strings.Contains(family, "sans-serif") {
		t.Errorf("the page's style is not in force: the font is %s", family)
	}

	act(t, ctx, chromedp.SendKeys(filter, "refused EDGE"))
	shown := see(t, ctx, chromedp.Text(table))
	wantWords(t, shown, "edge2")
	if strings.Contains(shown, "edge1") {
		t.Errorf("the filter leaves edge1 in:\n%s", shown)
	}

	act(t, ctx, chromedp.EmulateViewport(360, 640))
	if see(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)) {
		t.Error("on a narrow screen the page has to be scrolled sideways")
	}
	act(t, ctx,
		chromedp.SendKeys(chromedp.CSS("input[name=target]"), "edge1"),
		chromedp.Click(chromedp.CSS("button[name=debug]")),
		chromedp.WaitVisible(answer))
	wantWords(t, see(t, ctx, chromedp.Text(answer)), "target   edge1", "result   up", "netconf_up 1")
}

func TestThePageKeepsItselfUpToDate(t *testing.T) {
	e := newFake(t, testConfig)
	url := serve(t, e)
	ctx := browser(t)
	act(t, ctx, chromedp.Navigate(url), chromedp.WaitVisible(filter), chromedp.SendKeys(filter, "edge1"))

	next := newFake(t, testConfig)
	setStatuses(next, time.Now())
	e.setTargets(next.targets)
	act(t, ctx, chromedp.WaitVisible(chromedp.CSS("#targets .up")))
	if !see(t, ctx, chromedp.Evaluate[bool](`document.activeElement.id === 'filter'`)) {
		t.Error("a refresh takes the focus from the filter")
	}
	if see(t, ctx, chromedp.Evaluate[bool](`document.querySelector('#targets .down').checkVisibility()`)) {
		t.Error("a refresh shows rows that the filter leaves out")
	}
}

func TestThePageIsReadableWithoutScript(t *testing.T) {
	_, url := serveStates(t)
	ctx := browser(t)
	act(t, ctx,
		send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}),
		chromedp.Navigate(url))
	page := see(t, ctx, chromedp.Text(chromedp.CSS("body")))
	wantWords(t, page, "1 of 3", "edge1", "20,063", "check the auth's password", "Next login attempt in")
	if strings.Contains(page, "Filter") {
		t.Error("the page offers a filter that cannot work without script")
	}
	act(t, ctx, chromedp.Click(chromedp.CSS(`a[aria-label="timeline of edge2"]`)), chromedp.WaitVisible(answer))
	wantWords(t, see(t, ctx, chromedp.Text(answer)), "target   edge2", "netconf_up 1")
}

// TestScreenshots writes screenshots of the page to the directory in SCREENSHOTS, for people to look at.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Skip("set SCREENSHOTS to a folder to get pictures of the page")
	}
	_, url := serveStates(t)
	ctx := browser(t)
	for _, width := range []int64{1280, 1000, 360} {
		for _, scheme := range []string{"light", "dark"} {
			act(t, ctx,
				chromedp.EmulateViewport(width, 700),
				send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				}),
				chromedp.Navigate(url), chromedp.WaitVisible(filter))
			file := filepath.Join(folder, fmt.Sprintf("page-%d-%s.png", width, scheme))
			if err := os.WriteFile(file, see(t, ctx, chromedp.FullScreenshot(100)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
