// Package web has the exporter's HTTP handlers: scrapes, probes, service discovery, the page for people, and the paths that
// other exporters have too.
package web

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Options configure the handlers. Exporter, Reload and Own are required.
type Options struct {
	Exporter      Exporter
	Reload        func() error        // loads the configuration again; called by any number of requests at once
	Own           prometheus.Gatherer // the exporter's own metrics, see Metrics
	Logger        *slog.Logger        // nil: nothing is logged
	TimeoutOffset float64             // seconds to subtract from the scrape timeout that Prometheus sends
	TelemetryPath string              // "" is /metrics
	NoTargets     bool                // TelemetryPath has only the exporter's own metrics
	Version       string              // shown on the page
	MaxScrapes    int                 // at a time; more are refused with 503; 0: no limit
	Refused       func()              // called for each refused scrape; may be nil
	API           http.Handler        // of all paths below /api/v1/; nil: there are none
	ClientTimeout time.Duration       // for a client to take a piece of an answer, or to send a body; 0: 10 s
	Pages         http.Handler        // of / and all paths that nothing else has; nil: there are none
}

// server holds what the handlers share.
type server struct {
	Options
	configYAML cached
	discovery  cached
	whole      sync.Mutex // held by the answer that is in memory as a whole
}

// New returns the handler of all paths.
func New(options Options) http.Handler {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	options.TelemetryPath = "/" + strings.TrimLeft(options.TelemetryPath, "/")
	if options.TelemetryPath == "/" {
		options.TelemetryPath = "/metrics"
	}
	if options.ClientTimeout == 0 {
		options.ClientTimeout = defaultClientTimeout
	}
	s := &server{
		Options:    options,
		configYAML: cached{contentType: "text/plain; charset=utf-8", make: (*config.Config).YAML},
		discovery:  cached{contentType: "application/json", make: discovery},
	}

	compress := compression()
	scrape := limited(max(options.MaxScrapes, 0), options.Refused)
	mux := http.NewServeMux()
	methods := map[string][]string{} // by path
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /probe":     scrape(s.serveProbe),
		"GET /sd":        scrape(s.serveDiscovery),
		"GET /config":    scrape(s.serveConfig),
		"GET /-/healthy": serveLine("healthy"),
		"GET /-/ready":   serveLine("ready"),
		"POST /-/reload": s.serveReload,
		"PUT /-/reload":  s.serveReload,
	} {
		mux.Handle(pattern, compress(sameSite(handler)))
		method, path, _ := strings.Cut(pattern, " ")
		methods[path] = append(methods[path], method)
	}
	for path, methods := range methods { // the pages take all paths that nothing else takes
		mux.Handle(path, methodNotAllowed(methods))
	}
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /debug/pprof/":        pprof.Index, // and the profiles by name
		"GET /debug/pprof/cmdline": pprof.Cmdline,
		"GET /debug/pprof/profile": pprof.Profile,
		"GET /debug/pprof/symbol":  pprof.Symbol,
		"GET /debug/pprof/trace":   pprof.Trace,
	} {
		mux.Handle(pattern, handler) // profiles are compressed already
	}
	if options.API != nil {
		mux.Handle("/api/v1/", compressed(compress, scrape, options.API))
	}
	if options.Pages != nil {
		mux.Handle("/", compress(scrape(options.Pages.ServeHTTP)))
	}
	metrics := compress(readOnly(scrape(s.serveMetrics)))

	return deadlines(options.ClientTimeout, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// Not a pattern of the mux: the mux panics if the path is one of those above or has a brace.
		if r.URL.Path == s.TelemetryPath {
			metrics.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// compressed compresses the answers of a handler, but for streams of events, each of which must go out at once.
// Those have a limit of their own.
func compressed(compress func(http.Handler) http.HandlerFunc, limit func(http.HandlerFunc) http.HandlerFunc, next http.Handler) http.Handler {
	small := compress(limit(next.ServeHTTP))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			next.ServeHTTP(w, r)
			return
		}
		small.ServeHTTP(w, r)
	})
}

// sameSite refuses requests that change something and that a browser sends for a page of another site.
func sameSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the request comes from a page of another site; send it from no page at all, as curl does", http.StatusForbidden)
	}))
	return protection.Handler(next)
}

// methodNotAllowed refuses a request with another method than these. HEAD goes with GET.
func methodNotAllowed(methods []string) http.HandlerFunc {
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	}
}

// readOnly refuses methods other than GET and HEAD, as the mux does for its own patterns.
func readOnly(next http.HandlerFunc) http.HandlerFunc {
	refuse := methodNotAllowed([]string{http.MethodGet})
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuse(w, r)
			return
		}
		next(w, r)
	}
}
