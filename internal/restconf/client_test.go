package restconf_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/restconf"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const (
	xrd          = `<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="restconf" href="/restconf"/></XRD>`
	capabilities = `<capabilities xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf-monitoring"><capability>urn:ietf:params:restconf:capability:depth:1.0</capability>%s</capabilities>`
	fields       = `<capability>urn:ietf:params:restconf:capability:fields:1.0</capability>`
	contentID    = `<content-id xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">7</content-id>`
	library      = `<yang-library xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"><module-set><name>all</name>
<module><name>lab</name><revision>2020-01-01</revision><namespace>urn:lab</namespace><location>/yang/lab.yang</location></module>
<module><name>more</name><revision>2021-01-01</revision><namespace>urn:more</namespace></module>
</module-set><datastore xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores"><name>ds:running</name></datastore>%s</yang-library>`
	operational = `<datastore xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores"><name>ds:operational</name></datastore>`
)

// device is a server with a YANG library. extra are more capabilities, stores more datastores.
func device(extra, stores string, answers map[string]string) *netconftest.RESTCONF {
	all := map[string]string{
		"/.well-known/host-meta": xrd,
		"/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities": fmt.Sprintf(capabilities, extra),
		"/restconf/data/ietf-yang-library:yang-library/content-id":            contentID,
		"/restconf/data/ietf-yang-library:yang-library":                       fmt.Sprintf(library, stores),
	}
	for path, body := range answers {
		all[path] = body
	}
	return &netconftest.RESTCONF{Username: "u", Password: "secret", Answers: all}
}

// options are those of a client of a server.
func options(t testing.TB, d *netconftest.RESTCONF) session.Options {
	t.Helper()
	c := &config.Config{
		Auths:   map[string]*config.Auth{"lab": {Username: "u", Password: "secret", TLSConfig: &config.TLSConfig{CAFile: d.CAFile(t)}}},
		Targets: []*config.Target{{Name: "r1", Address: d.Address(), Auth: "lab", Settings: config.Settings{Transport: new(config.TransportRESTCONF)}}},
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return session.Options{Target: c.Targets[0], Auth: c.Auths["lab"], Dialer: session.NewDialer(1)}
}

func newClient(t testing.TB, o session.Options) *restconf.Client {
	t.Helper()
	c := restconf.NewClient(o)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// rpc sends an operation and returns the reply without its envelope.
func rpc(t *testing.T, c *restconf.Client, operation string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var reply []byte
	err := c.RPC(ctx, nil, operation, func(r io.Reader) (err error) {
		reply, err = io.ReadAll(r)
		return err
	})
	text := strings.TrimPrefix(string(reply), `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">`)
	return strings.TrimSuffix(text, `</rpc-reply>`), err
}

func get(filter string) string { return `<get><filter type="subtree">` + filter + `</filter></get>` }

const top = `<top xmlns="urn:lab"><entry><name>a</name><in>1</in><out>2</out></entry><entry><name>b</name><in>3</in></entry><other>4</other></top>`

func TestOperations(t *testing.T) {
	getData := func(filter string) string {
		return `<get-data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-nmda" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores"><datastore>ds:operational</datastore><subtree-filter>` + filter + `</subtree-filter></get-data>`
	}
	const selected = `<top xmlns="urn:lab"><entry><name/><in/></entry></top>`
	const some = `<top xmlns="urn:lab"><entry><name>a</name><in>1</in></entry><entry><name>b</name><in>3</in></entry></top>`
	data := func(inner string) string { return "<data>" + inner + "</data>" }
	for name, tc := range map[string]struct {
		device    *netconftest.RESTCONF
		operation string
		asked     []string // after the session is open
		reply     string
	}{
		"a whole container": {device("", "", map[string]string{"/restconf/data/lab:top": top}), get(`<top xmlns="urn:lab"/>`), []string{"/data/lab:top"}, data(top)},
		"with its declaration": {device("", "", map[string]string{"/restconf/data/lab:top": "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- x -->" + top + "\r\n\r\n"}),
			get(`<top xmlns="urn:lab"/>`), []string{"/data/lab:top"}, data(top + "\r\n\r\n")},
		"Latin-1": {device("", "", map[string]string{"/restconf/data/lab:top": "<?xml version='1.0' encoding='ISO-8859-1'?><top xmlns='urn:lab'>\xe9</top>"}),
			get(`<top xmlns="urn:lab"/>`), []string{"/data/lab:top"}, data(`<top xmlns="urn:lab">é</top>`)},
		"fields": {device(fields, "", map[string]string{"/restconf/data/lab:top?fields=entry(name;in)": some}), get(selected),
			[]string{"/data/lab:top?fields=entry(name;in)"}, data(some)},
		"fields of other modules": {device(fields, "", map[string]string{"/restconf/data/lab:top?fields=entry/more:x/y;other": some}),
			get(`<top xmlns="urn:lab"><entry><x xmlns="urn:more"><y/></x></entry><entry><z xmlns="urn:none"/></entry><other/></top>`),
			[]string{"/data/lab:top?fields=entry/more:x/y;other"}, data(some)},
		"fields are refused": {device(fields, "", map[string]string{"/restconf/data/lab:top": top, "/restconf/data/lab:top?fields=entry(name;in)": "400", "/restconf/data?fields=lab:top(entry(name;in))": "400"}),
			get(selected), []string{"/data/lab:top?fields=entry(name;in)", "/data?fields=lab:top(entry(name;in))", "/data/lab:top"}, data(some)},
		"fields are not known": {device("", "", map[string]string{"/restconf/data/lab:top": top}), get(selected), []string{"/data/lab:top"}, data(some)},
		"a list at the top": {device(fields, "", map[string]string{"/restconf/data/lab:one": "400", "/restconf/data?fields=lab:one": `<data xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><one xmlns="urn:lab"><name>a</name></one><one xmlns="urn:lab"><name>b</name></one></data>`}),
			get(`<one xmlns="urn:lab"/>`), []string{"/data/lab:one", "/data?fields=lab:one"},
			`<data xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><one xmlns="urn:lab"><name>a</name></one><one xmlns="urn:lab"><name>b</name></one></data>`},
		"an entry": {device("", "", map[string]string{"/restconf/data/lab:top": top}), get(`<top xmlns="urn:lab"><entry><name>b</name></entry></top>`), []string{"/data/lab:top"},
			data(`<top xmlns="urn:lab"><entry><name>b</name><in>3</in></entry></top>`)},
		"a part of an entry": {device(fields, "", map[string]string{"/restconf/data/lab:top?fields=entry(name;in)": some}), get(`<top xmlns="urn:lab"><entry><name>b</name><in/></entry></top>`),
			[]string{"/data/lab:top?fields=entry(name;in)"}, data(`<top xmlns="urn:lab"><entry><name>b</name><in>3</in></entry></top>`)},
		"two containers": {device("", "", map[string]string{"/restconf/data/lab:top": top, "/restconf/data/more:top": `<top xmlns="urn:more"/>`}), get(`<top xmlns="urn:lab"/><none xmlns="urn:lab"/><top xmlns="urn:more"/>`),
			[]string{"/data/lab:top", "/data/lab:none", "/data/more:top"}, data(top) + data(`<top xmlns="urn:more"/>`)},
		"everything": {device("", "", map[string]string{"/restconf/data": `<data xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf">` + top + `</data>`}), `<get/>`, []string{"/data"},
			`<data xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf">` + top + `</data>`},
		"everything, without an element around it (rousette)": {device("", "", map[string]string{"/restconf/data": top + "\n<more xmlns=\"urn:more\"/>\n"}), `<get/>`, []string{"/data"},
			data(top + "\n<more xmlns=\"urn:more\"/>\n")},
		"a list at the top, without an element around it (rousette)": {device(fields, "", map[string]string{"/restconf/data/lab:one?fields=name": "400", "/restconf/data?fields=lab:one(name)": `<one xmlns="urn:lab"><name>a</name><x/></one><one xmlns="urn:lab"><name>b</name></one>`}),
			get(`<one xmlns="urn:lab"><name/></one>`), []string{"/data/lab:one?fields=name", "/data?fields=lab:one(name)"}, data(`<one xmlns="urn:lab"><name>a</name></one><one xmlns="urn:lab"><name>b</name></one>`)},
		"data that is missing (OpenDaylight)": {device("", "", map[string]string{"/restconf/data/lab:top": "409"}), get(`<top xmlns="urn:lab"/>`), []string{"/data/lab:top"}, ``},
		"the configuration": {device(fields, "", map[string]string{"/restconf/data/lab:top?content=config&fields=other": some}),
			`<get-config><source><running/></source><filter type="subtree"><top xmlns="urn:lab"><other/></top></filter></get-config>`, []string{"/data/lab:top?content=config&fields=other"}, data(some)},
		"the operational datastore": {device("", operational, map[string]string{"/restconf/ds/ietf-datastores:operational/lab:top": top}), getData(`<top xmlns="urn:lab"/>`),
			[]string{"/ds/ietf-datastores:operational/lab:top"}, data(top)},
		"nothing in the operational datastore": {device("", operational, map[string]string{"/restconf/ds/ietf-datastores:operational/ietf-yang-library:yang-library/content-id": contentID}), getData(`<top xmlns="urn:lab"/>`),
			[]string{"/ds/ietf-datastores:operational/lab:top", "/ds/ietf-datastores:operational/ietf-yang-library:yang-library/content-id"}, ``},
		"no resource for the operational datastore": {device("", operational, nil), getData(`<top xmlns="urn:lab"/>`),
			[]string{"/ds/ietf-datastores:operational/lab:top", "/ds/ietf-datastores:operational/ietf-yang-library:yang-library/content-id"},
			rpcError("protocol", "operation-not-supported", "the device has no resource of RFC 8527 for its operational datastore")},
		"an operational datastore that is not implemented (clixon)": {device("", operational, map[string]string{"/restconf/ds/ietf-datastores:operational/lab:top": "501"}), getData(`<top xmlns="urn:lab"/>`),
			[]string{"/ds/ietf-datastores:operational/lab:top"}, rpcError("protocol", "operation-not-supported", "Not Implemented")},
		"no operational datastore": {device("", "", nil), getData(`<top xmlns="urn:lab"/>`), nil,
			rpcError("protocol", "operation-not-supported", "the device has no operational datastore (RFC 8527), says its YANG library")},
		"an operation": {device("", "", map[string]string{"/restconf/operations/lab:get-things": `<output xmlns="urn:lab"><thing><name>a</name></thing></output>`}),
			`<get-things xmlns="urn:lab" xmlns:x="urn:more"><x:kind>all</x:kind></get-things>`, []string{"POST /operations/lab:get-things"}, `<data xmlns="urn:lab"><thing><name>a</name></thing></data>`},
		"an operation without a namespace": {device("", "", nil), `<get-things/>`, nil,
			rpcError("protocol", "operation-not-supported", "the operation &lt;get-things&gt; has no namespace, and RESTCONF needs the YANG module that defines it")},
		"an XPath filter": {device("", "", nil), `<get><filter type="xpath" select="/a"/></get>`, nil,
			rpcError("protocol", "operation-not-supported", "RESTCONF has no XPath filters; write the filter as a subtree, or as a path")},
		"a module that the device lacks": {device("", "", nil), get(`<x xmlns="urn:none"/>`), nil,
			rpcError("protocol", "operation-not-supported", "the device has no YANG module of namespace urn:none, says its YANG library")},
		"a schema": {device("", "", map[string]string{"/yang/lab.yang": `module lab { // a<b`}), `<get-schema xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"><identifier>lab</identifier></get-schema>`,
			[]string{"/data/ietf-yang-library:yang-library", "GET /yang/lab.yang"}, data(`module lab { // a&lt;b`)},
		"errors":          {device("", "", map[string]string{"/restconf/data/lab:top": "403"}), get(`<top xmlns="urn:lab"/>`), []string{"/data/lab:top"}, rpcError("application", "access-denied", "it says 403")},
		"an empty answer": {device("", "", map[string]string{"/restconf/data/lab:top": ""}), get(`<top xmlns="urn:lab"/>`), []string{"/data/lab:top"}, ``},
	} {
		t.Run(name, func(t *testing.T) {
			tc.device.Handle = func(w http.ResponseWriter, r *http.Request) bool {
				asked := r.URL.EscapedPath()
				if r.URL.RawQuery != "" {
					asked += "?" + r.URL.RawQuery
				}
				switch tc.device.Answers[asked] {
				case "400":
					tc.device.Error(w, http.StatusBadRequest, "invalid-value", "it says 400")
				case "409":
					tc.device.Error(w, http.StatusConflict, "data-missing", "Request could not be completed because the relevant data model content does not exist")
				case "501":
					w.Header().Set("Content-Type", "application/yang-data+json")
					w.WriteHeader(http.StatusNotImplemented)
					_, _ = io.WriteString(w, `{"ietf-restconf:errors" : {"error": {"error-type":"protocol","error-tag":"operation-not-supported","error-severity":"error","error-message":"Not Implemented"}}}`)
				case "403":
					tc.device.Error(w, http.StatusForbidden, "access-denied", "it says 403")
				default:
					return false
				}
				return true
			}
			d := tc.device.Start(t, nil)
			c := newClient(t, options(t, d))
			if _, err := c.Connect(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			before := len(d.Requests())
			reply, err := rpc(t, c, tc.operation)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.reply, reply); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
			var want []string
			for _, path := range tc.asked {
				if strings.HasPrefix(path, "/") {
					path = "GET /restconf" + path
				}
				want = append(want, strings.Replace(path, "POST /", "POST /restconf/", 1))
			}
			if diff := cmp.Diff(want, d.Requests()[before:], cmp.Transformer("empty", func(s []string) []string { return append([]string{""}, s...) })); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func rpcError(kind, tag, message string) string {
	return `<rpc-error><error-type>` + kind + `</error-type><error-tag>` + tag + `</error-tag><error-severity>error</error-severity><error-message>` + message + `</error-message></rpc-error>`
}

// TestRoots: where the API is, by host-meta in both forms, with and without a login, or without any.
func TestRoots(t *testing.T) {
	const id, path = "/data/ietf-yang-library:yang-library/content-id", "/data/lab:top"
	for name, tc := range map[string]struct {
		hostMeta   string // "": there is none
		root       string
		everywhere bool
	}{
		"XRD":           {strings.Replace(xrd, "/restconf", "/api/v1/", 1), "/api/v1", false},
		"JSON":          {`{"links": [{"rel": "x", "href": "/x"}, {"rel": "restconf", "href": "/rest"}]}`, "/rest", false},
		"another link":  {strings.Replace(xrd, `rel="restconf"`, `rel="lrdd"`, 1), "/restconf", false},
		"none":          {"", "/restconf", false},
		"with a login":  {strings.Replace(xrd, "/restconf", "/x", 1), "/x", true},
		"rousette":      {`<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link rel='restconf' href='/restconf/'></XRD>`, "/restconf", false}, // not well-formed
		"no document":   {"<html>", "/restconf", false},
		"a redirection": {"https://192.0.2.1/", "/restconf", false},
		"the root of /": {strings.Replace(xrd, "/restconf", "/", 1), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &netconftest.RESTCONF{Username: "u", Password: "secret", Everywhere: tc.everywhere, Answers: map[string]string{
				tc.root + id: contentID, tc.root + path: top, tc.root + "/data/ietf-yang-library:yang-library": fmt.Sprintf(library, ""),
			}}
			if tc.hostMeta != "" {
				d.Answers["/.well-known/host-meta"] = tc.hostMeta
			}
			if strings.HasPrefix(tc.hostMeta, "https:") {
				d.Handle = respond("/.well-known/host-meta", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, tc.hostMeta, http.StatusFound) })
			}
			d.Start(t, nil)
			reply, err := rpc(t, newClient(t, options(t, d)), get(`<top xmlns="urn:lab"/>`))
			if err != nil || reply != "<data>"+top+"</data>" {
				t.Errorf("%v, %s\n%v", err, reply, d.Requests())
			}
		})
	}
}

// TestWithoutALibrary: names of YANG modules are taken for the ends of their namespaces.
func TestWithoutALibrary(t *testing.T) {
	d := (&netconftest.RESTCONF{Username: "u", Password: "secret", Answers: map[string]string{"/restconf": "<restconf/>", "/restconf/data/ietf-x:top": top}}).Start(t, nil)
	c := newClient(t, options(t, d))
	hello, err := c.Connect(t.Context(), nil)
	if err != nil || hello.Library != nil || len(hello.Capabilities) > 0 {
		t.Errorf("%v, %v", err, hello)
	}
	reply, err := rpc(t, c, get(`<top xmlns="urn:ietf:params:xml:ns:yang:ietf-x"/>`))
	if err != nil || reply != "<data>"+top+"</data>" {
		t.Errorf("%v, %s", err, reply)
	}
}

// TestLeavesInTheirTree: rousette gives a leaf in all that is around it.
func TestLeavesInTheirTree(t *testing.T) {
	const ylib, monitoring = `<yang-library xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">`, `<restconf-state xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf-monitoring">`
	d := device("", "", nil)
	d.Answers["/restconf/data/ietf-yang-library:yang-library/content-id"] = ylib + "\n  <content-id>7</content-id>\n</yang-library>\n"
	d.Answers["/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities"] = monitoring + "\n  <capabilities>\n    <capability>a</capability>\n    <capability>b</capability>\n  </capabilities>\n</restconf-state>\n"
	d.Start(t, nil)
	c := newClient(t, options(t, d))
	hello, err := c.Connect(t.Context(), nil)
	if diff := cmp.Diff([]string{"a", "b"}, hello.Capabilities); err != nil || diff != "" {
		t.Errorf("%v; capabilities (-want +got):\n%s", err, diff)
	}
	before := len(d.Requests())
	c.Forget()
	if _, err := c.Connect(t.Context(), nil); err != nil || len(d.Requests())-before != 1 {
		t.Errorf("%v; asked again for %v", err, d.Requests()[before:])
	}
}

// TestWithoutAnIdentifier: the library of a device that has no identifier for it is read once a session, which goes on.
func TestWithoutAnIdentifier(t *testing.T) {
	d := device("", "", map[string]string{"/restconf/data/lab:top": top})
	d.Answers["/restconf/data/ietf-yang-library:modules-state"] = ""
	delete(d.Answers, "/restconf/data/ietf-yang-library:yang-library/content-id")
	d.Start(t, nil)
	c := newClient(t, options(t, d))
	var start time.Time
	for i := range 3 {
		if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
			t.Fatal(err)
		}
		if i > 0 && !c.Stats().Start.Equal(start) {
			t.Error("it is another session")
		}
		start = c.Stats().Start
		c.Doubt()
	}
	read := 0
	for _, r := range d.Requests() {
		if strings.HasSuffix(r, ":yang-library") {
			read++
		}
	}
	if read != 1 {
		t.Errorf("the library was read %d times, want once", read)
	}
}

// TestFailingLibrary: what a device could not tell of itself for a moment is asked for again.
func TestFailingLibrary(t *testing.T) {
	for _, path := range []string{"/restconf/data/ietf-yang-library:yang-library", "/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities"} {
		d := device("", "", nil)
		var failing atomic.Bool
		failing.Store(true)
		d.Handle = func(w http.ResponseWriter, r *http.Request) bool {
			if !failing.Load() || r.URL.Path != path {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		d.Start(t, nil)
		c := newClient(t, options(t, d))
		_, _ = c.Connect(t.Context(), nil)
		failing.Store(false)
		c.Forget()
		hello, err := c.Connect(t.Context(), nil)
		if err != nil || hello.Library == nil {
			t.Errorf("%s: %v, %v", path, err, hello)
		}
	}
}

// TestLibraryChanges: a device that comes back with other software is learned anew, and one that only lost its connection is not.
func TestLibraryChanges(t *testing.T) {
	var id atomic.Value
	id.Store(contentID)
	d := device("", "", map[string]string{"/restconf/data/ietf-yang-library:yang-library/content-id": ""})
	d.Handle = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/content-id") {
			return false
		}
		w.Header().Set("Content-Type", "application/yang-data+xml")
		_, _ = io.WriteString(w, id.Load().(string))
		return true
	}
	d.Start(t, nil)
	c := newClient(t, options(t, d))
	libraries := func() (n int) {
		for _, r := range d.Requests() {
			if strings.HasSuffix(r, ":yang-library") {
				n++
			}
		}
		return n
	}
	connect := func() time.Time {
		t.Helper()
		if _, err := c.Connect(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return c.Stats().Start
	}
	first := connect()
	if c.Forget(); !connect().After(first) || libraries() != 1 {
		t.Errorf("the library was read %d times, want once", libraries())
	}
	id.Store(strings.Replace(contentID, "7", "8", 1))
	second := c.Stats().Start
	if c.Doubt(); !connect().After(second) || libraries() != 2 {
		t.Errorf("the library was read %d times, want twice", libraries())
	}
}
