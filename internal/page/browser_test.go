package page_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// browser starts a Chromium of its own and returns a context for one page in it.
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

// act does what a person does; see returns what they see.
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

// TestScreenshots writes pictures of the pages into the folder that SCREENSHOTS names, to be looked at.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Skip("set SCREENSHOTS to a folder to get pictures of the pages")
	}
	const devices = 300
	fleet, err := simulator.Start(simulator.Config{Devices: devices + 1, Interfaces: 24})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	text := apitest.Base + "targets:\n"
	for i, d := range fleet.Devices()[:devices] {
		address := d.Address()
		switch i {
		case 17:
			address = "127.0.0.1:1"
		case 42:
			d.RefuseLogins(true)
		case 77:
			d.SetSilent(true)
		}
		text += fmt.Sprintf("  - {name: access-%03d, address: '%s', auth: lab, labels: {site: %s, role: access}}\n", i, address, []string{"ams", "fra", "lon"}[i%3])
	}
	s := apitest.Start(t, apitest.Options{Config: text})
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		s.Exporter.Gather(ctx)
		cancel()
		time.Sleep(time.Second)
	}
	added := fleet.Devices()[devices]
	ctx := browser(t)
	waiting := addByForm(t, s.URL, "edge-1", added.Address(), "netconf", "netconf")
	failed := addByForm(t, s.URL, "edge-2", fleet.Devices()[42].Address(), "netconf", "wrong")
	confirmed := addByForm(t, s.URL, "edge-3", fleet.Devices()[3].Address(), "netconf", "netconf")
	time.Sleep(2 * time.Second)
	for _, id := range []string{failed, confirmed} {
		if now, err := s.Queue.Get(id); err == nil && now.Fingerprint != "" {
			_, _ = s.Queue.Confirm(id, now.Fingerprint)
		}
	}
	time.Sleep(3 * time.Second)
	for name, path := range map[string]string{
		"fleet": "/", "grouped": "/?group=label:site&sort=-duration_seconds", "filtered": "/?q=access-04", "target": "/targets/access-003", "down": "/targets/access-017",
		"add": "/add", "tasks": "/tasks", "waiting": "/tasks/" + waiting, "failed": "/tasks/" + failed, "done": "/tasks/" + confirmed, "none": "/targets/none",
	} {
		for _, width := range []int64{1400, 360} {
			for _, scheme := range []string{"light", "dark"} {
				act(t, ctx,
					chromedp.EmulateViewport(width, 900),
					send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
					}),
					chromedp.Navigate(s.URL+path), chromedp.WaitVisible(chromedp.CSS("main")))
				if see(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)) {
					t.Errorf("%s has to be scrolled sideways at %d px", path, width)
				}
				file := filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
				if err := os.WriteFile(file, see(t, ctx, chromedp.CaptureScreenshot()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
