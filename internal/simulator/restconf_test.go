package simulator_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// browser sends requests to a device that speaks RESTCONF. ask returns status and body.
type browser struct {
	t        *testing.T
	client   *http.Client
	address  string
	password string
}

func browse(t *testing.T, fleet *simulator.Fleet) *browser {
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(fleet.CertificatePEM()) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, &http.Client{Transport: transport}, fleet.Devices()[0].Address(), "netconf"}
}

func (b *browser) ask(method, path string) (status int, body string) {
	b.t.Helper()
	request, err := http.NewRequest(method, "https://"+b.address+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.SetBasicAuth("netconf", b.password)
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := xml.Unmarshal(text, new(struct{})); err != nil {
		b.t.Errorf("%s %s: %v: %s", method, path, err, text)
	}
	return response.StatusCode, string(text)
}

func TestRESTCONF(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	state := simulator.Config{Interfaces: 3, Transport: simulator.TransportRESTCONF, Now: func() time.Time { return now }}
	nmda, plain := state, state
	nmda.Form, plain.NoFields = simulator.FormNMDA, true
	first := start(t, state).Devices()[0].Interfaces(now)[0].Name
	entry := "/restconf/data/ietf-interfaces:interfaces-state/interface=" + url.PathEscape(first)
	for name, tc := range map[string]struct {
		config       simulator.Config
		method, path string
		status       int
		says         string
	}{
		"the root":                      {state, "GET", "/.well-known/host-meta", 200, `rel="restconf" href="/restconf"`},
		"the API":                       {state, "GET", "/restconf", 200, "<data/>"},
		"capabilities":                  {state, "GET", "/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities", 200, "capability:fields:1.0"},
		"capabilities without fields":   {plain, "GET", "/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities", 200, "capability:defaults"},
		"a container":                   {state, "GET", "/restconf/data/ietf-interfaces:interfaces-state", 200, "<in-octets>"},
		"fields":                        {state, "GET", "/restconf/data/ietf-interfaces:interfaces-state?fields=interface(name;statistics/in-octets)", 200, "</name><statistics><in-octets>"},
		"fields of the datastore":       {state, "GET", "/restconf/data?fields=ietf-interfaces:interfaces-state/interface/name", 200, `<data xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><interfaces-state`},
		"fields that are not known":     {plain, "GET", "/restconf/data/ietf-interfaces:interfaces-state?fields=interface/name", 400, "fields is not supported"},
		"fields that are broken":        {state, "GET", "/restconf/data/ietf-interfaces:interfaces-state?fields=interface(name", 400, "not closed"},
		"fields of nothing":             {state, "GET", "/restconf/data/ietf-interfaces:interfaces-state?fields=x", 200, "<interfaces-state"},
		"an entry":                      {state, "GET", entry, 200, `<interface xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><name>` + first + "</name>"},
		"a leaf":                        {state, "GET", entry + "/name", 200, ">" + first + "</name>"},
		"no entry":                      {state, "GET", "/restconf/data/ietf-interfaces:interfaces-state/interface=x", 404, "invalid-value"},
		"all entries":                   {state, "GET", "/restconf/data/ietf-interfaces:interfaces-state/interface", 400, "several instances"},
		"another module":                {state, "GET", "/restconf/data/x:y", 400, "unknown-element"},
		"the configuration":             {state, "GET", "/restconf/data/ietf-interfaces:interfaces?content=config", 200, "<interfaces"},
		"the operational datastore":     {nmda, "GET", "/restconf/ds/ietf-datastores:operational/ietf-interfaces:interfaces", 200, "<in-octets>"},
		"no operational datastore":      {state, "GET", "/restconf/ds/ietf-datastores:operational/ietf-interfaces:interfaces", 404, "invalid-value"},
		"the identifier of a library":   {nmda, "GET", "/restconf/data/ietf-yang-library:yang-library/content-id", 200, "<content-id"},
		"no operation":                  {state, "POST", "/restconf/operations/ietf-interfaces:x", 404, "no such operation"},
		"a change":                      {state, "DELETE", "/restconf/data/ietf-interfaces:interfaces", 405, "operation-not-supported"},
		"nothing of RESTCONF":           {state, "GET", "/", 404, "no such resource"},
		"a datastore that is not known": {nmda, "GET", "/restconf/ds/ietf-datastores:startup/x:y", 404, "no such datastore"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := browse(t, start(t, tc.config)).ask(tc.method, tc.path)
			if status != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("status %d, want %d: %s, want %q", status, tc.status, body, tc.says)
			}
		})
	}
}

func TestRESTCONFLogins(t *testing.T) {
	fleet := start(t, simulator.Config{Transport: simulator.TransportRESTCONF})
	d, b := fleet.Devices()[0], browse(t, fleet)
	for range 3 {
		b.ask("GET", "/restconf")
	}
	if d.Logins() != 1 || d.Sessions() != 1 {
		t.Errorf("%d logins, %d sessions, want one of each", d.Logins(), d.Sessions())
	}
	b.password = "wrong"
	if status, _ := b.ask("GET", "/restconf"); status != 401 || d.RefusedLogins() != 1 {
		t.Errorf("status %d, %d refused logins", status, d.RefusedLogins())
	}
	d.DropSessions()
	if d.Sessions() != 0 {
		t.Errorf("%d sessions after all were dropped", d.Sessions())
	}
	b.password = "netconf"
	b.client.CloseIdleConnections()
	if status, _ := b.ask("GET", "/restconf"); status != 200 {
		t.Errorf("status %d after the connections were dropped", status)
	}
}
