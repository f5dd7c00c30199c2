package session_test

import (
	"os"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestBackoff checks that a refused login is not tried again at once, unless the secret has changed.
func TestBackoff(t *testing.T) {
	secret := writeFile(t, "wrong\n")
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address, func(o *session.Options) { o.Auth.Password, o.Auth.PasswordFile = "", secret })
	began := time.Now()
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonAuth)
	retry := client.Stats().LoginRetry
	if wait := retry.Sub(began); wait < 5*time.Minute || wait > 7*time.Minute {
		t.Errorf("retry after %v, want 5 to 6 min", wait)
	}
	for range 3 {
		trace := session.NewTrace()
		_, err = client.Connect(deadline(t), trace)
		wantError(t, err, session.ReasonBackoff, "not tried again before "+retry.UTC().Format(time.RFC3339), "login refused", "password")
		if events := trace.Events(); len(events) != 1 || events[0].Phase != "auth" {
			t.Errorf("trace %+v", events)
		}
	}
	if n := device.Offered.Load(); n != 1 {
		t.Errorf("%d passwords sent, want 1", n)
	}
	if err := os.WriteFile(secret, []byte(netconftest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	if stats := client.Stats(); !stats.LoginRetry.IsZero() || stats.Dials["auth"] != 1 || stats.Dials["ok"] != 1 || stats.Dials["backoff"] != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// TestBackoffGrows checks that the wait doubles up to its limit, and that the login is tried again after it.
func TestBackoffGrows(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := connect(t, device.Address, func(o *session.Options) {
		o.Auth.Password = "wrong"
		o.Timeouts.LoginRetryFirst, o.Timeouts.LoginRetryMost = time.Millisecond, 4*time.Millisecond
	})
	for i := range 5 {
		_, err := client.Connect(deadline(t), nil)
		wantError(t, err, session.ReasonAuth)
		if n := device.Offered.Load(); n != int32(i+1) {
			t.Fatalf("%d passwords sent, want %d", n, i+1)
		}
		time.Sleep(time.Until(client.Stats().LoginRetry))
	}
}
