package module_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// TestOperations holds what is sent for each form of a read.
func TestOperations(t *testing.T) {
	d := yang.NewDevice([]string{"urn:v:1.0:x?module=x&revision=2020-01-01", "urn:v:2.0:x", "urn:other"}, nil)
	const row = `{path: /a:top/list, key: [name], labels: {thing: name, text: descr, note: /a:top/title}, when: {kind: k}, metrics: {lab_value: {leaf: v, scale_leaf: s, precision_leaf: p, when: {w: x}}, lab_info: name}}`
	cases := map[string]struct {
		read, row string
		want      string
		asGet     string // in place of want, when get-data is asked as get
	}{
		"whole container": {read: "get: [/a:top]", want: `<get><filter type="subtree"><top xmlns="urn:a"/></filter></get>`},
		"leaf":            {read: "get: [/a:x/y/z]", want: `<get><filter type="subtree"><x xmlns="urn:a"><y><z/></y></x></filter></get>`},
		"other namespace": {read: "get: [/a:x/b:y/z/a:u]", want: `<get><filter type="subtree"><x xmlns="urn:a"><y xmlns="urn:b"><z><u xmlns="urn:a"/></z></y></x></filter></get>`},
		"braces":          {read: `get: ["/a:x/{y,b:z , u/v}"]`, want: `<get><filter type="subtree"><x xmlns="urn:a"><y/><z xmlns="urn:b"/><u><v/></u></x></filter></get>`},
		"nested braces":   {read: `get: ["/a:x/{y/{p,q/{r,s}},z}"]`, want: `<get><filter type="subtree"><x xmlns="urn:a"><y><p/><q><r/><s/></q></y><z/></x></filter></get>`},
		"braces first":    {read: `get: ["/{a:x,b:y/z}"]`, want: `<get><filter type="subtree"><x xmlns="urn:a"/><y xmlns="urn:b"><z/></y></filter></get>`},
		"several paths":   {read: `get: [/a:x/y, /b:x, /a:x/z]`, want: `<get><filter type="subtree"><x xmlns="urn:a"><y/><z/></x><x xmlns="urn:b"/></filter></get>`},
		"absorbed":        {read: `get: [/a:x/y/z, /a:x, /a:x/u]`, want: `<get><filter type="subtree"><x xmlns="urn:a"/></filter></get>`},
		"same twice":      {read: `get: ["/a:x/{y,y}", /a:x/y]`, want: `<get><filter type="subtree"><x xmlns="urn:a"><y/></x></filter></get>`},
		"configuration":   {read: "get_config: [/a:top]", want: `<get-config><source><running/></source><filter type="subtree"><top xmlns="urn:a"/></filter></get-config>`},
		"operational state": {read: "get_data: [/a:top]",
			want:  `<get-data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-nmda" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores"><datastore>ds:operational</datastore><subtree-filter><top xmlns="urn:a"/></subtree-filter></get-data>`,
			asGet: `<get><filter type="subtree"><top xmlns="urn:a"/></filter></get>`},
		"rpc":                   {read: `rpc: ' <get-x xmlns="urn:x"><all/></get-x> '`, want: `<get-x xmlns="urn:x"><all/></get-x>`},
		"version of the device": {read: "get: [/v:top]", want: `<get><filter type="subtree"><top xmlns="urn:v:2.0:x"/></filter></get>`},
		"version unknown":       {read: "get: [/u:top]", want: `<get><filter type="subtree"><top xmlns=""/></filter></get>`},
		"any namespace":         {read: "get: [/any:top]", want: `<get><filter type="subtree"><top xmlns=""/></filter></get>`},
		"awkward namespace":     {read: "get: [/odd:top]", want: `<get><filter type="subtree"><top xmlns="urn:&lt;&#34;&amp;&gt;"/></filter></get>`},
		"list whole":            {read: "get: [/a:top/list]", row: row, want: `<get><filter type="subtree"><top xmlns="urn:a"><list/><title/></top></filter></get>`},
		"leaves one by one":     {read: "get: [/a:top/list/v]", row: row, want: `<get><filter type="subtree"><top xmlns="urn:a"><list><v/><name/><descr/><kind/><w/><s/><p/></list><title/></top></filter></get>`},
		"named already":         {read: `get: ["/a:top/{title,list/{v,p,name,s,w,kind,descr}}"]`, row: row, want: `<get><filter type="subtree"><top xmlns="urn:a"><title/><list><v/><p/><name/><s/><w/><kind/><descr/></list></top></filter></get>`},
		"deep labels": {read: "get: [/a:top/list/v]", row: `{path: /a:top/list, key: [k/name], labels: {thing: k/name, text: {first_of: [{template: "{x/a}{x/b}"}, c]}}, metrics: {lab_value: v, lab_info: v}}`,
			want: `<get><filter type="subtree"><top xmlns="urn:a"><list><v/><k><name/></k><x><a/><b/></x><c/></list></top></filter></get>`},
		"the key of what is around": {read: "get: [/a:top/list/in/part]", row: `{path: /a:top/list, key: [name], labels: {thing: name}, rows: [{path: in/part, key: [id], labels: {part: id}, metrics: {lab_pair: v}}]}`,
			want: `<get><filter type="subtree"><top xmlns="urn:a"><list><in><part/></in><name/></list></top></filter></get>`},
		"attributes come with their element": {read: "get: [/a:top/list/v]", row: `{path: /a:top/list, key: [name], labels: {thing: name, text: {leaf: v, attribute: x}}, metrics: {lab_info: v}}`,
			want: `<get><filter type="subtree"><top xmlns="urn:a"><list><v/><name/></list></top></filter></get>`},
	}
	yaml := map[string]string{}
	for name, tc := range cases {
		yaml[name] = `namespaces: {a: "urn:a", b: "urn:b", v: "urn:v:*", u: "urn:u:*", any: "*", odd: "urn:<\"&>"}` + "\nreads: [{" + tc.read + "}]\nrows: [" +
			cmp.Or(tc.row, "{path: /a:none, metrics: {lab_alone: v}}") + "]"
	}
	modules := labs(t, yaml)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := modules[name]
			if got := m.Requests[0].XML(d, false); got != tc.want {
				t.Errorf("the operation is\n%s, want\n%s", got, tc.want)
			}
			if got, want := m.Requests[0].XML(d, true), cmp.Or(tc.asGet, tc.want); got != want {
				t.Errorf("without get-data the operation is\n%s, want\n%s", got, want)
			}
		})
	}
}

// TestFiltersOfJoins holds that keys are in every filter, and what else a row needs only where no read has it yet: a
// configuration tree lacks the leaves of state, and there are servers that refuse to be asked for them.
func TestFiltersOfJoins(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{get: [/a:state]}, {get_config: ["/a:config/list/{descr}"]}]
rows: [{path: [/a:state/list, /a:config/list], key: [name], labels: {thing: name, text: descr, kind: type}, when: {up: "true"}, metrics: {lab_info: name}}]`)
	want := `<config xmlns="urn:a"><list><descr/><name/></list></config>`
	if got := m.Requests[1].XML(&yang.Device{}, false); !strings.Contains(got, want) {
		t.Errorf("the operation is %s, want %s in it", got, want)
	}
}

// A device that has told all its models is not asked for others: some servers refuse a whole filter for one unknown name.
func TestFiltersLeaveOutWhatTheDeviceLacks(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a", b: "urn:b", c: "urn:c"}
reads: [{get: ["/a:top/{v,b:w,x/c:y}"]}]
rows: [{path: /a:top/list, key: [name], labels: {thing: name}, metrics: {lab_value: v}}]`)
	library := &yang.Library{Modules: []yang.Module{{Name: "a", Namespace: "urn:a"}, {Name: "b", Namespace: "urn:b"}}}
	for want, d := range map[string]*yang.Device{
		`<get><filter type="subtree"><top xmlns="urn:a"><v/><w xmlns="urn:b"/></top></filter></get>`:                          yang.NewDevice(nil, library),
		`<get><filter type="subtree"><top xmlns="urn:a"><v/><w xmlns="urn:b"/><x><y xmlns="urn:c"/></x></top></filter></get>`: yang.NewDevice([]string{"urn:a"}, nil),
	} {
		if got := m.Requests[0].XML(d, false); got != want {
			t.Errorf("asks for %s\nwant     %s", got, want)
		}
	}
}
