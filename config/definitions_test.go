package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/config"
)

func TestBuiltinDefinitions(t *testing.T) {
	definitions, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	module := definitions.Modules["ietf-interfaces"]
	if module == nil {
		t.Fatal("no module ietf-interfaces")
	}
	if got := definitions.Catalog["netconf_interface_info"]; got == nil || !strings.HasPrefix(got.Position.String(), "config/catalog.yml:") {
		t.Errorf("netconf_interface_info is %+v", got)
	}
	for _, test := range []struct {
		path []any
		line string // of the source file
	}{
		{nil, "ietf-interfaces:"},
		{[]any{"provides"}, "  provides: interfaces"},
		{[]any{"namespaces", "if"}, "  namespaces:"},
		{[]any{"reads", 1}, "    - get_config:"},
		{[]any{"reads", 1, "get_config", 0}, "    - get_config:"},
		{[]any{"reads", 7}, "  reads:"},
		{[]any{"rows", 0, "metrics", "netconf_interface_speed_bytes", "scale"}, "        netconf_interface_speed_bytes:"},
		{[]any{"rows", 0, "metrics", "netconf_interface_info", "leaf"}, "        netconf_interface_info:"},
		{[]any{"rows", 0, "metrics", "absent"}, "      metrics:"},
		{[]any{"rows", 0, "path", 1}, "    - path:"},
		{[]any{"absent", 0, "deep"}, "ietf-interfaces:"},
	} {
		if at := module.At(test.path...); at.File != "config/modules/ietf-interfaces.yml" || !strings.HasPrefix(lineAt(t, at), test.line) {
			t.Errorf("%v is at %s: %s", test.path, at, lineAt(t, at))
		}
	}
	if got := (&config.Module{}).At("rows", 0); got != (config.Position{}) {
		t.Errorf("a part of a module made in Go is at %s", got)
	}
}

// lineAt returns the source line of an embedded file's position.
func lineAt(t *testing.T, at config.Position) string {
	t.Helper()
	data, err := os.ReadFile(strings.TrimPrefix(at.File, "config/"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")[at.Line-1]
}

func TestDefinitionsAddTheUsersOwn(t *testing.T) {
	c := mustLoad(t, lab+`catalog:
  my_things: {type: gauge, help: Things.}
modules:
  ietf-interfaces: {provides: mine}
  mine:
    rows:
      - &row
        path: /a
        metrics: {my_things: x}
      - <<: *row
        key: k
`)
	definitions, err := c.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	if definitions.Catalog["my_things"] == nil || definitions.Catalog["netconf_interface_info"] == nil {
		t.Error("the catalogue lacks a metric")
	}
	if got := definitions.Modules["ietf-interfaces"].Provides; got != "mine" {
		t.Errorf("ietf-interfaces provides %s", got)
	}
	mine := definitions.Modules["mine"]
	for path, want := range map[string]int{"": 6, "path": 9, "key": 12, "metrics": 10} {
		step := []any{"rows", 1, path}
		if path == "" {
			step = nil
		}
		if got := mine.At(step...); got.Line != want {
			t.Errorf("%v is on line %d, want %d", step, got.Line, want)
		}
	}
	if mine.Rows[1].Metrics["my_things"].Leaf != "x" || !cmp.Equal(mine.Rows[1].Key, config.Strings{"k"}) {
		t.Errorf("rows %+v", mine.Rows)
	}
	again, err := config.BuiltinDefinitions()
	if err != nil || again.Modules["mine"] != nil {
		t.Errorf("the built-in definitions have the user's module: %v", err)
	}
}

// TestCatalogIsValid puts the built-in catalogue, under other names, through the checks of a user's.
func TestCatalogIsValid(t *testing.T) {
	definitions, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	renamed := map[string]*config.Metric{}
	for name, metric := range definitions.Catalog {
		renamed["x_"+name] = metric
	}
	text, err := yaml.Marshal(map[string]any{"catalog": renamed})
	if err != nil {
		t.Fatal(err)
	}
	mustLoad(t, string(text))
}

func TestYAMLLoadsAgain(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"netconf.yml": `auths: {lab: {username: u, password_file: secret, host_key_fingerprints: ["SHA256:Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1s"], allowed_targets: [10.0.0.0/8]}}
defaults: {timeout: 20s, max_reply_bytes: 1MiB}
targets: [{name: a, address: "[::1]:22", auth: lab, max_age: 1d, labels: {site: ams}}]
target_files: [t.yml]
catalog: {my_things: {type: gauge, help: "Things.", labels: [thing], min: 0}}
modules: {m: {reads: [{get: [/x:a]}], rows: [{path: /x:a, key: [k, l], labels: {thing: {first_of: [a, {leaf: b, skip: c}]}}}]}}
`, "t.yml": "[{address: b, auth: lab}]", "secret": secret})
	first, text := load(dir, "netconf.yml")
	if text != "" {
		t.Fatal(text)
	}
	out, err := first.YAML()
	if err != nil {
		t.Fatal(err)
	}
	second := mustLoad(t, string(out))
	ignore := []cmp.Option{cmpopts.IgnoreTypes(config.Position{}), cmpopts.IgnoreUnexported(config.Module{}), cmpopts.IgnoreFields(config.Config{}, "TargetFiles", "FileErrors")}
	if diff := cmp.Diff(first, second, ignore...); diff != "" {
		t.Errorf("loaded again from\n%s\n(-first +second):\n%s", out, diff)
	}
	if strings.Count(string(out), "timeout") != 1 {
		t.Errorf("targets repeat the defaults:\n%s", out)
	}
}
