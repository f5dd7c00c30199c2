package module_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// now is the present of all tests.
var now = corpus.Now

var limits = decode.Limits{ReplyBytes: 64 << 20, Samples: 500000}

// load compiles the built-in modules and those of a file.
func load(t testing.TB, files ...string) map[string]*module.Module {
	t.Helper()
	definitions, err := config.BuiltinDefinitions()
	if len(files) > 0 {
		var c *config.Config
		if c, err = config.Load(files); err == nil {
			definitions, err = c.Definitions()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	modules, err := module.Compile(definitions)
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

// read gives what a module makes of replies.
func read(t testing.TB, m *module.Module, replies ...string) decode.Result {
	t.Helper()
	table := m.Table(limits)
	defer table.Release()
	for _, reply := range replies {
		got, err := table.Decode(strings.NewReader(reply))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Errors) > 0 {
			t.Fatal(got.Errors)
		}
	}
	return table.Result(decode.NewCache(nil), now, false)
}

// lines renders samples as `name{label="value"} number`, sorted; labels without a value are left out.
func lines(r decode.Result) (lines []string) {
	for _, f := range r.Families {
		for _, s := range f.Samples {
			var labels []string
			for _, p := range s.Labels.Pairs {
				if p.GetValue() != "" {
					labels = append(labels, fmt.Sprintf("%s=%q", p.GetName(), p.GetValue()))
				}
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %s", f.Metric.Name, strings.Join(labels, ","), strconv.FormatFloat(s.Value, 'f', -1, 64)))
		}
	}
	slices.Sort(lines)
	return lines
}

// count is how many samples a metric has.
func count(r decode.Result, name string) int {
	for _, f := range r.Families {
		if f.Metric.Name == name {
			return len(f.Samples)
		}
	}
	return 0
}

// expect fails for each wanted line that is not there.
func expect(t *testing.T, r decode.Result, want ...string) {
	t.Helper()
	got := lines(r)
	for _, line := range want {
		if !slices.Contains(got, line) {
			name, _, _ := strings.Cut(line, "{")
			t.Errorf("no sample %s; there are:\n%s", line, strings.Join(slices.DeleteFunc(slices.Clone(got), func(l string) bool { return !strings.HasPrefix(l, name+"{") }), "\n"))
		}
	}
}
