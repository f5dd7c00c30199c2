package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// lab is an auth with nothing wrong in it, for files that test something else.
const lab = "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\n"

// writeFiles writes files, named with their content, into a folder of their own.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads patterns in dir and returns the error's text without the folder's name.
func load(dir string, patterns ...string) (*config.Config, string) {
	for i, pattern := range patterns {
		patterns[i] = filepath.Join(dir, pattern)
	}
	c, err := config.Load(patterns)
	if err == nil {
		err = c.FilesError()
	}
	if err != nil {
		return nil, strings.ReplaceAll(err.Error(), dir+"/", "")
	}
	return c, ""
}

// mustLoad loads one good file.
func mustLoad(t *testing.T, content string) *config.Config {
	t.Helper()
	c, text := load(writeFiles(t, map[string]string{"netconf.yml": content}), "netconf.yml")
	if text != "" {
		t.Fatal(text)
	}
	return c
}

func TestLoadFillsInDefaults(t *testing.T) {
	c := mustLoad(t, lab+"targets: [{address: 192.0.2.1, auth: lab}, {name: b, address: b, auth: lab, timeout: 1m, modules: [ietf-interfaces]}]")
	first, second := c.Targets[0], c.Targets[1]
	if first.Name != "192.0.2.1" || *first.Port != 830 || *first.Timeout != config.Duration(30*time.Second) || *first.MaxAge != 0 ||
		*first.MaxReplyBytes != 64<<20 || *first.MaxSamples != 500_000 || !cmp.Equal(first.Modules, []string{"auto"}) {
		t.Errorf("the first target's defaults are %+v", first.Settings)
	}
	if *second.Timeout != config.Duration(time.Minute) || !cmp.Equal(second.Modules, []string{"ietf-interfaces"}) || *second.MaxSamples != 500_000 {
		t.Errorf("the second target's settings are %+v", second.Settings)
	}
	if got, ok := c.Target("b"); !ok || got != second {
		t.Errorf("Target(b) = %v, %v", got, ok)
	}
	if _, ok := c.Target("c"); ok {
		t.Error("Target(c) exists")
	}
}

func TestLoadGoodFiles(t *testing.T) {
	for name, content := range map[string]string{
		"nothing but an auth":    lab,
		"null sections":          lab + "defaults:\ntargets:\nmodules:\ncatalog:\ntarget_files:\n",
		"no target files yet":    lab + "target_files: [targets.d/*.yml]",
		"anchors and merges":     lab + "targets:\n- &a {address: a, auth: lab, timeout: 5s}\n- {<<: *a, address: b}\n",
		"a merged auth":          "auths:\n  a: &a {username: u, password: p, insecure_ignore_host_key: true}\n  b: {<<: *a, username: v}\n",
		"numbers as text":        "auths: {lab: {username: 1, password: 0123, insecure_ignore_host_key: true}}",
		"byte order mark":        "\ufeff" + lab,
		"windows line ends":      strings.ReplaceAll(lab+"targets:\n- address: a\n  auth: lab\n", "\n", "\r\n"),
		"document marks":         "---\n" + lab + "...\n",
		"all address forms":      lab + "targets: [" + addresses("host", "h:830", "10.0.0.1", "10.0.0.1:22", "'::1'", "fe80::1%eth0", "'[::1]'", "'[2001:db8::1]:830'", "a.b-c_d.example.") + "]",
		"a label of the user":    lab + "targets: [{address: a, auth: lab, labels: {site: ams, rack_1: '2', empty: ''}}]",
		"several ways to log in": "auths: {lab: {username: u, password_env: PATH, insecure_ignore_host_key: true, allowed_targets: [10.0.0.0/8, '::1', '2001:db8::/32'], legacy_algorithms: true}}",
		"own metric and module": lab + "catalog: {my_things: {type: gauge, help: Things., labels: [thing], info: {kind: text}, min: 0, max: now}}\n" +
			"modules: {mine: {max_age: 1m, namespaces: {x: urn:x}, reads: [{get: [/x:a]}], rows: [{path: /x:a/b, key: n, labels: {thing: n}, metrics: {my_things: {leaf: v, values: {up: 1}}}}]}}\n" +
			"targets: [{address: a, auth: lab, modules: [mine, auto]}]",
	} {
		t.Run(name, func(t *testing.T) { mustLoad(t, content) })
	}
}

func addresses(list ...string) string {
	var targets []string
	for _, address := range list {
		targets = append(targets, "{auth: lab, address: "+address+"}")
	}
	return strings.Join(targets, ", ")
}

func TestLoadSurvivesEndlessAliases(t *testing.T) {
	for name, file := range map[string]string{
		"a circle":                  "modules: {m: {rows: &r [{rows: *r}]}}",
		"a circle by a double key":  "modules: {m: {reads: [], reads: [], rows: &r [{rows: *r}, {rows: *r}]}}",
		"a circle of merges":        "modules: {m: &m {<<: *m}}",
		"ten to the power of eight": "modules:\n  m:\n    rows: [{rows: &a [{},{},{},{},{},{},{},{},{},{}]}, " + powers("bcdefgh") + "]\n",
	} {
		if _, text := load(writeFiles(t, map[string]string{"netconf.yml": file}), "netconf.yml"); !strings.HasPrefix(text, "netconf.yml:") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// powers gives rows each of which has ten times the rows of the one before it.
func powers(names string) string {
	var rows []string
	before := "a"
	for _, name := range strings.Split(names, "") {
		rows = append(rows, "{rows: &"+name+" ["+strings.TrimSuffix(strings.Repeat("{rows: *"+before+" },", 10), ",")+"]}")
		before = name
	}
	return strings.Join(rows, ", ")
}

func TestLoadMerges(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"conf.d/1.yml":        lab + "target_files: [../targets.d/*.yml, ../targets.d/a.yml]\ntargets: [{address: one, auth: lab}]\n",
		"conf.d/2.yml":        "defaults: {timeout: 7s}\nauths: {core: {username: u, password_file: secret, insecure_ignore_host_key: true}}\ntargets: [{address: two, auth: core}]\n",
		"conf.d/secret":       "s3cret\n",
		"conf.d/.2.yml":       "not: read",
		"conf.d/sub.yml/x":    "a folder",
		"targets.d/a.yml":     "- {address: three, auth: lab}\n",
		"targets.d/b.yml":     "targets:\n- {address: four, auth: core}\n",
		"targets.d/empty.yml": "[]\n",
	})
	c, text := load(dir, "conf.d/*.yml", "conf.d/1.yml")
	if text != "" {
		t.Fatal(text)
	}
	var names []string
	for _, target := range c.Targets {
		names = append(names, target.Name)
		if *target.Timeout != config.Duration(7*time.Second) {
			t.Errorf("target %s has timeout %s", target.Name, *target.Timeout)
		}
	}
	if diff := cmp.Diff([]string{"one", "two", "three", "four"}, names); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if len(c.Auths) != 2 {
		t.Errorf("%d auths", len(c.Auths))
	}
	if password, err := new(config.Keyring).Password(c.Auths["core"]); password != "s3cret" || err != nil {
		t.Errorf("the password is %q, %v", password, err)
	}
	if got := strings.TrimPrefix(c.Targets[3].Position.String(), dir); got != "/targets.d/b.yml:2" {
		t.Errorf("position %s", got)
	}
}

func TestLoadRefusesAcrossFiles(t *testing.T) {
	for _, test := range []struct {
		name     string
		files    map[string]string
		patterns []string
		want     string
	}{
		{"no such file", nil, []string{"netconf.yml"}, "netconf.yml: does not exist; create it or correct the path"},
		{"a folder", map[string]string{"conf/x": ""}, []string{"conf"}, "conf: is a folder; name a file, or all that are in it: conf/*.yml"},
		{"no match", nil, []string{"*.yml"}, "*.yml: matches no file; create one, or correct --config.file"},
		{"bad pattern", nil, []string{"[.yml"}, "[.yml: is not a valid pattern; correct its brackets"},
		{"no pattern", nil, nil, "no configuration file is named; name one with --config.file"},
		{"the same entries twice", map[string]string{
			"1.yml": lab + "defaults: {port: 830}\nmodules: {m: {}}\ncatalog: {c: {}}\n",
			"2.yml": lab + "defaults: {port: 831}\nmodules: {m: {}}\ncatalog: {c: {}}\n",
		}, []string{"*.yml"}, `2.yml:1: auths entry "lab" is already at 1.yml:1; rename or remove one of them
2.yml:2: defaults is already at 1.yml:2; keep defaults in one file
2.yml:3: modules entry "m" is already at 1.yml:3; rename or remove one of them
2.yml:4: catalog entry "c" is already at 1.yml:4; rename or remove one of them`},
		{"the same target in a target file", map[string]string{
			"netconf.yml":     lab + "targets: [{address: a, auth: lab}]\ntarget_files: [targets.d/*]\n",
			"targets.d/x.yml": "- {address: b, auth: lab}\n- {name: a, address: c, auth: lab}\n",
		}, []string{"netconf.yml"}, `targets.d/x.yml:2: target "a" is already at netconf.yml:2, which wins; give one of them another name`},
		{"more than targets in a target file", map[string]string{
			"netconf.yml": lab + "target_files: [t.yml]\n",
			"t.yml":       "targets: []\nauths: {}\n",
		}, []string{"netconf.yml"}, `t.yml:2: unknown key "auths"; known here: targets`},
		{"an empty target file", map[string]string{"netconf.yml": lab + "target_files: [t.yml]\n", "t.yml": "# none\n"},
			[]string{"netconf.yml"}, `t.yml:1: the file is empty; write a list of targets into it, or [] for none`},
		{"a target file that is not there", map[string]string{"netconf.yml": lab + "target_files:\n- t.yml\n- '[.yml'\n"},
			[]string{"netconf.yml"}, "netconf.yml:4: target_files [.yml is not a valid pattern; correct its brackets"},
		{"a target file alone that is not there", map[string]string{"netconf.yml": lab + "target_files: [t.yml]\n"},
			[]string{"netconf.yml"}, "t.yml: does not exist; create it or correct the path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, got := load(writeFiles(t, test.files), test.patterns...); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}
