package yang_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

func TestLibraryOperation(t *testing.T) {
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

func TestParseLibrary(t *testing.T) {
	const ns = `xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"`
	a := yang.Module{Name: "a", Revision: "2020-01-01", Namespace: "urn:a"}
	deviated := a
	deviated.Deviations = []string{"d"}
	for name, tc := range map[string]struct {
		reply string
		want  *yang.Library // nil for none
	}{
		"RFC 8525": {envelope(`<yang-library ` + ns + `><module-set><name>all</name>
			<module><name>a</name><revision>2020-01-01</revision><namespace>urn:a</namespace><feature>f</feature><submodule><name>s</name><revision>2001-01-01</revision></submodule><deviation>d</deviation></module>
			<import-only-module><name>i</name><revision>2020-01-01</revision><namespace>urn:i</namespace></import-only-module>
			</module-set><schema><name>s</name><module-set>all</module-set></schema>
			<datastore xmlns:ds="urn:ds"><name>ds:running</name><schema>s</schema></datastore><datastore><name> x:operational </name></datastore></yang-library>`),
			&yang.Library{Modules: []yang.Module{deviated}, Datastores: []string{"running", "operational"}}},
		"RFC 7895": {envelope(`<modules-state ` + ns + `><module-set-id>1</module-set-id><module><namespace>urn:a</namespace><submodule><name>s</name><revision>2001-01-01</revision></submodule>
			<deviation><name>d</name><revision>2001-01-01</revision></deviation><revision>2020-01-01</revision><name>a</name><conformance-type>implement</conformance-type></module>
			<module><name>i</name><revision>2021-01-01</revision><namespace>urn:i</namespace><conformance-type>import</conformance-type></module></modules-state>`),
			&yang.Library{Modules: []yang.Module{deviated}}},
		"prefixes": {`<q:rpc-reply xmlns:q="urn:q"><q:data><l:modules-state xmlns:l="urn:l"><l:module><l:name>a</l:name><l:revision>2020-01-01</l:revision><l:namespace>urn:a</l:namespace></l:module></l:modules-state></q:data></q:rpc-reply>`,
			&yang.Library{Modules: []yang.Module{a}}},
		"parts missing": {envelope(`<modules-state ` + ns + `><module><name>x</name></module><module/><module><name>a</name><namespace>urn:a</namespace><revision/></module></modules-state>`),
			&yang.Library{Modules: []yang.Module{{Name: "a", Namespace: "urn:a"}}}},
		"long names": {envelope(`<modules-state ` + ns + `><module><name>` + strings.Repeat("x", 1025) + `</name><namespace>urn:x</namespace></module><module><name>a</name><namespace>urn:a</namespace></module></modules-state>`),
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
	many := strings.Repeat(`<module><name>a</name><namespace>urn:a</namespace></module>`, 10_001)
	if _, err := yang.ParseLibrary(strings.NewReader(envelope(`<modules-state ` + ns + `>` + many + `</modules-state>`))); !errors.Is(err, yang.ErrTooMany) {
		t.Errorf("10,001 modules: %v", err)
	}
	for _, broken := range []string{"", "<a>", "<a></b>", "junk", `<rpc-reply><data><modules-state><module><name>a`} {
		if _, err := yang.ParseLibrary(strings.NewReader(broken)); err == nil {
			t.Errorf("%q is no library and gives no error", broken)
		}
	}
}

// envelope wraps data in the elements that RFC 6241 puts around it.
func envelope(data string) string {
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><data>` + data + `</data></rpc-reply>`
}
