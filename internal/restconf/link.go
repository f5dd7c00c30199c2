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

// maxFrame is the largest HTTP/2 frame, in octets. It is the minimum of the RFC, because each connection keeps a buffer of that size.
const maxFrame = 16 << 10

// alertWait is how long an alert is waited for on a connection that has failed: it has arrived already, if there is one.
const alertWait = time.Second

// errNoConnection says that the connection of a link has ended before a request was answered.
var errNoConnection = errors.New("the connection has ended")

// link is one TLS connection. It speaks HTTP/2 or HTTP/1.1, whichever both sides prefer. It never connects by itself, because the HTTP
// library must not decide when a login is sent.
type link struct {
	conn      net.Conn      // TLS
	tcp       *session.Conn // below it
	transport *http.Transport
	used      bool           // a request was answered on it
	entry     *account.Login // by our certificate, until the first answer; nil: none
}

// open starts HTTP on a connection.
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
		// No pings: many servers do one thing at a time, and answer no ping during a slow request.
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: maxFrame},
	}
}

// cause is why a request on the link failed. HTTP/2 hides the TLS alert by which a device refuses our certificate; reading from the
// connection returns it. The caller closes the link.
func (l *link) cause(err error) error {
	read := make(chan error, 1)
	go func() { // ends with the connection: through a jump host it has no deadlines
		_, failure := l.conn.Read(make([]byte, 1))
		read <- failure
	}()
	select {
	case failure := <-read:
		if session.IsAlert(failure) {
			return failure
		}
	case <-time.After(alertWait): // the request may have failed before the alert was read
	}
	return err
}

// close ends the connection, and what is being read on it.
func (l *link) close() {
	_ = l.conn.Close() // its error does not matter
	l.transport.CloseIdleConnections()
}
