package module_test

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

var capability = regexp.MustCompile(`capability>([^<]*)</`)

// TestHellos compares, for what real devices said in their hello, the modules that fit best with those known.
func TestHellos(t *testing.T) {
	modules := load(t)
	for file, want := range corpus.Hellos(t) {
		t.Run(file, func(t *testing.T) {
			var capabilities []string
			for _, found := range capability.FindAllStringSubmatch(corpus.Recording(t, file), -1) {
				capabilities = append(capabilities, strings.TrimSpace(html.UnescapeString(found[1])))
			}
			device := yang.NewDevice(capabilities, nil)
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
