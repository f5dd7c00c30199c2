package generate_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/generate"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestAllThatAModelCanHave compares what is generated, and what the generated module then makes of a reply, with files.
func TestAllThatAModelCanHave(t *testing.T) {
	text, err := generate.Generate(t.Context(), generate.Options{
		Source: dirs(t, "testdata/yang"), Paths: []string{"/example-rack:rack"}, Descriptions: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "testdata/rack.yml", string(text))

	reply, err := os.ReadFile("testdata/reply.xml")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "testdata/rack.prom", samples(t, compile(t, text)["example-rack"], reply))
}

// TestSelection holds that a path narrows what is read, down to one leaf, and that lists around it keep their keys.
func TestSelection(t *testing.T) {
	for name, tc := range map[string]struct {
		options generate.Options
		has     []string
		lacks   []string
	}{
		"below a list": {
			generate.Options{Paths: []string{"/example-rack:rack/shelf/state/counters"}},
			[]string{"- /er:rack/shelf/name\n", "- /er:rack/shelf/state/counters\n", "shelf: name", "example_rack_shelf_in_bytes_total: state/counters/in-octets"},
			[]string{"oper_status", "fan"},
		},
		"a nested list": {
			generate.Options{Paths: []string{"/example-rack:rack/shelf/fans"}, MoreModules: nil},
			[]string{"- path: fans/fan", "fan_target: target", "labels: [shelf, fan_target, fan_index]", "example_rack_shelf_fan_speed_rpm: speed"},
			[]string{"oper_status"},
		},
		"one leaf": {
			generate.Options{Paths: []string{"/example-rack:rack/state/load"}},
			[]string{"- get: [/er:rack/state/load]", "example_rack_load_ratio: {leaf: state/load, scale: 0.01}"},
			[]string{"booted", "shelf"},
		},
		"two paths": {
			generate.Options{Paths: []string{"/example-rack:rack/state/load", "/example-rack:parts"}},
			[]string{"/er:rack/state/load", "/er:parts", "example_rack_part_info: id"},
			nil,
		},
		"a node that another module adds": {
			generate.Options{Paths: []string{"/example-rack:rack/shelf/state/example-rack-more:dust"}},
			[]string{"example-rack-more: urn:example:rack-more", "state/example-rack-more:dust"},
			[]string{"oper_status"},
		},
		"names of one's own": {
			generate.Options{Paths: []string{"/example-rack:parts"}, Name: "my.parts", Prefix: "acme"},
			[]string{"  my.parts:\n", "acme_part_info: id"},
			[]string{"example_rack"},
		},
		"the operational datastore": {
			generate.Options{Paths: []string{"/example-rack:parts"}, OperationalDatastore: true},
			[]string{"- get_data: [/er:parts]"},
			nil,
		},
		"without descriptions": {
			generate.Options{Paths: []string{"/example-rack:rack"}},
			[]string{"Left out of shelf: description (configuration, not state)."},
			[]string{"description: description"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.options.Source = dirs(t, "testdata/yang")
			text, err := generate.Generate(t.Context(), tc.options)
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, text, tc.has, tc.lacks)
		})
	}
}

// wantWords fails the test unless a generated text has all of some words and none of others.
func wantWords(t *testing.T, text []byte, has, lacks []string) {
	t.Helper()
	for _, words := range has {
		if !strings.Contains(string(text), words) {
			t.Errorf("%q is not in\n%s", words, text)
		}
	}
	for _, words := range lacks {
		if strings.Contains(string(text), words) {
			t.Errorf("%q is in\n%s", words, text)
		}
	}
}

// TestTheSameTwice holds that nothing in what is generated is left to chance.
func TestTheSameTwice(t *testing.T) {
	var first []byte
	for range 2 {
		text, err := generate.Generate(t.Context(), generate.Options{Source: dirs(t, "testdata/yang"), Paths: []string{"/example-rack:rack"}})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		}
		if diff := cmp.Diff(string(first), string(text)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestDebiansModules holds that whatever state there is in the YANG that Debian has gives a module that loads.
func TestDebiansModules(t *testing.T) {
	const debian = "/usr/share/yuma/modules"
	if _, err := os.Stat(debian); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("libyuma-base is not installed; internal/e2e/install.sh installs netconfd, which brings it")
		}
		t.Skip("libyuma-base is not installed: no YANG files in " + debian)
	}
	source := dirs(t, debian)
	for path, wants := range map[string]string{
		"/ietf-interfaces:interfaces-state":        "ietf_interfaces_interface_in_bytes_total",
		"/ietf-system:system-state":                "ietf_system_state_clock_boot_timestamp_seconds",
		"/ietf-hardware:hardware":                  "ietf_hardware_component_sensor_data_value",
		"/ietf-routing:routing-state":              "ietf_routing_rib_info",
		"/ietf-alarms:alarms":                      "ietf_alarms_alarm",
		"/ietf-netconf-monitoring:netconf-state":   "ietf_netconf_monitoring_session_in_rpcs_total",
		"/yuma-proc:proc":                          "yuma_proc_cpu_hertz",
		"/ietf-yang-library:modules-state":         "ietf_yang_library_module_info",
		"/yuma123-netconf-types:x":                 "has no data nodes",
		"/ietf-ip":                                 "it adds to /ietf-interfaces:interfaces and /ietf-interfaces:interfaces-state: read that",
		"/ietf-ipv6-router-advertisements:routing": "this is a submodule",
	} {
		text, err := generate.Generate(t.Context(), generate.Options{Source: source, Paths: []string{path}})
		if err != nil {
			text = []byte(err.Error())
		}
		if !strings.Contains(string(text), wants) {
			t.Errorf("%s: %q is not in\n%s", path, wants, text)
		}
	}
}

func dirs(t *testing.T, names ...string) *generate.Dirs {
	t.Helper()
	source, err := generate.OpenDirs(names...)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// compile loads a configuration file as the exporter does.
func compile(t *testing.T, text []byte) map[string]*module.Module {
	t.Helper()
	file := filepath.Join(t.TempDir(), "generated.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	library, err := cfg.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := module.Compile(library)
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

// samples lists what a module makes of a reply, and what it skips.
func samples(t *testing.T, m *module.Module, reply []byte) string {
	t.Helper()
	table := m.Table(decode.Limits{ReplyBytes: 1 << 20, Samples: 1000})
	defer table.Release()
	if _, err := table.Decode(bytes.NewReader(reply)); err != nil {
		t.Fatal(err)
	}
	result := table.Result(decode.NewCache(nil), time.Unix(1735689600, 0), false)
	var lines []string
	for _, family := range result.Families {
		for _, sample := range family.Samples {
			var labels []string
			for _, pair := range sample.Labels.Pairs {
				labels = append(labels, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %v", family.Metric.Name, strings.Join(labels, ","), sample.Value))
		}
	}
	slices.Sort(lines)
	for _, reason := range decode.SkippedReasons() {
		lines = append(lines, fmt.Sprintf("# %d skipped as %s", result.Skipped[reason], reason))
	}
	return strings.Join(lines, "\n") + "\n"
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}
