package module_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// catalog is what the modules of these tests give.
const catalog = `
catalog:
  lab_value: {type: gauge, help: "A number.", labels: [thing]}
  lab_other: {type: gauge, help: "Another number.", labels: [thing]}
  lab_total: {type: counter, help: "A counter.", labels: [thing]}
  lab_pair: {type: gauge, help: "About a part of a thing.", labels: [thing, part]}
  lab_state: {type: gauge, help: "An enumeration.", labels: [thing], values: {up: 1, down: 2}}
  lab_info: {type: gauge, help: "What is known.", labels: [thing], info: {text: text, note: text, kind: identity, mac: mac}, decode: one}
  lab_pair_info: {type: gauge, help: "What is known of a part.", labels: [thing, part], info: {note: text}, decode: one}
  lab_time: {type: gauge, help: "A date.", labels: [thing], decode: timestamp, min: 946684800, max: now}
  lab_light: {type: gauge, help: "A level.", labels: [thing], decode: decibels, max: 40}
  lab_ratio: {type: gauge, help: "A range.", labels: [thing], min: 0, max: 1}
  lab_alone: {type: gauge, help: "Of the whole device.", labels: []}
`

// lab compiles one module, given as the YAML below its name, over the catalogue above.
func lab(t testing.TB, yaml string) *module.Module {
	t.Helper()
	return labs(t, map[string]string{"it": yaml})["it"]
}

// labs compiles the modules of a test's cases, all at once, and without those that the program ships.
func labs(t testing.TB, cases map[string]string) map[string]*module.Module {
	t.Helper()
	definitions := config.Definitions{Modules: map[string]*config.Module{}}
	var metrics struct{ Catalog map[string]*config.Metric }
	strict(t, catalog, &metrics)
	definitions.Catalog = metrics.Catalog
	for name, yaml := range cases {
		definitions.Modules[name] = &config.Module{}
		strict(t, yaml, definitions.Modules[name])
	}
	modules, err := module.Compile(&definitions)
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

func strict(t testing.TB, text string, into any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

// replace puts texts into a template: old, new, old, new.
func replace(template string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(template)
}

func indent(yaml string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(yaml), "\n", "\n    ") + "\n"
}

// wantLines compares all samples of a result with what is wanted, in any order.
func wantLines(t *testing.T, r decode.Result, want ...string) {
	t.Helper()
	got := lines(r)
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

// wantSkipped compares what was left out with what is wanted; reasons that are not named want 0.
func wantSkipped(t *testing.T, r decode.Result, want map[string]int) {
	t.Helper()
	for _, reason := range decode.SkippedReasons() {
		if r.Skipped[reason] != want[reason] {
			t.Errorf("%d values skipped as %s, want %d", r.Skipped[reason], reason, want[reason])
		}
	}
}

// envelope wraps data in the elements that RFC 6241 puts around it.
func envelope(data string) string {
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><data>` + data + `</data></rpc-reply>`
}
