package simulator

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// serveHTTPS serves RESTCONF on the connection until one side ends it.
func (c *connection) serveHTTPS() {
	conn := tls.Server(c.conn, &tls.Config{Certificates: []tls.Certificate{c.certificate()}, NextProtos: []string{"h2", "http/1.1"}})
	_ = c.conn.SetDeadline(time.Now().Add(loginGrace))
	if conn.HandshakeContext(c.ctx) != nil {
		return
	}
	_ = c.conn.SetDeadline(time.Time{})
	c.device.sessions.Add(1)
	defer c.device.sessions.Add(-1)
	server := &http.Server{Handler: &restconf{connection: c}, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: loginGrace}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			c.cancel()
		}
	}
	defer server.Close()
	_ = server.Serve(&oneConn{Conn: conn, closed: c.ctx.Done()}) // it ends with the connection
}

// oneConn is a listener that accepts one connection, which ends the listener when it is closed.
type oneConn struct {
	*tls.Conn
	accepted bool
	closed   <-chan struct{}
}

// Accept implements net.Listener.
func (o *oneConn) Accept() (net.Conn, error) {
	if !o.accepted {
		o.accepted = true
		return o.Conn, nil
	}
	<-o.closed
	return nil, net.ErrClosed
}

// Addr implements net.Listener.
func (o *oneConn) Addr() net.Addr { return o.LocalAddr() }
