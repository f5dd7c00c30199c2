// Package apitest is an exporter with its REST API and its pages on a server of its own, for tests.
package apitest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/guard"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
	"github.com/netconf-exporter/netconf_exporter/internal/page"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// Base is a configuration without targets, to which devices on the loopback can be added.
const Base = `
auths:
  lab: {username: netconf, password: netconf, insecure_ignore_host_key: true, allowed_targets: [127.0.0.0/8]}
  far: {username: netconf, password: netconf, insecure_ignore_host_key: true, allowed_targets: [192.0.2.0/24]}
admin: {allowed_targets: [127.0.0.0/8]}
`

// Options change a Harness.
type Options struct {
	Config   string // Base where it is ""
	Disabled bool   // nothing may be changed
	Tasks    int    // that have not ended, at most; 0: as many as usual
	Folder   string // of the storage; "": one of its own
	Logger   *slog.Logger
	Patience time.Duration // with a client that takes nothing; 0: as usual
}

// Harness is a running exporter.
type Harness struct {
	URL       string
	Exporter  *collector.Exporter
	Inventory *inventory.Inventory
	Queue     *task.Queue
	Onboarder *onboard.Onboarder
	Events    *events.Log // of all targets and tasks
	Folder    string      // of the storage
	File      string      // the configuration
}

// Start starts an exporter that ends with the test.
func Start(t testing.TB, o Options) *Harness {
	t.Helper()
	s := &Harness{Folder: o.Folder, File: filepath.Join(t.TempDir(), "netconf.yml")}
	if s.Folder == "" {
		s.Folder = filepath.Join(t.TempDir(), "data")
	}
	if o.Config == "" {
		o.Config = Base
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.WriteFile(s.File, []byte(o.Config), 0o600))
	files, err := store.Open(s.Folder)
	check(err)
	var merged *config.Config
	s.Inventory, merged, err = inventory.Open(inventory.Options{
		Load: func() (*config.Config, error) { return config.Load([]string{s.File}) }, Folder: s.Folder, Store: files, Logger: o.Logger,
	})
	check(err)
	s.Exporter, err = collector.New(merged, collector.Options{})
	check(err)
	s.Inventory.OnChange(s.Exporter.Use)
	log := events.New(4096)
	s.Events = log
	observer := observe.New(s.Exporter, log)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { observer.Run(ctx) })
	past, err := files.Tasks()
	check(err)
	s.Queue = task.New(task.Options{Record: files.PutTask, Forget: files.RemoveTask, Events: log, Limit: o.Tasks}, past)
	g, err := guard.New(guard.Options{Enabled: !o.Disabled})
	check(err)
	s.Onboarder = onboard.New(onboard.Options{Exporter: s.Exporter, Inventory: s.Inventory, Queue: s.Queue, Logger: o.Logger})
	pages, err := page.New(page.Options{
		Exporter: s.Exporter, Observer: observer, Guard: g, Onboarder: s.Onboarder, Logger: o.Logger, Version: "1.2.3", GrafanaURL: "https://grafana.example",
	})
	check(err)
	server := httptest.NewServer(web.New(web.Options{
		Exporter: web.From(s.Exporter), Reload: s.Inventory.Reload, Own: web.NewMetrics(), Logger: o.Logger, Version: "1.2.3", Pages: pages,
		ClientTimeout: o.Patience,
		API:           api.New(api.Options{Exporter: s.Exporter, Observer: observer, Events: log, Guard: g, Onboarder: s.Onboarder, Version: "1.2.3"}),
	}))
	s.URL = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		http.DefaultClient.CloseIdleConnections()
		server.Close()
		ctx, end := context.WithTimeout(context.Background(), 5*time.Second)
		defer end()
		s.Queue.Close(ctx)
		cancel()
		running.Wait()
		s.Exporter.Close(ctx)
		files.Close()
	})
	return s
}

// Follow waits until a task has ended, or waits to be confirmed, and returns it. get returns the task as it is now.
func (s *Harness) Follow(t testing.TB, id string, get func() task.Task) task.Task {
	t.Helper()
	log, err := s.Queue.Events(id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for place := log.Start(); ; {
		now := get()
		if now.State.Final() || now.State == task.AwaitingConfirmation {
			return now
		}
		if _, place, _ = log.After(ctx, place); ctx.Err() != nil {
			t.Fatalf("the task does not end: %+v", now)
		}
	}
}
