package web

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// targetGroup is one element of Prometheus' HTTP service discovery.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// serveDiscovery lists the targets with their labels. The address is the target's name, which /probe takes.
func (s *server) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	s.discovery.serve(w, s.Exporter.Config())
}

func discovery(c *config.Config) ([]byte, error) {
	groups := []targetGroup{} // so that no targets give [], not null
	for _, target := range c.Targets {
		labels := map[string]string{
			"__meta_netconf_address": target.HostPort(),
			"__meta_netconf_auth":    target.Auth,
		}
		for name, value := range target.Labels {
			labels[name] = value
		}
		groups = append(groups, targetGroup{Targets: []string{target.Name}, Labels: labels})
	}
	var out bytes.Buffer
	err := json.NewEncoder(&out).Encode(groups)
	return out.Bytes(), err
}
