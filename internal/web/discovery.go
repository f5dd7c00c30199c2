package web

import (
	"encoding/json"
	"net/http"
)

// targetGroup is Prometheus' form of a target in HTTP service discovery.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// serveDiscovery lists the targets under their names, which is what /probe takes, with their labels.
func (s *server) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	groups := []targetGroup{} // no targets are [], not null
	for _, target := range s.Exporter.Config().Targets {
		labels := map[string]string{
			"__meta_netconf_address": target.HostPort(),
			"__meta_netconf_auth":    target.Auth,
		}
		for name, value := range target.Labels {
			labels[name] = value
		}
		groups = append(groups, targetGroup{Targets: []string{target.Name}, Labels: labels})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(groups) // a client that left is no news
}
