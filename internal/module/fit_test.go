package module_test

import (
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// TestFits holds which devices a module is for.
func TestFits(t *testing.T) {
	const nmda = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda?module=ietf-netconf-nmda&revision=2019-01-07"
	cases := map[string]struct {
		requires string // YAML
		hello    []string
		library  *yang.Library
		fits     bool
		why      string // part of the reason
	}{
		"prefix":                  {"[a]", []string{"urn:a?module=a"}, nil, true, "announces urn:a"},
		"prefix without revision": {"[a]", []string{"urn:a"}, nil, true, ""},
		"not there":               {"[a]", []string{"urn:b", "urn:aa", "urn:a:b"}, nil, false, "does not announce urn:a"},
		"empty hello":             {"[a]", nil, nil, false, "does not announce urn:a"},
		"revision":                {`["a@>=2018-02-20"]`, []string{"urn:a?module=a&revision=2018-02-20"}, nil, true, ""},
		"later revision":          {`["a@>=2018-02-20"]`, []string{"urn:a?revision=2020-01-01&module=a"}, nil, true, ""},
		"earlier revision":        {`["a@>=2018-02-20"]`, []string{"urn:a?module=a&revision=2014-05-08"}, nil, false, `at revision "2014-05-08", 2018-02-20 or later is needed`},
		"no revision":             {`["a@>=2018-02-20"]`, []string{"urn:a?module=a"}, nil, false, "or later"},
		"two revisions":           {`["a@>=2018-02-20"]`, []string{"urn:a?revision=2020-01-01", "urn:a?revision=2014-05-08"}, nil, true, ""},
		"odd parameters":          {`["a@>=2018-02-20"]`, []string{"urn:a?module=%zz&;&revision=2018-02-20&features=x,y"}, nil, true, ""},
		"pattern":                 {"[v]", []string{"urn:v:9"}, nil, true, ""},
		"pattern, revision":       {`["v@>=2018-01-01"]`, []string{"urn:v:1?revision=2017-01-01", "urn:v:2?revision=2018-06-01", "urn:v:3?revision=2016-01-01"}, nil, true, ""},
		"from the library":        {`["a@>=2018-02-20"]`, nil, &yang.Library{Modules: []yang.Module{{Name: "a", Namespace: "urn:a", Revision: "2018-02-20"}}}, true, ""},
		"several":                 {"[a, b]", []string{"urn:a"}, nil, false, "urn:b"},
		"all":                     {"[a, b]", []string{"urn:b", "urn:a"}, nil, true, "urn:a, urn:b"},
		"none named":              {"[]", []string{"urn:a"}, nil, false, "list it under modules"},
		"defaults":                {"", []string{"urn:a", "urn:b"}, nil, true, "urn:a, urn:b"},
		"defaults missing":        {"", []string{"urn:a"}, nil, false, "urn:b"},

		"NMDA in the hello":        {"[':nmda']", []string{nmda}, nil, true, ""},
		"no NMDA":                  {"[':nmda']", []string{"urn:a"}, nil, false, "operational"},
		"NMDA in the library":      {"[':nmda']", nil, &yang.Library{Modules: []yang.Module{{Namespace: "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"}}, Datastores: []string{"running", "operational"}}, true, ""},
		"NMDA without operational": {"[':nmda']", []string{nmda}, &yang.Library{Datastores: []string{"running"}}, false, "operational"},
		"operational without NMDA": {"[':nmda']", nil, &yang.Library{Datastores: []string{"operational"}}, false, "operational"},

		"shorthand":               {"[':xpath:1.0']", []string{"urn:ietf:params:netconf:capability:xpath:1.0"}, nil, true, ""},
		"shorthand, any version":  {"[':xpath']", []string{"urn:ietf:params:netconf:capability:xpath:1.1"}, nil, true, ""},
		"shorthand, parameters":   {"[':with-defaults']", []string{"urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit"}, nil, true, ""},
		"shorthand, another":      {"[':xpath']", []string{"urn:ietf:params:netconf:capability:xpathological:1.0"}, nil, false, "capability:xpath"},
		"capability":              {`["http://v/x/1.0"]`, []string{"http://v/x/1.0"}, nil, true, ""},
		"capability, parameters":  {`["http://v/x/1.0"]`, []string{"http://v/x/1.0?a=b"}, nil, true, ""},
		"same parameters":         {`["http://v/x/1.0?a=b"]`, []string{"http://v/x/1.0?a=b"}, nil, true, ""},
		"parameters, other order": {`["http://v/x/1.0?a=b&c=d"]`, []string{"http://v/x/1.0?c=d&e=f&a=b"}, nil, true, ""},
		"parameters missing":      {`["http://v/x/1.0?a=b"]`, []string{"http://v/x/1.0"}, nil, false, "http://v/x/1.0?a=b"},
		"parameters differ":       {`["http://v/x/1.0?a=b"]`, []string{"http://v/x/1.0?a=c"}, nil, false, "http://v/x/1.0?a=b"},
		"capability pattern":      {`["http://v/x/*"]`, []string{"http://v/x/1.0?a=b"}, nil, true, ""},
	}
	yaml := map[string]string{}
	for name, tc := range cases {
		yaml[name] = `
namespaces: {a: "urn:a", b: "urn:b", v: "urn:v:*"}
reads: [{get: [/a:x/y, /a:z, /b:x]}]
rows: [{path: /a:x, metrics: {lab_alone: v}}]`
		if tc.requires != "" {
			yaml[name] += "\nrequires: " + tc.requires
		}
	}
	modules := labs(t, yaml)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for range 20 { // maps have no order
				fits, why := modules[name].Fits(yang.NewDevice(tc.hello, tc.library))
				if fits != tc.fits || !strings.Contains(why, tc.why) {
					t.Fatalf("fits %v, because %q; want %v, because %q", fits, why, tc.fits, tc.why)
				}
			}
		})
	}
	for _, read := range []string{"rpc: <get-a/>", "get: [/any:x]"} {
		m := lab(t, "reads: [{"+read+"}]\nnamespaces: {any: '*'}\nrows: [{path: /any:x, metrics: {lab_alone: v}}]")
		if fits, why := m.Fits(yang.NewDevice([]string{"urn:a"}, nil)); fits || !strings.Contains(why, "list it under modules") {
			t.Errorf("a module that names no model, with %s, fits: %v, because %q", read, fits, why)
		}
	}
}
