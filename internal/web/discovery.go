package web

import (
	"encoding/json"
	"net/http"
)

// targetGroup is one element of Prometheus' HTTP service discovery.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// serveDiscovery lists the targets with their labels. The address is the target's name, which /probe takes.
func (s *server) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	groups := []targetGroup{} // so that no targets give [], not null
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
	_ = json.NewEncoder(w).Encode(groups) // fails only if the client has disconnected
}
