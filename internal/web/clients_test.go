package web_test

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/web"
)

// TestIdleClients holds that connections that ask for nothing make room for new ones, and that a request in flight goes on.
func TestIdleClients(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- true
			<-release
		}
		fmt.Fprintln(w, "done")
	}))
	server.Config.ConnState = web.NewClients(5).State // NewUnstartedServer would chain its own; there is none yet
	server.Start()
	defer server.Close()
	slow := make(chan string)
	go func() {
		response, err := http.Get(server.URL + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		slow <- string(text)
	}()
	<-begun
	for range 20 {
		var idle []net.Conn
		for range 20 {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			idle = append(idle, conn)
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get(server.URL + "/-/healthy")
		if err != nil {
			t.Fatalf("a health check among idle connections: %v", err)
		}
		response.Body.Close()
		if _, err := idle[0].Read(make([]byte, 1)); err == nil {
			t.Error("a connection that is idle the longest is kept")
		}
		for _, conn := range idle {
			conn.Close()
		}
	}
	close(release)
	if text := <-slow; text != "done\n" {
		t.Errorf("the request in flight got %q", text)
	}
}

// TestAcceptErrorsAreToldOnce holds that the log tells that no connection can be accepted, and does so once.
func TestAcceptErrorsAreToldOnce(t *testing.T) {
	var out netconftest.Buffer
	server := log.New(&web.ServerLog{Logger: slog.New(slog.NewTextHandler(&out, nil))}, "", 0)
	for range 20 {
		server.Println("http: Accept error: accept tcp 127.0.0.1:1: accept4: too many open files; retrying in 5ms")
		server.Println("http: TLS handshake error from 127.0.0.1:2: EOF")
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "ulimit -n") {
		t.Errorf("the log has\n%s", text)
	}
}
