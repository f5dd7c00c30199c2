// Package api is the REST API under /api/v1: what is known of the targets, and, where it is switched on, their addition, change
// and removal as background tasks. The OpenAPI document is made from the types here.
package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/events"
	"github.com/netconf-exporter/netconf_exporter/internal/guard"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
)

// Prefix is the path that the API is below.
const Prefix = "/api/v1"

// Options are what the API works with. All are required, but for Onboarder.
type Options struct {
	Exporter  *collector.Exporter
	Observer  *observe.Observer
	Events    *events.Log // of all targets and tasks
	Guard     *guard.Guard
	Onboarder *onboard.Onboarder // nil where nothing may be changed
	Version   string
}

// API answers the requests.
type API struct {
	Options
	streams chan struct{} // slots of listeners
	reads   chan struct{} // slots of requests that wait for a device
}

// Limits of what goes on at a time: one request costs little, a flood of them memory.
const (
	mostStreams = 1000
	mostReads   = 200
	mostBody    = 64 << 10 // bytes
)

// New returns the handler of all paths below Prefix.
func New(o Options) http.Handler {
	a := &API{Options: o, streams: make(chan struct{}, mostStreams), reads: make(chan struct{}, mostReads)}
	mux := http.NewServeMux()
	settings := huma.DefaultConfig("netconf_exporter", o.Version)
	settings.Info.Description = "What is known of the devices that the exporter reads, and their addition while it runs."
	settings.CreateHooks = nil // they would add $schema to each body
	settings.DocsPath, settings.SchemasPath = "", ""
	settings.Transformers = []huma.Transformer{explain}
	api := humago.NewWithPrefix(mux, Prefix, settings)
	a.registerTargets(api)
	a.registerCallers(api)
	a.registerReads(api)
	a.registerChanges(api)
	a.registerTasks(api)
	a.registerEvents(api)
	other := &fallback{mux}
	mux.Handle("/", other)
	return mux
}

// fallback answers what no operation answers.
type fallback struct{ mux *http.ServeMux }

func (f *fallback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := f.mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeProblem(w, http.StatusMethodNotAllowed, "this path takes "+strings.Join(allowed, ", ")+"; "+Prefix+"/openapi.json describes them all")
		return
	}
	writeProblem(w, http.StatusNotFound, "there is no such path; "+Prefix+"/openapi.json describes those that there are")
}

// operation describes an operation; errors are the statuses that it may answer beside its own.
func operation(method, path, summary string, errors ...int) huma.Operation {
	return huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: path, Summary: summary, Errors: errors, MaxBodyBytes: mostBody,
	}
}

func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '{' || r == '}' })
	return strings.ToLower(method) + "-" + strings.Join(words, "-")
}

type requestKey struct{}

// guarded refuses an operation to those who may not change anything.
func (a *API) guarded(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		if err := a.Guard.Check(r); err != nil {
			_ = huma.WriteErr(api, ctx, http.StatusForbidden, err.Error())
			return
		}
		next(huma.WithValue(ctx, requestKey{}, r))
	}
}

// person is who sent the request of a guarded operation.
func (a *API) person(ctx context.Context) onboard.Person {
	r, ok := ctx.Value(requestKey{}).(*http.Request)
	if !ok {
		return onboard.Person{}
	}
	who, from := a.Guard.Person(r)
	return onboard.Person{Who: who, From: from}
}
