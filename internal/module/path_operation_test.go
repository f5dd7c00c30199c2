package module_test

import (
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// pathDevice has modules whose namespaces hold what separates a capability's parameters.
var pathDevice = []string{
	"urn:a?module=mod-a&revision=2020-01-01", "urn:x?v=1?module=mod-x", "urn:y?v=1&module=mod-y&revision=2021-01-01", "urn:b?module=mod-b",
}

func TestPathOperation(t *testing.T) {
	device := yang.NewDevice(pathDevice, nil)
	for name, tc := range map[string]struct{ path, want string }{
		"a container":      {"/mod-a:top", `<top xmlns="urn:a"></top>`},
		"a trailing slash": {"/mod-a:top/", `<top xmlns="urn:a"></top>`},
		"a key":            {"/mod-a:top/list[name='eth0']", `<top xmlns="urn:a"><list><name>eth0</name></list></top>`},
		"a key and a leaf": {`/mod-a:top/list[name="a/b[c]'d"]/x`, `<top xmlns="urn:a"><list><name>a/b[c]&#39;d</name><x></x></list></top>`},
		"two keys": {"/mod-a:top/list[mod-b:id='<1>'][ name = '2' ]/mod-b:x/y",
			`<top xmlns="urn:a"><list><id xmlns="urn:b">&lt;1&gt;</id><name>2</name><x xmlns="urn:b"><y></y></x></list></top>`},
		"braces":                         {"/mod-a:top/{a, mod-b:b,c}", `<top xmlns="urn:a"><a/><b xmlns="urn:b"/><c/></top>`},
		"a question mark in a namespace": {"/mod-x:top", `<top xmlns="urn:x?v=1"></top>`},
		"a question mark before other parameters": {"/mod-y:top", `<top xmlns="urn:y?v=1"></top>`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := module.PathOperation(tc.path, device)
			if err != nil {
				t.Fatal(err)
			}
			if want := `<get><filter type="subtree">` + tc.want + "</filter></get>"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	for path, want := range map[string]string{
		"/mod-c:top":           `the device has no YANG module "mod-c"; it has mod-a, mod-b, mod-x, mod-y`,
		"/mod-a:top/if:x":      `the device has no YANG module "if"; it has mod-a, mod-b, mod-x, mod-y`,
		"/top":                 `"top" needs the name of its YANG module, as in /MODULE:top`,
		"top":                  `is not a path; write /MODULE:NODE`,
		"/":                    `is not a path; write /MODULE:NODE`,
		"/mod-a:top//x":        `is not the name of a node`,
		"/mod-a:top/list[1]":   `write a key as [name='value']`,
		"/mod-a:top/l[n='x'":   `write a key as [name='value']`,
		"/mod-a:top/l[n=x]":    `write a key as [name='value']`,
		"/mod-a:top/l[n='x']y": `"y" is in the place of a node`,
		"/mod-a:top/{a":        `braces end a path`,
	} {
		if _, err := module.PathOperation(path, device); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v; want one with %s", path, err, want)
		}
	}
	if _, err := module.PathOperation("/mod-a:top", yang.NewDevice(nil, nil)); err == nil || !strings.Contains(err.Error(), "the device names no YANG modules") {
		t.Errorf("of a device that shows none: %v", err)
	}
}

// TestNothingToAskFor holds that a filter is never empty: some servers answer one with all that they have.
func TestNothingToAskFor(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a", b: "urn:b"}
reads: [{get: [/a:top/b:list]}, {get: [/a:top]}]
rows: [{path: /a:top/b:list, key: [name], labels: {thing: name}, metrics: {lab_value: v}}]`)
	without := yang.NewDevice(nil, &yang.Library{Modules: []yang.Module{{Name: "a", Namespace: "urn:a"}}})
	if got := m.Requests[0].XML(without, false); got != "" {
		t.Errorf("the operation is %s; want none", got)
	}
	if got := m.Requests[1].XML(without, false); !strings.Contains(got, "<top") {
		t.Errorf("the operation is %s; want top in it", got)
	}
}
