package network

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"net"
	"net/http"
)

//go:embed faults.html
var page embed.FS

// Handler serves a page on which a person sets and clears faults, and for programs
//
//	GET /faults            the faults that are set, as JSON
//	PUT /faults/FAULT      sets one, written as ParseFault reads it
//	DELETE /faults/FAULT   clears it
//	DELETE /faults         clears all
//
// It answers neither pages of other sites nor requests that name a host other than localhost or an IP address, since no
// login protects it.
func Handler(f *Fleet) (http.Handler, error) {
	text, err := template.ParseFS(page, "faults.html")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
		_ = text.Execute(w, newPage(f.Network))
	})
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		all := []string{}
		for _, fault := range f.Network.Faults() {
			all = append(all, fault.String())
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"faults": all})
	})
	mux.HandleFunc("PUT /faults/{fault...}", func(w http.ResponseWriter, r *http.Request) { answer(w, f.change(r.PathValue("fault"), true)) })
	mux.HandleFunc("DELETE /faults/{fault...}", func(w http.ResponseWriter, r *http.Request) { answer(w, f.change(r.PathValue("fault"), false)) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		var errs []error
		for _, fault := range f.Network.Faults() {
			_, err := f.SetFault(fault, false)
			errs = append(errs, err)
		}
		answer(w, errors.Join(errs...))
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) { // of the page's forms
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		if err := f.change(r.PostFormValue("fault"), r.PostFormValue("clear") == ""); err != nil {
			answer(w, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return onlyLocalHosts(http.NewCrossOriginProtection().Handler(mux)), nil
}

func (f *Fleet) change(text string, on bool) error {
	fault, err := ParseFault(text)
	if err == nil {
		_, err = f.SetFault(fault, on)
	}
	return err
}

func answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, errNotSet):
		http.Error(w, err.Error(), http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// onlyLocalHosts refuses requests for a name that somebody else's DNS may have pointed here.
func onlyLocalHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != "localhost" && net.ParseIP(host) == nil {
			http.Error(w, "name this host by its IP address, or as localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// pageData is what the page shows.
type pageData struct {
	Faults []Fault
	Kinds  []pageKind
}

// pageKind is a kind of fault with all the faults of that kind that there can be.
type pageKind struct {
	FaultKind
	Faults []Fault
}

func newPage(n *Network) pageData {
	data := pageData{Faults: n.Faults()}
	for _, k := range FaultKinds() {
		kind := pageKind{FaultKind: k}
		for _, d := range n.devices {
			if d.spec.Spare {
				continue
			}
			if k.places == nil {
				kind.Faults = append(kind.Faults, Fault{d.spec.Name, k.Name, ""})
				continue
			}
			for _, where := range k.places(d) {
				kind.Faults = append(kind.Faults, Fault{d.spec.Name, k.Name, where})
			}
		}
		data.Kinds = append(data.Kinds, kind)
	}
	return data
}
