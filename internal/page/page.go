// Package page has the web pages: all targets, one device, the form that adds one, and the tasks. Every page is complete without
// script. With script, pages update themselves.
package page

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/guard"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
)

//go:embed *.html page.css page.js
var files embed.FS

// Options are what the pages work with. All are required, but for those that say otherwise.
type Options struct {
	Exporter      *collector.Exporter
	Observer      *observe.Observer
	Guard         *guard.Guard
	Onboarder     *onboard.Onboarder // nil where nothing may be changed
	Logger        *slog.Logger
	Version       string
	TelemetryPath string
	NoTargets     bool   // TelemetryPath has only the exporter's own metrics
	GrafanaURL    string // "": none
}

// pages answers the requests. It is immutable.
type pages struct {
	Options
	templates map[string]*template.Template
	policy    string // Content-Security-Policy: our own style and script, and nothing from anywhere else
}

// New returns the handler of all pages.
func New(o Options) (http.Handler, error) {
	o.TelemetryPath = cmp.Or(strings.TrimLeft(o.TelemetryPath, "/"), "metrics")
	p := &pages{Options: o, templates: map[string]*template.Template{}}
	css, err := files.ReadFile("page.css")
	if err != nil {
		return nil, err
	}
	js, err := files.ReadFile("page.js")
	if err != nil {
		return nil, err
	}
	funcs := functions()
	funcs["css"] = func() template.CSS { return template.CSS(css) }
	funcs["script"] = func() template.JS { return template.JS(js) }
	for _, name := range []string{"fleet", "target", "form", "tasks", "task", "problem"} {
		if p.templates[name], err = template.New("layout.html").Funcs(funcs).ParseFS(files, "layout.html", name+".html"); err != nil {
			return nil, err
		}
	}
	p.policy = "default-src 'none'; style-src " + sourceHash(css) + "; script-src " + sourceHash(js) +
		"; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /{$}":                    p.serveFleet,
		"GET /targets/{name}":         p.serveTarget,
		"GET /targets/{name}/edit":    p.changing(p.serveEdit),
		"POST /targets/{name}/edit":   p.changing(p.replace),
		"POST /targets/{name}/check":  p.changing(p.check),
		"POST /targets/{name}/remove": p.changing(p.remove),
		"GET /add":                    p.changing(p.serveAdd),
		"POST /add":                   p.changing(p.add),
		"GET /tasks":                  p.changing(p.serveTasks),
		"GET /tasks/{id}":             p.changing(p.serveTask),
		"POST /tasks/{id}/confirm":    p.changing(p.confirm),
		"POST /tasks/{id}/cancel":     p.changing(p.cancel),
	} {
		mux.HandleFunc(pattern, handler)
	}
	return mux, nil
}

// sourceHash names an inline style or script in a Content-Security-Policy.
func sourceHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// layout is what all pages have.
type layout struct {
	Title     string
	Root      string // of the exporter's paths, relative to the page: pages work below a proxy's path, too
	Version   string
	Telemetry string
	Here      string // which of the pages in the menu it is
	MayChange bool
	Refresh   int // seconds after which the page is loaded again where there is no script; 0: never
	Events    bool
}

func (p *pages) layout(r *http.Request, title string) layout {
	up := strings.Count(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	return layout{
		Title: title, Root: cmp.Or(strings.Repeat("../", up), "./"), Version: p.Version, Telemetry: p.TelemetryPath,
		MayChange: p.Onboarder != nil && p.Guard.Check(r) == nil,
	}
}

// write writes a page. It is made whole before the first byte is sent.
func (p *pages) write(w http.ResponseWriter, status int, name string, data any) {
	var out bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&out, name+".html", data); err != nil {
		p.Logger.Error("a page cannot be written", "page", name, "err", err)
		http.Error(w, "the page cannot be written; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// problem is a page that shows an error.
type problem struct {
	layout
	Status   int
	Sentence string
}

func (p *pages) problem(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	p.write(w, status, "problem", problem{p.layout(r, http.StatusText(status)), status, sentence})
}

// changing lets requests through that may change things, and keeps their bodies small.
func (p *pages) changing(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := p.Guard.Check(r); err != nil {
			p.problem(w, r, http.StatusForbidden, err.Error())
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				status, sentence := http.StatusBadRequest, "the form cannot be read; send it again"
				var tooLarge *http.MaxBytesError
				if errors.As(err, &tooLarge) {
					status, sentence = http.StatusRequestEntityTooLarge, "the form holds more than 64 kB; shorten it"
				}
				p.problem(w, r, status, sentence)
				return
			}
		}
		next(w, r)
	}
}

func (p *pages) person(r *http.Request) onboard.Person {
	who, from := p.Guard.Person(r)
	return onboard.Person{Who: who, From: from}
}

// see redirects the browser to another page, by a path relative to this one.
func see(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}

func escape(name string) string { return url.PathEscape(name) }
