package config_test

import (
	"os"
	"strings"
	"testing"
)

// TestDocumentedConfigurationLoads loads the annotated file of docs/configuration.md, and looks for each key in it.
func TestDocumentedConfigurationLoads(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	file, _, _ := strings.Cut(rest, "```")
	files := map[string]string{
		"netconf.yml": file, "known_hosts": "# none yet\n", "secrets/lab-password": "p\n", "secrets/id_ed25519": lockedKey, "secrets/passphrase": "open sesame\n", "secrets/netbox-token": "t\n",
	}
	certificates := certificateFiles(t)
	files["tls/ca.pem"], files["tls/exporter.pem"], files["secrets/exporter-key.pem"] = certificates["ca.pem"], certificates["c.pem"], certificates["k.pem"]
	_, text := load(writeFiles(t, files), "netconf.yml")
	if text != "" {
		t.Error(text)
	}
	for _, wrong := range []string{"x: 1", withAuth("x: 1"), withAuth("tls_config: {x: 1}"), "defaults: {x: 1}", withTarget("x: 1"), withMetric("m", "x: 1")} {
		_, text := load(writeFiles(t, map[string]string{"netconf.yml": wrong}), "netconf.yml")
		_, keys, _ := strings.Cut(text, "known here: ")
		for key := range strings.SplitSeq(keys, ", ") {
			if key == "" || !strings.Contains(file, key+":") {
				t.Errorf("the key %q is not in docs/configuration.md", key)
			}
		}
	}
}
