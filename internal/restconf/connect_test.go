package restconf_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

func TestAddressesThatAreNotAllowed(t *testing.T) {
	connected := make(chan bool, 1)
	d := device("", "", nil).Start(t, func(s *httptest.Server) {
		s.Listener = &watched{s.Listener, connected}
	})
	o := options(t, d)
	o.RequireAllowed = true
	o.Auth.AllowedTargets = []string{"192.0.2.0/24"}
	_, err := newClient(t, o).Connect(t.Context(), nil)
	if session.ReasonOf(err) != session.ReasonRefused || !strings.Contains(err.Error(), session.ErrNotAllowed.Error()) || len(connected) > 0 {
		t.Errorf("got %v; connected %v", err, len(connected) > 0)
	}
}

type watched struct {
	net.Listener
	connected chan bool
}

func (w *watched) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err == nil {
		w.connected <- true
	}
	return conn, err
}

// TestOtherServers: what else may answer at the port.
func TestOtherServers(t *testing.T) {
	for name, tc := range map[string]struct {
		sends  string
		reason session.Reason
		says   string
	}{
		"HTTP":            {"HTTP/1.1 400 Bad Request\r\n\r\n", session.ReasonTLS, "RESTCONF is usually on port 443"},
		"SSH":             {"SSH-2.0-x\r\n", session.ReasonTLS, "is an SSH server"},
		"one that closes": {"", session.ReasonRefused, "closed the connection before it answered the TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { listener.Close() })
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Write([]byte(tc.sends))
					if tc.sends != "" {
						_, _ = conn.Read(make([]byte, 4096))
					}
					conn.Close()
				}
			}()
			o := options(t, device("", "", nil).Start(t, nil))
			o.Target.Address = listener.Addr().String()
			_, err = newClient(t, o).Connect(t.Context(), nil)
			if session.ReasonOf(err) != tc.reason || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("reason %q, want %q: %v", session.ReasonOf(err), tc.reason, err)
			}
		})
	}
}

// TestFloods: a device that sends without end what answers nothing loses its connection, and is told.
func TestFloods(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, file, key := newCertificate(t, "device")
	pair, err := tls.LoadX509KeyPair(file, key)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		device := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}})
		go func() { _, _ = io.Copy(io.Discard, device) }()       // ends with the connection
		_, err = device.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // SETTINGS of HTTP/2
		pings := bytes.Repeat([]byte{0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, 1000)
		for err == nil {
			_, err = device.Write(pings)
		}
	}()
	o := options(t, device("", "", nil).Start(t, nil))
	o.Target.Address = listener.Addr().String()
	o.Auth.TLSConfig = &config.TLSConfig{InsecureSkipVerify: true}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := newClient(t, o).Connect(ctx, nil); session.ReasonOf(err) != session.ReasonHello || !strings.Contains(err.Error(), "answers nothing") {
		t.Errorf("got %v", err)
	}
	<-ended
}
