package collector_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestLogSaysOnceThatADeviceIsBack(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 1}, "")
	device := devices.Devices()[0]
	var log netconftest.Buffer
	e, err := collector.New(c, collector.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	said := func(when string, back int) {
		t.Helper()
		if got := strings.Count(log.String(), "the target is read again in full"); got != back || !strings.Contains(log.String(), "reading the target failed") {
			t.Errorf("%s, the log says %d times that it is back, want %d:\n%s", when, got, back, log.String())
		}
	}
	e.Gather(within(t, 10*time.Second))
	if err := device.SetDown(true); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		e.Gather(within(t, 10*time.Second))
	}
	said("down", 0)
	if err := device.SetDown(false); err != nil {
		t.Fatal(err)
	}
	if err := e.Apply(c); err != nil {
		t.Fatal(err)
	}
	for range 3000 { // until the session is up, on which nothing has been read yet
		if device.Logins() == 2 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	said("logged in again", 0)
	for range 2 {
		e.Gather(within(t, 10*time.Second))
	}
	said("read again", 1)
}
