package web

import (
	"fmt"
	"net/http"
)

// serveConfig shows the running configuration without its secrets. It is plain text, because browsers download YAML.
func (s *server) serveConfig(w http.ResponseWriter, _ *http.Request) {
	s.configYAML.serve(w, s.Exporter.Config())
}

// serveReload loads the configuration again. If that fails, the old one stays in use.
func (s *server) serveReload(w http.ResponseWriter, r *http.Request) {
	if err := s.Reload(); err != nil {
		http.Error(w, fmt.Sprintf("the configuration was not reloaded, the old one stays: %v", err), http.StatusInternalServerError)
		return
	}
	serveLine("reloaded")(w, r)
	for _, warning := range s.Exporter.Warnings() {
		_, _ = fmt.Fprintf(w, "warning: %v\n", warning)
	}
}

// serveLine answers with one line of text.
func serveLine(line string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintln(w, line)
	}
}
