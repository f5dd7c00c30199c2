package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"time"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// page is the template of "/" and its security policy.
type page struct {
	template *template.Template
	policy   string // Content-Security-Policy: only our own style and script
}

func newPage() *page {
	functions := template.FuncMap{
		"css":    func() template.CSS { return template.CSS(pageCSS) },
		"script": func() template.JS { return template.JS(pageJS) },
	}
	return &page{
		template: template.Must(template.New("page").Funcs(functions).Parse(pageHTML)),
		policy: "default-src 'none'; style-src " + sourceHash(pageCSS) + "; script-src " + sourceHash(pageJS) +
			"; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
}

// sourceHash is the hash of an inline style or script for a Content-Security-Policy.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// servePage shows the targets. Its links are relative, so that they work below a proxy's path too.
func (s *server) servePage(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	if err := s.page.template.Execute(&out, s.newPageData(time.Now())); err != nil {
		s.Logger.Error("the page cannot be written", "err", err)
		http.Error(w, "the page cannot be written; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", s.page.policy)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes())
}

// relative makes a path relative to the page.
func relative(path string) string { return strings.TrimPrefix(path, "/") }
