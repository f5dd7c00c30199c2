package guard_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/guard"
)

func newGuard(t *testing.T, external string, listen ...string) *guard.Guard {
	t.Helper()
	u, err := guard.ParseExternalURL(external)
	if err != nil {
		t.Fatal(err)
	}
	g, err := guard.New(guard.Options{Enabled: true, ExternalURL: u, ListenAddresses: listen, Passwords: true})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestHosts(t *testing.T) {
	g := newGuard(t, "https://netconf.example:8443/x/", ":10830", "10.0.0.5:10830", "Exporter.Example:10830", "[::]:1", "0.0.0.0:2")
	for host, want := range map[string]bool{
		"localhost": true, "localhost:10830": true, "LOCALHOST": true, "127.0.0.1:10830": true, "127.9.9.9": true, "[::1]:10830": true, "::1": true,
		"10.0.0.5:10830": true, "exporter.example": true, "EXPORTER.example.:10830": true, "netconf.example": true, "netconf.example:443": true,
		"evil.example": false, "evil.example:10830": false, "": false, "10.0.0.6": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"0.0.0.0": false, "[::]": false, "netconf.example.evil": false, "169.254.169.254": false,
	} {
		r := httptest.NewRequest("POST", "/api/v1/targets", nil)
		r.Host = host
		err := g.Check(r)
		if (err == nil) != want {
			t.Errorf("Host %q: %v", host, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--web.external-url") {
			t.Errorf("Host %q: %v says not what to do", host, err)
		}
	}
}

func TestOtherSites(t *testing.T) {
	g := newGuard(t, "https://netconf.example")
	for _, test := range []struct {
		method, origin, site string
		allowed              bool
	}{
		{"POST", "", "", true}, // curl
		{"POST", "http://localhost:10830", "", true},
		{"POST", "http://localhost:10830", "same-origin", true},
		{"POST", "https://netconf.example", "cross-site", true}, // through the proxy
		{"POST", "https://evil.example", "", false},
		{"POST", "https://evil.example", "cross-site", false},
		{"POST", "http://localhost:3000", "same-site", false},
		{"DELETE", "null", "cross-site", false},
		{"PUT", "null", "", false},
		{"GET", "https://evil.example", "cross-site", true}, // it changes nothing, and its answer cannot be read
	} {
		r := httptest.NewRequest(test.method, "/api/v1/targets", nil)
		r.Host = "localhost:10830"
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		if err := g.Check(r); (err == nil) != test.allowed {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestSwitchedOff(t *testing.T) {
	g, err := guard.New(guard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/api/v1/tasks", nil)
	r.Host = "localhost"
	if err := g.Check(r); err == nil || !strings.Contains(err.Error(), "--web.enable-admin-api") {
		t.Errorf("%v", err)
	}
}

func TestExternalURL(t *testing.T) {
	for _, text := range []string{"exporter.example", "ftp://x", "https://", "http://user:secret@x/", "://"} {
		if _, err := guard.ParseExternalURL(text); err == nil || !strings.Contains(err.Error(), "is not the address of a web page") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestListening(t *testing.T) {
	for _, test := range []struct {
		addresses []string
		sockets   bool
		config    string
		allowed   bool
	}{
		{[]string{"127.0.0.1:10830", "[::1]:10830", "localhost:10830"}, false, "", true},
		{[]string{":10830"}, false, "", false},
		{[]string{"0.0.0.0:10830"}, false, "", false},
		{[]string{"127.0.0.1:10830", "10.0.0.5:10830"}, false, "", false},
		{[]string{"vsock://:1"}, false, "", false},
		{[]string{"127.0.0.1:10830"}, true, "", false},
		{[]string{":10830"}, false, "basic_auth_users: {a: b}", true},
		{[]string{":10830"}, false, "basic_auth_users: {}", false},
		{[]string{":10830"}, false, "tls_server_config: {cert_file: a, key_file: b}", false},
		{[]string{":10830"}, false, "tls_server_config: {client_auth_type: RequestClientCert}", false},
		{[]string{":10830"}, false, "tls_server_config: {client_auth_type: RequireAndVerifyClientCert}", true},
	} {
		file := ""
		if test.config != "" {
			file = filepath.Join(t.TempDir(), "web.yml")
			if err := os.WriteFile(file, []byte(test.config), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, protected, err := guard.Passwords(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := guard.CheckListening(test.addresses, test.sockets, protected); (err == nil) != test.allowed {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestPerson(t *testing.T) {
	r := httptest.NewRequest("POST", "/", nil)
	r.SetBasicAuth("ann", "x")
	if who, from := newGuard(t, "").Person(r); who != "ann" || from != r.RemoteAddr {
		t.Errorf("%q from %q", who, from)
	}
	open, err := guard.New(guard.Options{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	if who, _ := open.Person(r); who != "" {
		t.Errorf("a name that nobody checked is taken: %q", who)
	}
	r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: "bob"}}}}}
	if who, _ := open.Person(r); who != "bob" {
		t.Errorf("%q", who)
	}
}
