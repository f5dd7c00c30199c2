package nearest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

func TestTo(t *testing.T) {
	names := []string{"auto", "ietf-interfaces", "ietf-interfaces-nmda", "ietf-system", "junos-interfaces", "lab"}
	for name, want := range map[string][]string{
		"IETF-Interfaces": {"ietf-interfaces"},
		"Auto":            {"auto"},
		"ietf-interfces":  {"ietf-interfaces"},
		"lap":             {"lab"},
		"nmda":            {"ietf-interfaces-nmda"},
		"zzzzzz":          nil,
		"q":               nil,
		"":                nil,
	} {
		if got := nearest.To(name, names); !slices.Equal(got[:min(1, len(got))], want) && !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v first", name, got, want)
		}
	}
	if got := nearest.To(strings.Repeat("x", 1<<20), names); got != nil {
		t.Errorf("a long name: %v", got)
	}
	if got, want := nearest.Hint("lap", names, "; write a name"), "; did you mean lab?"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := nearest.Hint("zzzzzz", names, "; write a name"), "; write a name"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
