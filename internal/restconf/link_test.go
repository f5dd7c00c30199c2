package restconf_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/restconf"
)

// TestSlowServerOfHTTP2: one that does one thing at a time, as clixon and rousette do, sees nothing else than the request while it works on it.
func TestSlowServerOfHTTP2(t *testing.T) {
	authority, err := labcert.NewAuthority("lab")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(labcert.Leaf{Names: []string{"r1"}})
	if err != nil {
		t.Fatal(err)
	}
	own, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ours, its := net.Pipe()
		go serveHTTP2(tls.Server(newBuffered(its), &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}}), 10*time.Minute)
		conn := tls.Client(ours, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		transport := restconf.OverConnection(conn)
		defer func() {
			conn.Close()
			transport.CloseIdleConnections()
		}()
		for range 2 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://r1/restconf/data/lab:top", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || string(body) != top {
				t.Errorf("%v, %s", err, body)
			}
		}
	})
}

// serveHTTP2 answers requests one after the other, until the connection ends, and reads nothing while it works on one.
func serveHTTP2(conn net.Conn, work time.Duration) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	frames := http2.NewFramer(conn, conn)
	frames.ReadMetaHeaders = hpack.NewDecoder(4<<10, nil)
	var header bytes.Buffer
	encoder := hpack.NewEncoder(&header)
	err := frames.WriteSettings()
	for err == nil {
		var frame http2.Frame
		if frame, err = frames.ReadFrame(); err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				err = frames.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			time.Sleep(work)
			header.Reset()
			if err = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"}); err != nil {
				return
			}
			if err = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: frame.StreamID, BlockFragment: header.Bytes(), EndHeaders: true}); err == nil {
				err = frames.WriteData(frame.StreamID, true, []byte(top))
			}
		}
	}
}

// buffered is the end of a pipe that takes what is written at the other end before it is read, as sockets do.
type buffered struct {
	net.Conn
	arrived chan []byte
	rest    []byte
}

func newBuffered(conn net.Conn) *buffered {
	b := &buffered{Conn: conn, arrived: make(chan []byte, 1000)}
	go func() {
		defer close(b.arrived)
		for {
			p := make([]byte, 4<<10)
			n, err := conn.Read(p)
			if err != nil {
				return
			}
			b.arrived <- p[:n]
		}
	}()
	return b
}

func (b *buffered) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		var open bool
		if b.rest, open = <-b.arrived; !open {
			return 0, io.EOF
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
