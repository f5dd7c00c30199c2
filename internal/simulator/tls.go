package simulator

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"sync"
	"time"
)

// serveTLS serves NETCONF over TLS (RFC 7589) on the connection until one side ends it.
func (c *connection) serveTLS() {
	conn := tls.Server(c.conn, c.tlsConfig())
	_ = c.conn.SetDeadline(time.Now().Add(loginGrace))
	if conn.HandshakeContext(c.ctx) != nil {
		return
	}
	_ = c.conn.SetDeadline(time.Time{})
	in, out := io.Pipe()
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() {
		_, err := io.CopyBuffer(out, conn, make([]byte, 1024))
		c.cancel() // a client that has gone ends the delay of a reply
		_ = out.CloseWithError(err)
	})
	serveSession(c.ctx, c.device, &tlsChannel{conn, in})
}

// tlsChannel is a TLS connection that somebody else reads.
type tlsChannel struct {
	*tls.Conn
	in *io.PipeReader
}

func (t *tlsChannel) Read(p []byte) (int, error) { return t.in.Read(p) }

func (t *tlsChannel) Close() error {
	_ = t.in.Close()
	return t.Conn.Close()
}

func (c *connection) tlsConfig() *tls.Config {
	d := c.device
	clients := x509.NewCertPool()
	clients.AddCert(d.fleet.certificates.own.Leaf)
	return &tls.Config{
		Certificates: []tls.Certificate{c.certificate()}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
		// Called when the client's certificate is verified. It counts before the client learns the result, as login does.
		VerifyConnection: func(tls.ConnectionState) error {
			if err := sleep(c.ctx, d.fleet.config.LoginDelay); err != nil {
				return err
			}
			if d.refusing.Load() {
				d.refused.Add(1)
				return errRefused
			}
			d.logins.Add(1)
			return nil
		},
	}
}

// certificate is the one that the device shows.
func (c *connection) certificate() tls.Certificate {
	if c.device.wrongKey.Load() {
		return c.device.fleet.certificates.other
	}
	return c.device.own
}
