package generate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/generate"
)

// model is a module around some statements.
func model(statements string) string {
	return "module m {\n  namespace \"urn:m\";\n  prefix m;\n" + statements + "\n}\n"
}

const good = "  container top { config false; leaf a { type uint8; } leaf b { type string; } }"

// TestBadInput holds that what is wrong with YANG, a path or an option is said, with file and line where there is one.
func TestBadInput(t *testing.T) {
	for name, tc := range map[string]struct {
		files   map[string]string // m.yang alone where there is no other
		options generate.Options
		says    []string
	}{
		"a brace is missing":     {map[string]string{"m.yang": "module m {\n  namespace \"urn:m\";\n  prefix m\n}\n"}, generate.Options{}, []string{"does not parse", "m.yang:4:1"}},
		"it ends early":          {map[string]string{"m.yang": "module m {\n  namespace \"urn:m\";\n"}, generate.Options{}, []string{"does not parse", "m.yang:"}},
		"an unknown statement":   {map[string]string{"m.yang": model("  continer top;")}, generate.Options{}, []string{"m.yang:4:3", "continer"}},
		"an unknown type":        {map[string]string{"m.yang": model("  leaf a { type nothing; }")}, generate.Options{}, []string{"m.yang:4:12", "nothing"}},
		"an unknown grouping":    {map[string]string{"m.yang": model("  uses nothing;")}, generate.Options{}, []string{"m.yang:4:3", "nothing"}},
		"a leaf without a type":  {map[string]string{"m.yang": model("  leaf a;")}, generate.Options{}, []string{"m.yang:4:3", "type"}},
		"no prefix":              {map[string]string{"m.yang": "module m { namespace \"urn:m\"; }"}, generate.Options{}, []string{"m.yang:1:1", "prefix"}},
		"nothing":                {map[string]string{"m.yang": ""}, generate.Options{}, []string{"m.yang"}},
		"another module":         {map[string]string{"m.yang": "module n { namespace \"urn:m\"; prefix m; }"}, generate.Options{}, []string{"m.yang", "not the module m"}},
		"a submodule":            {map[string]string{"m.yang": "submodule m { belongs-to n { prefix n; } }"}, generate.Options{}, []string{"m.yang", "submodule"}},
		"a grouping in a circle": {map[string]string{"m.yang": model("  grouping g { container c { uses h; } }\n  grouping h { uses m:g; }\n  uses g;")}, generate.Options{}, []string{"m.yang:", "refers to itself"}},
		"a type in a circle":     {map[string]string{"m.yang": model("  typedef a { type b; }\n  typedef b { type union { type a; } }\n  leaf l { type a; }")}, generate.Options{}, []string{"m.yang:", "refers to itself"}},
		"binary":                 {map[string]string{"m.yang": "\x00\xff\xfe"}, generate.Options{}, []string{"m.yang"}},
		"imports that are missing": {
			map[string]string{"m.yang": model("  import a { prefix a; }\n  import c { prefix c; }\n  include s;"), "c.yang": "module c { namespace c; prefix c; import b { prefix b; } import a { prefix a; } }"},
			generate.Options{}, []string{"a (needed by c, m)", "b (needed by c)", "s (needed by m)", "--yang-dir"},
		},
		"no such model":        {nil, generate.Options{Paths: []string{"/n:top"}}, []string{"YANG module n", "there are: m"}},
		"no such node":         {nil, generate.Options{Paths: []string{"/m:pot"}}, []string{"YANG module m has no node pot", "it has top"}},
		"no such node below":   {nil, generate.Options{Paths: []string{"/m:top/c"}}, []string{"top has no node c", "it has a, b"}},
		"below a leaf":         {nil, generate.Options{Paths: []string{"/m:top/a/b"}}, []string{"a has no node b", "nothing is below it"}},
		"the model alone":      {nil, generate.Options{Paths: []string{"/m"}}, []string{"/m:NODE", "it has top"}},
		"no path":              {nil, generate.Options{Paths: []string{"m:top"}}, []string{`"m:top" is not a path`}},
		"a root alone":         {nil, generate.Options{Paths: []string{"/"}}, []string{`"/" is not a path`}},
		"a predicate":          {nil, generate.Options{Paths: []string{"/m:top/a[b='1']"}}, []string{"without [ ]"}},
		"no paths":             {nil, generate.Options{Paths: []string{}}, []string{"no path"}},
		"configuration":        {map[string]string{"m.yang": model("  container top { leaf a { type string; } }\n  container state { config false; leaf b { type uint8; } }")}, generate.Options{}, []string{"no state to export at /m:top", "state below state", "a (configuration"}},
		"a built-in module":    {nil, generate.Options{Name: "ietf-interfaces"}, []string{"--name ietf-interfaces", "built-in"}},
		"a module called auto": {nil, generate.Options{Name: "auto"}, []string{"--name"}},
		"a bad prefix":         {nil, generate.Options{Prefix: "9-x"}, []string{"--prefix"}},
		"a metric that there is": {
			map[string]string{"m.yang": model("  list interface { config false; key name; leaf name { type string; } leaf oper-status { type uint8; } }")},
			generate.Options{Prefix: "netconf", Paths: []string{"/m:interface"}}, []string{"netconf_interface_oper_status", "--prefix"},
		},
		"an exporter's own metric": {
			map[string]string{"m.yang": model("  container scrape { config false; leaf x { type uint8; } }")},
			generate.Options{Prefix: "netconf", Paths: []string{"/m:scrape"}}, []string{"netconf_scrape_x", "exporter keeps", "--prefix"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.files == nil {
				tc.files = map[string]string{"m.yang": model(good)}
			}
			if tc.options.Paths == nil {
				tc.options.Paths = []string{"/m:top"}
			}
			tc.options.Source = dirs(t, write(t, tc.files))
			text, err := generate.Generate(t.Context(), tc.options)
			if err == nil {
				t.Fatalf("no error, but\n%s", text)
			}
			for _, words := range tc.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("the error is %q; want %q in it", err, words)
				}
			}
		})
	}
}

// TestAwkwardModels holds that models that are right and hard to take still give what loads.
func TestAwkwardModels(t *testing.T) {
	for name, tc := range map[string]struct {
		model, path string
		has         []string
	}{
		"names that are the same": {
			"  container top { config false; container a { leaf x { type uint8; } } container a-statistics { leaf x { type uint8; } } leaf a_x { type uint8; } leaf a.x { type uint8; } }",
			"/m:top", []string{"m_top_a_x: a/x", "m_top_a_x_2: a.x", "m_top_a_x_3: a_x"},
		},
		"words of YAML":           {"  container top { config false; leaf on { type enumeration { enum on; enum null; enum \"a: b # c\"; enum 1; } } }", "/m:top", []string{`"on": 0`, `"null": 1`, `"a: b # c": 2`, `"1": 3`}},
		"labels that are taken":   {"  list job { config false; key name; leaf name { type string; } leaf instance { type string; } leaf le { type string; } leaf if_type { type string; } }", "/m:job", []string{"job_name: name", "job_instance: instance", "job_le: le", "job_if_type: if_type"}},
		"digits first":            {"  container top { config false; leaf _1st { type uint8; } leaf x { type uint8; } }", "/m:top", []string{"m_top_1st"}},
		"a description of quotes": {"  container top { config false; leaf x { type uint8; description 'Says \"it\\n\": #1 {x}  \t y'; } }", "/m:top", []string{`Says \"it\\n\": #1 {x} y`}},
		"a leaf at the top":       {"  leaf top { config false; type uint8; }", "/m:top", []string{"- path: /m:top", `m_top: "."`}},
		"total that is no count":  {"  container top { config false; leaf total { type uint8; } leaf memory-total { type uint8; } }", "/m:top", []string{"m_total_top: total", "m_top_total_memory: memory-total"}},
		"a list in a list":        {"  list a { config false; key id; leaf id { type string; } list b { key id; leaf id { type string; } leaf v { type uint8; } } }", "/m:a", []string{"labels: [a, b]", "- path: b"}},
		"what uses adds":          {"  grouping g { container c { leaf x { type uint8; } } }\n  container top { config false; uses g { augment c { leaf y { type uint8; } }\n augment \"c\" { leaf z { type uint8; } } } }", "/m:top", []string{"m_top_c_x: c/x", "Not taken in"}},
		"an augment that hangs":   {"  import n { prefix n; }\n  augment \"/n:top/n:gone\" { leaf x { type uint8; } }\n" + good, "/m:top", []string{"m_top_a: a", "Not taken in"}},
		"a leafref in a circle":   {"  container top { config false; leaf a { type leafref { path \"../b\"; } } leaf b { type leafref { path \"../a\"; } } }", "/m:top", []string{"a: a", "b: b"}},
		"many names":              {"  container top { config false; leaf x { type enumeration { " + strings.Repeat("enum N; ", 70) + "} } }", "/m:top", []string{"x: x"}},
		"unions":                  {"  container top { config false; leaf x { type union { type enumeration { enum a; } type enumeration { enum b { value 5; } } } } leaf w { type union { type enumeration { enum a; } type enumeration { enum b; } } } leaf z { type union { type uint8; type int32; } } }", "/m:top", []string{"values: {a: 0, b: 5}", "w: w", "m_top_z: z"}},
	} {
		t.Run(name, func(t *testing.T) {
			for i := 0; strings.Contains(tc.model, "enum N;"); i++ {
				tc.model = strings.Replace(tc.model, "enum N;", "enum n"+string(rune('a'+i/26))+string(rune('a'+i%26))+";", 1)
			}
			source := dirs(t, write(t, map[string]string{"m.yang": model(tc.model), "n.yang": "module n { namespace \"urn:n\"; prefix n; container top; }"}))
			text, err := generate.Generate(t.Context(), generate.Options{Source: source, Paths: []string{tc.path}})
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range tc.has {
				if !strings.Contains(string(text), words) {
					t.Errorf("%q is not in\n%s", words, text)
				}
			}
		})
	}
}

// TestRevisions holds that an import gets the revision that it names, and everything else the latest one there is.
func TestRevisions(t *testing.T) {
	dated := func(revision, more string) string {
		return "module n {\n  namespace \"urn:n\";\n  prefix n;\n  revision " + revision + ";\n" + more + "}\n"
	}
	files := map[string]string{
		"m.yang":            model("  import n { prefix n; revision-date 2020-01-01; }\n  container top { config false; leaf x { type n:t; } }"),
		"n@2020-01-01.yang": dated("2020-01-01", "  typedef t { type uint8; }\n"),
		"n@2021-01-01.yang": dated("2021-01-01", "  container top { config false; leaf y { type uint8; } }\n"),
		"other.yang":        strings.Replace(dated("2022-01-01", ""), "module n", "module o", 1),
	}
	source := dirs(t, write(t, files))
	for path, want := range map[string]string{"/m:top": "n@2020-01-01.", "/n:top": "n@2021-01-01."} {
		text, err := generate.Generate(t.Context(), generate.Options{Source: source, Paths: []string{path}})
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: error %v, %q is not in\n%s", path, err, want, text)
		}
	}
	if _, file, err := source.Module(t.Context(), "o", ""); err != nil || filepath.Base(file) != "other.yang" {
		t.Errorf("module o is found in %q, error %v; want other.yang", file, err)
	}
}

func TestFoldersThatAreNone(t *testing.T) {
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "none")} {
		if _, err := generate.OpenDirs(dir); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("the error is %v; want one with %s", err, dir)
		}
	}
}

func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
