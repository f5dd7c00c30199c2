package module_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestLibraryRead(t *testing.T) {
	const v10, v11 = "urn:ietf:params:netconf:capability:yang-library:1.0", "urn:ietf:params:netconf:capability:yang-library:1.1"
	for name, tc := range map[string]struct {
		hello []string
		root  string // "" for no library
		id    string
	}{
		"none":         {[]string{"urn:ietf:params:netconf:base:1.1", "urn:ietf:params:netconf:capability:yang-library:2.0"}, "", ""},
		"1.0":          {[]string{v10 + "?revision=2016-06-21&module-set-id=7"}, "<modules-state ", "7"},
		"1.1":          {[]string{v11 + "?revision=2019-01-04&content-id=a%20b"}, "<yang-library ", "a b"},
		"both":         {[]string{v10 + "?module-set-id=7", v11 + "?content-id=8"}, "<yang-library ", "8"},
		"both, turned": {[]string{v11 + "?content-id=8", v10 + "?module-set-id=7"}, "<yang-library ", "8"},
		"without id":   {[]string{v11}, "<yang-library ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			operation, id := yang.LibraryOperation(tc.hello)
			if id != tc.id || (tc.root == "") != (operation == "") || !strings.Contains(operation, tc.root) {
				t.Errorf("operation %s, id %q; want %s, %q", operation, id, tc.root, tc.id)
			}
		})
	}
}

func TestReadLibrary(t *testing.T) {
	const ns = `xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"`
	a := yang.Module{Name: "a", Revision: "2020-01-01", Namespace: "urn:a"}
	for name, tc := range map[string]struct {
		reply string
		want  *yang.Library // nil for none
	}{
		"RFC 8525": {envelope(`<yang-library ` + ns + `><module-set><name>all</name>
			<module><name>a</name><revision>2020-01-01</revision><namespace>urn:a</namespace><feature>f</feature><submodule><name>s</name><revision>2001-01-01</revision></submodule><deviation>d</deviation></module>
			<import-only-module><name>i</name><revision>2020-01-01</revision><namespace>urn:i</namespace></import-only-module>
			</module-set><schema><name>s</name><module-set>all</module-set></schema>
			<datastore xmlns:ds="urn:ds"><name>ds:running</name><schema>s</schema></datastore><datastore><name> x:operational </name></datastore></yang-library>`),
			&yang.Library{Modules: []yang.Module{a}, Datastores: []string{"running", "operational"}}},
		"RFC 7895": {envelope(`<modules-state ` + ns + `><module-set-id>1</module-set-id><module><namespace>urn:a</namespace><submodule><name>s</name><revision>2001-01-01</revision></submodule>
			<deviation><name>d</name><revision>2001-01-01</revision></deviation><revision>2020-01-01</revision><name>a</name><conformance-type>implement</conformance-type></module>
			<module><name>i</name><revision>2021-01-01</revision><namespace>urn:i</namespace><conformance-type>import</conformance-type></module></modules-state>`),
			&yang.Library{Modules: []yang.Module{a}}},
		"prefixes": {`<q:rpc-reply xmlns:q="urn:q"><q:data><l:modules-state xmlns:l="urn:l"><l:module><l:name>a</l:name><l:revision>2020-01-01</l:revision><l:namespace>urn:a</l:namespace></l:module></l:modules-state></q:data></q:rpc-reply>`,
			&yang.Library{Modules: []yang.Module{a}}},
		"parts missing": {envelope(`<modules-state ` + ns + `><module><name>x</name></module><module/><module><name>a</name><namespace>urn:a</namespace><revision/></module></modules-state>`),
			&yang.Library{Modules: []yang.Module{{Name: "a", Namespace: "urn:a"}}}},
		"empty":     {envelope(""), nil},
		"error":     {`<rpc-reply><rpc-error><error-tag>access-denied</error-tag></rpc-error></rpc-reply>`, nil},
		"elsewhere": {envelope(`<x><module><name>a</name></module></x>`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := yang.ParseLibrary(strings.NewReader(tc.reply))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("library (-want +got):\n%s", diff)
			}
		})
	}
	for _, broken := range []string{"", "<a>", "<a></b>", "junk", `<rpc-reply><data><modules-state><module><name>a`} {
		if _, err := yang.ParseLibrary(strings.NewReader(broken)); err == nil {
			t.Errorf("%q is no library and gives no error", broken)
		}
	}
}
