package session_test

import (
	"context"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// eventually waits for a condition.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	ctx := deadline(t)
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatal("waited in vain")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// connect returns a client of an address. It is closed when the test ends, and then no goroutine of it may be left.
func connect(t *testing.T, address string, adjust ...func(*session.Options)) *session.Client {
	t.Helper()
	options := session.Options{
		Target: &config.Target{Name: "router1", Address: address, Auth: "lab"},
		Auth:   &config.Auth{Username: netconftest.User, Password: netconftest.Password, InsecureIgnoreHostKey: true},
		Dialer: session.NewDialer(4),
	}
	for _, f := range adjust {
		f(&options)
	}
	if _, again := checked.LoadOrStore(t, true); !again {
		t.Cleanup(func() { nothingLeft(t) }) // after the test's last client is closed
	}
	client := session.NewClient(options)
	t.Cleanup(func() { client.Close(context.Background()) })
	return client
}

// checked holds the tests that look for goroutines at their end.
var checked sync.Map

// nothingLeft waits until no goroutine of a client is running.
func nothingLeft(t *testing.T) {
	t.Helper()
	var stacks []string
	for range 3000 {
		stacks = nil
		all := make([]byte, 1<<20)
		for _, stack := range strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n") {
			ours := strings.Contains(stack, "nemith.io/netconf.") || strings.Contains(stack, "internal/session.(") ||
				strings.Contains(stack, "ssh.NewClient") || strings.Contains(stack, "internal/session.newFirstLine")
			if ours && !strings.Contains(stack, "nothingLeft") {
				stacks = append(stacks, stack)
			}
		}
		if len(stacks) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("left running:\n%s", strings.Join(stacks, "\n\n"))
}

// deadline returns a context that bounds what must not hang.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// get sends a <get/> and returns the reply's bytes.
func get(ctx context.Context, client *session.Client) (string, error) {
	var reply []byte
	err := client.RPC(ctx, nil, "<get/>", func(r io.Reader) (err error) {
		reply, err = io.ReadAll(r)
		return err
	})
	return string(reply), err
}

// wantError checks an error's reason and that its text holds all of the words.
func wantError(t *testing.T, err error, reason session.Reason, words ...string) {
	t.Helper()
	if got := session.ReasonOf(err); got != reason {
		t.Fatalf("reason %q, want %q: %v", got, reason, err)
	}
	for _, word := range append(words, "router1") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error does not say %q: %v", word, err)
		}
	}
	if strings.Contains(err.Error(), netconftest.Password) {
		t.Errorf("error shows the password: %v", err)
	}
}
