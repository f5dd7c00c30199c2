// Package browsertest drives a real Chromium in tests, by keyboard alone where that is what a test is about.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Start starts a Chromium of its own and returns a context for one page in it.
func Start(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is not installed; apt-get install chromium")
		}
		t.Skip("chromium is not installed; apt-get install chromium")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
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

// Act does what a person does.
func Act(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// See returns what they see.
func See[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Send is a command of the browser's protocol that chromedp has no action for.
func Send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// WithoutScript switches script off.
func WithoutScript() chromedp.Action[chromedp.Void] {
	return Send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// The keys that a person who has no mouse needs.
const (
	Tab   = "\t"
	Enter = "\r"
	Space = " "
)

// Press presses a key, or types text where the focus is.
func Press(t *testing.T, ctx context.Context, keys string) {
	t.Helper()
	Act(t, ctx, chromedp.KeyEvent(keys))
}

// TabTo presses Tab until what a CSS selector names has the focus.
func TabTo(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	for range 120 {
		if See(t, ctx, chromedp.Evaluate[bool](`document.activeElement.matches(`+"`"+selector+"`"+`)`)) {
			return
		}
		Press(t, ctx, Tab)
	}
	t.Fatalf("%s cannot be reached by keyboard", selector)
}
