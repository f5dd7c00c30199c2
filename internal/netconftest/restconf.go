package netconftest

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// RESTCONF is a scripted RESTCONF server. What it answers is written by path, as it is requested: with the query, if that is written.
type RESTCONF struct {
	Username, Password string // "" for both: no login is wanted
	Everywhere         bool   // the login is wanted for /.well-known too
	// Answers are bodies by path and query, or by path alone. Missing: 404.
	Answers map[string]string
	// Handle, if set, may answer a request itself; it returns false for one that Answers has.
	Handle func(w http.ResponseWriter, r *http.Request) bool

	server      *httptest.Server
	connections atomic.Int32

	mu       sync.Mutex // guards following fields
	requests []string
	refused  int
}

// Start runs the server until the test ends. configure may change it first; it may be nil.
func (d *RESTCONF) Start(t testing.TB, configure func(*httptest.Server)) *RESTCONF {
	t.Helper()
	d.server = httptest.NewUnstartedServer(d)
	d.server.EnableHTTP2 = true
	d.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			d.connections.Add(1)
		case http.StateClosed:
			d.connections.Add(-1)
		}
	}
	d.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if configure != nil {
		configure(d.server)
	}
	d.server.StartTLS()
	t.Cleanup(func() {
		d.server.CloseClientConnections()
		d.server.Close()
	})
	return d
}

// Address is the host:port on which the server listens.
func (d *RESTCONF) Address() string { return d.server.Listener.Addr().String() }

// Certificate is that of the server, in DER form.
func (d *RESTCONF) Certificate() []byte { return d.server.Certificate().Raw }

// CAFile writes the certificate of the server to a file.
func (d *RESTCONF) CAFile(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.Certificate()})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Requests are the requests so far: METHOD PATH?QUERY.
func (d *RESTCONF) Requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.requests...)
}

// Refused is how many logins were refused.
func (d *RESTCONF) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

// SetPassword changes the password.
func (d *RESTCONF) SetPassword(password string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Password = password
}

// Connections is how many are open.
func (d *RESTCONF) Connections() int { return int(d.connections.Load()) }

// DropConnections closes all connections.
func (d *RESTCONF) DropConnections() { d.server.CloseClientConnections() }

// ServeHTTP implements http.Handler.
func (d *RESTCONF) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		asked += "?" + r.URL.RawQuery
	}
	username, password, _ := r.BasicAuth()
	d.mu.Lock()
	d.requests = append(d.requests, r.Method+" "+asked)
	open := d.Username == "" || username == d.Username && password == d.Password || !d.Everywhere && strings.HasPrefix(asked, "/.well-known/")
	if !open {
		d.refused++
	}
	d.mu.Unlock()
	if !open {
		w.Header().Set("WWW-Authenticate", `Basic realm="device"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if d.Handle != nil && d.Handle(w, r) {
		return
	}
	body, known := d.Answers[asked]
	if !known {
		body, known = d.Answers[r.URL.EscapedPath()]
	}
	if !known {
		d.Error(w, http.StatusNotFound, "invalid-value", "Instance does not exist")
		return
	}
	w.Header().Set("Content-Type", "application/yang-data+xml")
	_, _ = w.Write([]byte(body)) // the client may have gone
}

// Error answers with an error of RESTCONF.
func (d *RESTCONF) Error(w http.ResponseWriter, status int, tag, message string) {
	w.Header().Set("Content-Type", "application/yang-data+xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<errors xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><error><error-type>application</error-type><error-tag>` + tag +
		`</error-tag><error-message>` + message + `</error-message></error></errors>`))
}
