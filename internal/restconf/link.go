package restconf

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// maxHeader bounds the header of an answer, in octets.
const maxHeader = 64 << 10

// maxFrame is how many octets a frame of HTTP/2 may have: the least that the RFC allows, as each connection keeps a buffer for the largest that came.
const maxFrame = 16 << 10

// alertWait is how long an alert is waited for on a connection that has failed: it has arrived already, if there is one.
const alertWait = time.Second

// errNoConnection says that the connection of a link has ended before a request was answered.
var errNoConnection = errors.New("the connection has ended")

// link is one TLS connection. It speaks HTTP/2 or HTTP/1.1, whichever both sides prefer, and never connects by itself: when a login may
// be sent is not for an HTTP library to decide.
type link struct {
	conn      net.Conn      // TLS
	tcp       *session.Conn // below it
	transport *http.Transport
	used      bool           // a request was answered on it
	entry     *account.Login // by our certificate, until the first answer; nil: none
}

// open makes the link one over a connection.
func (l *link) open(conn *tls.Conn, tcp *session.Conn) {
	var taken atomic.Bool
	l.conn, l.tcp, l.transport = conn, tcp, &http.Transport{
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
		// No pings: many servers do one thing at a time, and answer none while they work on a slow request.
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: maxFrame},
	}
}

// cause is why a request on the link failed. HTTP/2 keeps an alert of TLS to itself, by which the device may refuse our certificate; the
// connection remembers.
func (l *link) cause(err error) error {
	_ = l.conn.SetReadDeadline(time.Now().Add(alertWait)) // the request may have failed before the alert was read
	if _, alert := l.conn.Read(make([]byte, 1)); session.IsAlert(alert) {
		return alert
	}
	return err
}

// close ends the connection, and what is being read on it.
func (l *link) close() {
	_ = l.conn.Close() // there is nothing to be done about its error
	l.transport.CloseIdleConnections()
}
