package module_test

import (
	"bytes"
	"html"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

var capability = regexp.MustCompile(`capability>([^<]*)</`)

// TestHellos compares, for what real devices said in their hello, the modules that fit best with testdata/hellos.yml: file of
// the collection to kind to module.
func TestHellos(t *testing.T) {
	data, err := os.ReadFile("testdata/hellos.yml")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]map[string]string
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	modules := load(t)
	for file, want := range cases {
		t.Run(file, func(t *testing.T) {
			var capabilities []string
			for _, found := range capability.FindAllStringSubmatch(corpus(t, file), -1) {
				capabilities = append(capabilities, strings.TrimSpace(html.UnescapeString(found[1])))
			}
			device := module.NewDevice(capabilities, nil)
			best := map[string]*module.Module{}
			for _, name := range slices.Sorted(maps.Keys(modules)) {
				m := modules[name]
				fits, _ := m.Fits(device)
				if known := best[m.Provides]; fits && (known == nil || known.Preference < m.Preference) {
					best[m.Provides] = m
				}
			}
			got := map[string]string{}
			for kind, m := range best {
				got[kind] = m.Name
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("modules that fit best (-want +got):\n%s", diff)
			}
		})
	}
}
