package command

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/prometheus/common/version"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/guard"
	"github.com/netconf-exporter/netconf_exporter/internal/httpsd"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
	"github.com/netconf-exporter/netconf_exporter/internal/page"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// Admin says what people may see and change.
type Admin struct {
	Enabled     bool   // targets may be added, changed and removed
	StoragePath string // folder of the targets that were added
	ExternalURL string // that people reach the exporter under; "" if it is the one that it listens on
	GrafanaURL  string // of the dashboards; "" if there are none
}

// eventsKept is how many events of all targets and tasks are kept for listeners who come back.
const eventsKept = 8192

// admin is the parts behind the REST API and the pages.
type admin struct {
	guard       *guard.Guard
	inventory   *inventory.Inventory
	inventories *httpsd.Manager // that the configuration names
	store       *store.Store    // nil: nothing is changed
	events      *events.Log
	observer    *observe.Observer
	queue       *task.Queue // nil: nothing is changed
	onboarder   *onboard.Onboarder

	end     context.CancelFunc
	running sync.WaitGroup
}

// inventories is the folder of a storage in which the last lists of inventories are kept.
func inventories(storage string) string { return filepath.Join(storage, "http_sd") }

// openAdmin checks the options and opens the storage. The configuration that it returns includes the stored targets.
func (s *Serve) openAdmin(env *Environment) (*admin, *config.Config, error) {
	a := &admin{events: events.New(eventsKept)}
	a.inventories = httpsd.New(httpsd.Options{
		Folder: inventories(s.Admin.StoragePath), Logger: env.Logger,
		Changed: func() {
			if err := a.inventory.Refresh(); err != nil {
				env.Logger.Error("the targets of an inventory cannot be put in force", "err", err)
			}
		},
	})
	external, err := guard.ParseExternalURL(s.Admin.ExternalURL)
	if err != nil {
		return nil, nil, err
	}
	if _, err := guard.ParseExternalURL(s.Admin.GrafanaURL); err != nil {
		return nil, nil, fmt.Errorf("--web.grafana-url=%s is not the address of a web page; write it as in https://grafana.example/", s.Admin.GrafanaURL)
	}
	passwords, protected, err := guard.Passwords(*s.Web.WebConfigFile)
	if err != nil {
		return nil, nil, err
	}
	if s.Admin.Enabled {
		if err := guard.CheckListening(*s.Web.WebListenAddresses, *s.Web.WebSystemdSocket, protected); err != nil {
			return nil, nil, err
		}
		if a.store, err = store.Open(s.Admin.StoragePath); err != nil {
			return nil, nil, err
		}
	}
	var merged *config.Config
	a.guard, err = guard.New(guard.Options{
		Enabled: s.Admin.Enabled, ListenAddresses: *s.Web.WebListenAddresses, ExternalURL: external, Passwords: passwords,
	})
	if err == nil {
		a.inventory, merged, err = inventory.Open(inventory.Options{
			Load: env.load, Folder: s.Admin.StoragePath, Store: a.store, Logger: env.Logger, Discovered: a.inventories.List,
		})
	}
	if err != nil && a.store != nil {
		a.store.Close()
	}
	return a, merged, err
}

// start begins to follow the exporter, and loads the stored tasks.
func (a *admin) start(env *Environment, exporter *collector.Exporter) error {
	a.inventory.OnChange(func(c *config.Config) error {
		if err := exporter.Use(c); err != nil {
			return err
		}
		a.inventories.Apply(c.HTTPSDConfigs)
		return nil
	})
	a.inventories.Apply(exporter.Config().HTTPSDConfigs)
	a.observer = observe.New(exporter, a.events)
	if a.store != nil {
		past, err := a.store.Tasks()
		if err != nil {
			return err
		}
		a.queue = task.New(task.Options{Record: a.store.PutTask, Forget: a.store.RemoveTask, Events: a.events}, past)
		a.onboarder = onboard.New(onboard.Options{Exporter: exporter, Inventory: a.inventory, Queue: a.queue, Logger: env.Logger})
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.end = cancel
	a.running.Go(func() { a.observer.Run(ctx) })
	return nil
}

// api is the handler of the REST API.
func (a *admin) api(exporter *collector.Exporter) http.Handler {
	return api.New(api.Options{
		Exporter: exporter, Observer: a.observer, Events: a.events, Guard: a.guard, Onboarder: a.onboarder, Version: version.Version,
	})
}

// pages is the handler of the pages for people.
func (a *admin) pages(s *Serve, env *Environment, exporter *collector.Exporter) (http.Handler, error) {
	return page.New(page.Options{
		Exporter: exporter, Observer: a.observer, Guard: a.guard, Onboarder: a.onboarder, Logger: env.Logger, Version: version.Version,
		TelemetryPath: s.TelemetryPath, NoTargets: !s.Targets, GrafanaURL: s.Admin.GrafanaURL,
	})
}

// close ends the tasks, closing their sessions within ctx, and closes the storage.
func (a *admin) close(ctx context.Context) {
	a.inventories.Close()
	if a.queue != nil {
		a.queue.Close(ctx)
	}
	if a.end != nil {
		a.end()
	}
	a.running.Wait()
	if a.store != nil {
		a.store.Close()
	}
}
