package page_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/browsertest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

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
	ctx := browsertest.Start(t)
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
				browsertest.Act(t, ctx,
					chromedp.EmulateViewport(width, 900),
					browsertest.Send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
					}),
					chromedp.Navigate(s.URL+path), chromedp.WaitVisible(chromedp.CSS("main")))
				if browsertest.See(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)) {
					t.Errorf("%s has to be scrolled sideways at %d px", path, width)
				}
				file := filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
				if err := os.WriteFile(file, browsertest.See(t, ctx, chromedp.CaptureScreenshot()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
