package restconf

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// maxHeader bounds the header of an answer, in octets.
const maxHeader = 64 << 10

// errNoConnection says that the connection of a link has ended before a request was answered.
var errNoConnection = errors.New("the connection has ended")

// link is one TLS connection. It speaks HTTP/2 or HTTP/1.1, whichever both sides prefer, and never connects by itself: when a login may
// be sent is not for an HTTP library to decide.
type link struct {
	conn      net.Conn
	transport *http.Transport
	used      bool // a request was answered on it
}

func newLink(conn *tls.Conn) *link {
	var taken atomic.Bool
	return &link{conn: conn, transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errNoConnection },
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			if taken.Swap(true) {
				return nil, errNoConnection
			}
			return conn, nil
		},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // it is asked for, and bounded, by answer
		MaxResponseHeaderBytes: maxHeader,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}}
}

// close ends the connection, and what is being read on it.
func (l *link) close() {
	_ = l.conn.Close() // there is nothing to be done about its error
	l.transport.CloseIdleConnections()
}
