package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/descriptors"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// Serve is the exporter itself.
type Serve struct {
	Web           *toolkit.FlagConfig
	TelemetryPath string
	TimeoutOffset float64 // seconds
	Targets       bool    // the telemetry path reads all targets
	MaxDials      int     // in flight over all targets
	MaxScrapes    int     // in flight; 0: no limit
	Admin         Admin
	AutoReload    time.Duration // how often to look for changed files; 0: never
	MemoryLimit   string        // for all devices together; see memoryLimit

	listening func(net.Addr) // called when requests are served; may be nil
}

// Run implements Command. It serves until ctx ends.
func (s *Serve) Run(ctx context.Context, env *Environment) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // at once: until then SIGHUP ends the program
	defer signal.Stop(hangups)

	if s.TimeoutOffset < 0 || math.IsNaN(s.TimeoutOffset) {
		return fmt.Errorf("--timeout-offset=%v would make scrapes last longer than Prometheus waits; use 0 or more seconds", s.TimeoutOffset)
	}
	if s.AutoReload < 0 {
		return fmt.Errorf("--config.auto-reload-interval=%v is negative; use a time such as 30s, or 0 for never", s.AutoReload)
	}
	if err := toolkit.Validate(*s.Web.WebConfigFile); err != nil {
		return fmt.Errorf("%s: %w; correct it, or leave --web.config.file out", *s.Web.WebConfigFile, err)
	}
	before := ""
	if s.AutoReload > 0 {
		env.files = new(config.Files)
		before = env.files.Fingerprint(env.ConfigFiles, nil)
	}
	admin, cfg, err := s.openAdmin(env)
	if err != nil {
		return err
	}
	if len(cfg.Targets) >= 100 && os.Getenv("GOGC") == "" { // a tenth less memory for a tenth more processor time
		debug.SetGCPercent(50)
	}
	memory, err := memoryLimit(s.MemoryLimit, env.Logger)
	if err != nil {
		admin.close(ctx)
		return err
	}
	// Lazy: a second instance, whose port is taken, must end before it logs in to any device.
	exporter, err := collector.New(cfg, collector.Options{Logger: env.Logger, Lazy: true, DialLimit: s.MaxDials, MemoryLimit: memory})
	if err == nil {
		err = admin.start(env, exporter)
	}
	var pages http.Handler
	if err == nil {
		pages, err = admin.pages(s, env, exporter)
	}
	if err != nil {
		admin.close(ctx)
		return err
	}
	if err := exporter.Listen(); err != nil {
		shutDown(&http.Server{}, admin, exporter)
		return err
	}
	metrics := web.NewMetrics()
	metrics.Calls(exporter.Calls)
	metrics.Logins(exporter.Logins)
	metrics.Memory(exporter.Memory)
	metrics.Files(func() map[string]error { return exporter.Config().FileErrors })
	metrics.Inventories(admin.inventories.Failures)
	logFiles(env.Logger, exporter.Config())
	metrics.Reloaded(true, time.Now())
	reload := reloader(env, *s.Web.WebConfigFile, admin.inventory, exporter, metrics)
	logWarnings(env, exporter)
	env.Logger.Info("starting netconf_exporter", "version", version.Version, "targets", len(cfg.Targets))

	started := func() {}
	if s.Targets {
		started = sync.OnceFunc(exporter.Warm)
	} // else several exporters may share the targets, and this one dials only those that it is asked to probe
	server := &http.Server{
		Handler: web.New(web.Options{
			Exporter: web.From(exporter), Reload: reload, Own: metrics, Logger: env.Logger, TimeoutOffset: s.TimeoutOffset,
			TelemetryPath: s.TelemetryPath, NoTargets: !s.Targets, Version: version.Version,
			MaxScrapes: maxRequests(s.MaxScrapes, memory), Refused: metrics.Refused, API: admin.api(exporter), Pages: pages,
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          log.New(&web.ServerLog{Logger: env.Logger}, "", 0),
		ConnState:         web.NewClients(descriptors.Spare() - 16).State, // a few are left for files
	}
	open := server.Handler
	server.BaseContext = func(l net.Listener) context.Context {
		server.Handler = healthChecks(open, server.Handler) // the toolkit has put authentication in front of the handler by now
		started()
		if s.listening != nil {
			s.listening(l.Addr())
		}
		return context.Background()
	}
	over := make(chan struct{})
	defer close(over)
	if s.AutoReload > 0 {
		poll := &poller{interval: s.AutoReload, patterns: env.ConfigFiles, files: env.files, current: exporter.Config, reload: reload, logger: env.Logger}
		poll.look(before)
		go poll.run(over)
	}
	go func() { // a reload takes as long as files do
		for {
			select {
			case <-hangups:
				_ = reload() // it has been logged
			case <-over:
				return
			}
		}
	}()
	ended := make(chan error, 1)
	go func() { ended <- toolkit.ListenAndServe(server, s.Web, env.Logger) }()
	select {
	case err := <-ended:
		shutDown(server, admin, exporter)
		return listenError(err)
	case <-ctx.Done():
		env.Logger.Info("stopping: closing the sessions")
		shutDown(server, admin, exporter)
		return nil
	}
}

// reloader returns the function that reloads the configuration. On an error the old configuration stays in use. The error is
// logged here, because nobody receives it after a SIGHUP.
func reloader(env *Environment, webConfigFile string, targets *inventory.Inventory, exporter *collector.Exporter, metrics *web.Metrics) func() error {
	return func() error {
		err := checkWebConfig(webConfigFile)
		if err == nil {
			err = targets.Reload()
		}
		metrics.Reloaded(err == nil, time.Now())
		if err != nil {
			env.Logger.Error("the configuration was not reloaded, the old one stays", "err", err)
			return err
		}
		logWarnings(env, exporter)
		logFiles(env.Logger, exporter.Config())
		env.Logger.Info("the configuration was reloaded", "targets", len(exporter.Targets()))
		return nil
	}
}

// logWarnings logs likely mistakes in the configuration.
func logWarnings(env *Environment, exporter *collector.Exporter) {
	for _, w := range exporter.Warnings() {
		env.Logger.Warn("the configuration may have a mistake", "warning", w)
	}
}

// logFiles says which of target_files are bad.
func logFiles(logger *slog.Logger, c *config.Config) {
	for _, file := range slices.Sorted(maps.Keys(c.FileErrors)) {
		if err := c.FileErrors[file]; err != nil {
			logger.Error("a file of targets is bad: it keeps the targets that it had, or has none", "file", file, "err", err)
		}
	}
}

// healthChecks leaves out the authentication of --web.config.file for health checks, which say nothing that is secret: a Kubernetes probe or a load
// balancer has no password.
func healthChecks(open, protected http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/-/healthy" || r.URL.Path == "/-/ready" {
			open.ServeHTTP(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// shutDown ends the server, then the sessions. It cuts off scrapes that take longer: an answer without the devices whose sessions
// are closed would be wrong.
func shutDown(server *http.Server, admin *admin, exporter *collector.Exporter) {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_ = server.Shutdown(ctx)
	_ = server.Close()
	ctx, cancel = context.WithTimeout(context.Background(), closing)
	defer cancel()
	admin.close(ctx)
	exporter.Close(ctx)
}

// listenError says what to do about a server that did not start.
func listenError(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; is netconf_exporter running already? Stop what has the port, or choose another one with --web.listen-address=:PORT", err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w; choose a port above 1023 with --web.listen-address=:PORT", err)
	}
	return fmt.Errorf("%w; check the --web flags", cmp.Or(err, http.ErrServerClosed))
}
