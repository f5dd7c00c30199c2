package module_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

var update = flag.Bool("update", false, "write what the modules give to testdata/modules/*/*/want.prom")

// The tests of the modules that the program ships are data:
//
//	testdata/modules/MODULE/CASE/1.xml, 2.xml ...   replies, one for each read of the module, in the shape that devices send
//	testdata/modules/MODULE/CASE/want.prom          all that the module makes of them
//
// What they make of replies that real devices sent is in ../corpus.
const casesDir = "testdata/modules"

// TestBuiltinModules compares what each shipped module gives with the goldens.
func TestBuiltinModules(t *testing.T) {
	modules := load(t)
	for name, m := range modules {
		cases, err := filepath.Glob(filepath.Join(casesDir, name, "*"))
		if err != nil || len(cases) == 0 {
			t.Errorf("module %s has no case in %s (%v); add a reply in the shape that its devices send", name, filepath.Join(casesDir, name), err)
		}
		for _, dir := range cases {
			t.Run(name+"/"+filepath.Base(dir), func(t *testing.T) {
				compareGolden(t, filepath.Join(dir, "want.prom"), golden(t, m, replies(t, dir)))
			})
		}
	}
	dirs, err := os.ReadDir(casesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range dirs {
		if modules[f.Name()] == nil {
			t.Errorf("%s is for a module that there is not", filepath.Join(casesDir, f.Name()))
		}
	}
}

// replies reads 1.xml, 2.xml and so on.
func replies(t *testing.T, dir string) (all []string) {
	t.Helper()
	for {
		reply, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.xml", len(all)+1)))
		if os.IsNotExist(err) && len(all) > 0 {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(reply))
	}
}

// golden renders all that a module makes of replies: samples, and as comments what was left out, errors that the replies
// report, and when the counters began.
func golden(t *testing.T, m *module.Module, replies []string) string {
	t.Helper()
	if len(replies) > len(m.Requests) {
		t.Fatalf("%d replies for %d reads", len(replies), len(m.Requests))
	}
	var b strings.Builder
	r, errors := readAll(t, m, now, replies...)
	for _, line := range lines(r) {
		b.WriteString(line + "\n")
	}
	for _, reason := range decode.SkippedReasons() {
		if n := r.Skipped[reason]; n > 0 {
			fmt.Fprintf(&b, "# %d skipped: %s\n", n, reason)
		}
	}
	for _, e := range errors {
		fmt.Fprintf(&b, "# error: %s\n", e)
	}
	began := map[float64]int{}
	for _, f := range r.Families {
		for _, s := range f.Samples {
			if s.Start != nil {
				began[unix(s.Start)]++
			}
		}
	}
	for _, start := range slices.Sorted(maps.Keys(began)) {
		fmt.Fprintf(&b, "# %d counters began at %.6f\n", began[start], start)
	}
	return b.String()
}

// readAll is read for replies that may report errors.
func readAll(t *testing.T, m *module.Module, now time.Time, replies ...string) (r decode.Result, errors []string) {
	t.Helper()
	table := m.Table(limits)
	defer table.Release()
	for i, reply := range replies {
		got, err := table.Decode(strings.NewReader(reply))
		if err != nil {
			t.Fatal(err)
		}
		if m.Requests[i].Optional {
			continue // the device may lack it
		}
		for _, e := range got.Errors {
			errors = append(errors, e.Message)
		}
	}
	return table.Result(decode.NewCache(nil), now, false), errors
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with -update, then check it line by line against the model's units", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

// TestCorpus reads what real devices sent and compares it with what is known of each reply.
func TestCorpus(t *testing.T) {
	modules := load(t, "../corpus/vendors.yml")
	for name, tc := range corpus.Cases(t) {
		t.Run(name, func(t *testing.T) {
			m := modules[tc.Module]
			if m == nil {
				t.Fatalf("there is no module %s", tc.Module)
			}
			var replies []string
			for _, file := range tc.Replies {
				replies = append(replies, corpus.Recording(t, file))
			}
			r, errors := readAll(t, m, tc.Present(), replies...)
			if tc.Fails != (len(errors) > 0) {
				t.Errorf("errors %q; want some: %v", errors, tc.Fails)
			}
			expect(t, r, tc.Want...)
			for metric, want := range tc.Counts {
				if got := count(r, metric); got != want {
					t.Errorf("%s has %d samples, want %d", metric, got, want)
				}
			}
			wantSkipped(t, r, tc.Skipped)
			if tc.Empty() && r.Samples != 0 {
				t.Errorf("%d samples from nothing:\n%s", r.Samples, strings.Join(lines(r), "\n"))
			}
		})
	}
}

// kinds are what modules may provide. auto reads one module of each.
var kinds = []string{
	"addresses", "alarms", "arp", "bfd", "bgp", "cdp", "cluster", "cpu", "fhrp", "filesystems", "hardware", "hsrp", "interfaces",
	"inventory", "ipsec", "isis", "lag", "ldp", "lldp", "lsp", "mac", "memory", "nd", "optical", "optics", "optics-thresholds", "ospf",
	"poe", "power", "probes", "queues", "routes", "server", "system", "thresholds",
}

// TestBuiltinModulesAgree loads all modules against one another: whatever device a metric comes from, it is one thing.
func TestBuiltinModulesAgree(t *testing.T) {
	type shape struct {
		Help   string
		Type   dto.MetricType
		Labels string
	}
	definitions, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	modules := load(t)
	shapes, preferences := map[string]shape{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		for _, metric := range m.Metrics {
			if definitions.Catalog[metric.Name] == nil {
				t.Errorf("module %s: %s is not in the catalogue", name, metric.Name)
			}
			got := shape{metric.Help, metric.Type, strings.Join(metric.Labels(), " ")}
			if first, ok := shapes[metric.Name]; ok && first != got {
				t.Errorf("module %s gives %s as %v, another one as %v", name, metric.Name, got, first)
			}
			shapes[metric.Name] = got
		}
		if !slices.Contains(kinds, m.Provides) {
			t.Errorf("module %s provides %q, which is none of %v", name, m.Provides, kinds)
		}
		if definitions.Modules[name].Status == "" {
			t.Errorf("module %s does not say its status", name)
		}
		if fits, _ := m.Fits(yang.NewDevice(nil, nil)); fits {
			t.Errorf("module %s fits a device that announces nothing", name)
		}
		rank := fmt.Sprint(m.Provides, " ", m.Preference)
		if other, ok := preferences[rank]; ok && overlap(definitions.Modules[name], definitions.Modules[other]) {
			t.Errorf("modules %s and %s fit the same devices with the same preference: auto would choose by name", name, other)
		}
		preferences[rank] = name
	}
	for name := range definitions.Catalog {
		if _, given := shapes[name]; !given {
			t.Errorf("no module gives %s", name)
		}
	}
}

// TestNumbersAreSaidOneWay holds that no module has a notion of its own of what a number is: devices write them with signs, points and
// exponents, all of which {number} takes.
func TestNumbersAreSaidOneWay(t *testing.T) {
	library, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	var check func(module, metric string, v config.Value)
	check = func(module, metric string, v config.Value) {
		if digits := strings.Contains(v.Match, "[0-9") || strings.Contains(v.Match, `\d`); digits && v.Decode != "bitrate" {
			t.Errorf("module %s: %s matches %q; write {number} for a number", module, metric, v.Match)
		}
		for _, member := range slices.Concat(v.FirstOf, v.SumOf) {
			check(module, metric, member)
		}
	}
	var rows func(module string, all []config.Row)
	rows = func(module string, all []config.Row) {
		for _, r := range all {
			for metric, v := range r.Metrics {
				check(module, metric, v)
			}
			rows(module, r.Rows)
		}
	}
	for name, m := range library.Modules {
		rows(name, m.Rows)
	}
}

// overlap reports whether two modules ask for the same namespaces.
func overlap(a, b *config.Module) bool {
	uris := func(m *config.Module) []string { return slices.Sorted(maps.Values(m.Namespaces)) }
	return slices.Equal(uris(a), uris(b))
}

func TestBuiltinModulesHaveNoWarnings(t *testing.T) {
	for name, m := range load(t) {
		if len(m.Warnings) > 0 {
			t.Errorf("module %s: %v", name, m.Warnings)
		}
	}
}

func TestRowsThatNoReadAsksFor(t *testing.T) {
	const start = `namespaces: {a: "urn:a", b: "urn:b"}
`
	for name, c := range map[string]struct{ yaml, want string }{
		"another node":      {start + "reads: [{get: [/a:x]}]\nrows: [{path: /a:y, metrics: {lab_alone: v}}]", "no read asks for /a:y; add it under reads, or these rows are never there"},
		"one path of two":   {start + "reads: [{get: [/a:x]}]\nrows: [{path: [/a:x, /b:x], metrics: {lab_alone: v}}]", ""},
		"another namespace": {start + "reads: [{get: [/a:x]}]\nrows: [{path: [/b:x, /b:y], metrics: {lab_alone: v}}]", "no read asks for /b:x or /b:y; add it under reads, or these rows are never there"},
		"beside a leaf":     {start + "reads: [{get: [\"/a:x/{y,z}\"]}]\nrows: [{path: /a:x/q, metrics: {lab_alone: v}}]", "no read asks for /a:x/q; add it under reads, or these rows are never there"},
		"above":             {start + "reads: [{get: [/a:x/y/z]}]\nrows: [{path: /a:x, metrics: {lab_alone: y/z}}]", ""},
		"below":             {start + "reads: [{get: [/a:x]}]\nrows: [{path: /a:x/y, metrics: {lab_alone: v}}]", ""},
		"an rpc":            {start + "reads: [{rpc: <get-x/>}]\nrows: [{path: /a:y, metrics: {lab_alone: v}}]", ""},
		"roots":             {start + "roots: ['', /b:wrap/item]\nreads: [{get: [/a:x]}]\nrows: [{path: /a:x, metrics: {lab_alone: v}}]", ""},
	} {
		got := ""
		for _, w := range lab(t, c.yaml).Warnings {
			got += strings.TrimPrefix(w.Message, "module it: ")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
