package generate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/generate"
)

// TestTheLanguage holds what generate makes of parts of YANG that its parser does not take as RFC 7950 says.
func TestTheLanguage(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		has   []string
		lacks []string
	}{
		"numbers after a negative one (9.6.4.2)": {
			map[string]string{"m.yang": model("  container top { config false; leaf a { type enumeration { enum low { value -5; } enum mid; enum top { value 7; } enum more; } } }")},
			[]string{"low: -5", "mid: -4", "top: 7", "more: 8"}, nil,
		},
		"numbers below the highest (9.6.4.2)": {
			map[string]string{"m.yang": model("  container top { config false; leaf a { type enumeration { enum zero; enum one; enum seven { value 7; } enum two { value 2; } enum eight; } } }")},
			[]string{"zero: 0", "one: 1", "seven: 7", "two: 2", "eight: 8"}, nil,
		},
		"a restricted enumeration (9.6.3)": {
			map[string]string{"m.yang": model("  typedef e { type enumeration { enum a { value -2; } enum b; enum c; } }\n  typedef f { type e { enum b; enum c; } }\n" +
				"  container top { config false; leaf x { type f; } leaf y { type union { type e { enum c; } } } }")},
			[]string{"b: -1", "c: 0"}, []string{"a: -2"},
		},
		"a deviation (7.20.3)": {
			map[string]string{
				"m.yang": model("  container top { config false; leaf heat { type uint8; units kelvin; } leaf gone { type uint8; } leaf kept { type uint8; } }"),
				"d.yang": "module d { namespace \"urn:d\"; prefix d; import m { prefix x; } deviation /x:top/x:gone { deviate not-supported; } " +
					"deviation /x:top/x:heat { deviate replace { type int32; units celsius; } } }",
			},
			[]string{"m_top_heat_celsius: heat\n", "m_top_kept"}, []string{"gone", "offset"},
		},
		"a deviation of the type alone": {
			map[string]string{
				"m.yang": model("  container top { config false; leaf a { type string; } }"),
				"d.yang": "module d { namespace \"urn:d\"; prefix d; import m { prefix x; } deviation /x:top/x:a { deviate replace { type enumeration { enum down { value -1; } enum up; } } } }",
			},
			[]string{"down: -1", "up: 0"}, nil,
		},
		"a node of a sibling's name (7.17)": {
			map[string]string{
				"m.yang": model("  container top { config false; leaf a { type uint8; } container in { leaf b { type uint8; } } }"),
				"n.yang": "module n { namespace \"urn:n\"; prefix n; import m { prefix x; } augment /x:top { leaf a { type uint8; } leaf c { type uint8; } container in { leaf b { type uint8; } } } }",
			},
			[]string{"m_top_a: a\n", ": n:a\n", ": n:c\n", ": in/b\n", ": n:in/b\n"}, nil,
		},
		"a union of a number and a boolean": {
			map[string]string{"m.yang": model("  container top { config false; leaf a { type union { type boolean; type uint8; } } leaf b { type union { type uint8; type enumeration { enum none; } } } }")},
			[]string{"a: a", `skip: [none]`}, []string{"true"},
		},
		"names of the same words": {
			map[string]string{"m.yang": model("  container top { config false; leaf a-b { type uint8; } leaf A-B { type int8; } }")},
			[]string{"m_top_a_b: A-B\n", "m_top_a_b_2: a-b\n"}, nil,
		},
		"names of the same words in the other order": {
			map[string]string{"m.yang": model("  container top { config false; leaf A-B { type int8; } leaf a-b { type uint8; } }")},
			[]string{"m_top_a_b: A-B\n", "m_top_a_b_2: a-b\n"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := generate.Generate(t.Context(), generate.Options{Source: dirs(t, write(t, tc.files)), Paths: []string{"/m:top"}})
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, text, tc.has, tc.lacks)
		})
	}
}

// TestNamesOfTheTopNode holds that the name of the module is left out where the node repeats it, unless the user asked for a prefix.
func TestNamesOfTheTopNode(t *testing.T) {
	source := dirs(t, write(t, map[string]string{"acme-system-monitoring.yang": strings.NewReplacer("module m ", "module acme-system-monitoring ").Replace(
		model("  container system-state { config false; leaf load { type uint8; } list core { key id; leaf id { type string; } leaf load { type uint8; } } }"))}))
	for prefix, wants := range map[string][]string{
		"":       {" system_state_load:", " acme_system_monitoring_core_load:"},
		"system": {" system_state_load:", " system_core_load:"},
		"my":     {" my_system_state_load:", " my_core_load:"},
	} {
		text, err := generate.Generate(t.Context(), generate.Options{Source: source, Prefix: prefix, Paths: []string{"/acme-system-monitoring:system-state"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("--prefix=%s: %q is not in\n%s", prefix, want, text)
			}
		}
	}
}

// TestTheNodeAskedFor holds that a path without a prefix means the node of the same namespace, and that the other one can be asked for.
func TestTheNodeAskedFor(t *testing.T) {
	source := dirs(t, write(t, map[string]string{
		"m.yang": model("  container top { config false; leaf a { type uint8; } }"),
		"n.yang": "module n { namespace \"urn:n\"; prefix n; import m { prefix x; } augment /x:top { leaf a { type string; } } }",
	}))
	for path, want := range map[string]string{"/m:top/a": "m_top_a: a\n", "/m:top/n:a": "get: [/m:top/n:a]"} {
		text, err := generate.Generate(context.Background(), generate.Options{Source: source, Paths: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: %q is not in\n%s", path, want, text)
		}
	}
}
