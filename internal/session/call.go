package session

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// call is a connection that a device opened. Its handshake stops at the host key or certificate until the client of the device's target
// takes the call.
type call struct {
	conn    *connection
	arrived time.Time

	taken    chan *ssh.ClientConfig // the client takes the call by sending this
	takenTLS chan *tls.Config       // likewise over TLS
	finished chan struct{}          // closed when the handshake has ended; the following fields are set then
	tls      *tls.Conn
	sshConn  ssh.Conn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
	err      error

	ending sync.Once
	ended  chan struct{} // closed when the call is given up
	cause  error         // why; set before ended is closed
}

func newCall(conn *connection) *call {
	return &call{conn: conn, arrived: time.Now(), taken: make(chan *ssh.ClientConfig), takenTLS: make(chan *tls.Config), finished: make(chan struct{}), ended: make(chan struct{})}
}

// end gives up a call and closes its connection.
func (c *call) end(cause error) {
	c.ending.Do(func() {
		c.cause = cause
		close(c.ended)
		_ = c.conn.Close()
	})
}

// waits reports whether the call can be taken.
func (c *call) waits() bool {
	select {
	case <-c.ended:
		return false
	case <-c.finished:
		return false
	default:
		return true
	}
}

// handshake does the SSH handshake up to the host key, with a user name and algorithms that were chosen before the caller is known. It calls
// found with the key; an error of found ends the call. Then it waits until a client takes the call, and logs in with that client's
// settings. It returns when the call has failed or the login has ended.
func (c *call) handshake(user string, offer ssh.Config, hostKeys []string, found func(ssh.PublicKey) error) (taken bool) {
	var rest *ssh.ClientConfig
	settings := &ssh.ClientConfig{
		Config: offer, User: user, ClientVersion: clientVersion, HostKeyAlgorithms: hostKeys,
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			if rest == nil { // else this is a rekeying
				if err := guard(func() error { return found(key) }); err != nil {
					return err
				}
				select {
				case rest = <-c.taken:
				case <-c.ended:
					return c.cause
				case <-time.After(takeWait):
					return errNotTaken
				}
			}
			return rest.HostKeyCallback(address, remote, key)
		},
		AuthCallback: func(state *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			if err := agreed(state.Algorithms, rest); err != nil {
				return nil, err
			}
			return rest.AuthCallback(state)
		},
	}
	c.err = guard(func() (err error) {
		c.sshConn, c.channels, c.requests, err = ssh.NewClientConn(c.conn, c.conn.RemoteAddr().String(), settings)
		return err
	})
	close(c.finished)
	return rest != nil
}

// answer logs in to a device that has called.
func (d *dial) answer(ctx context.Context, keys *hostKeyPolicy) (stream, error) {
	d.trace.end("tcp", time.Now(), nil, "the device called from "+d.hostPort)
	client, err := d.handshake(ctx, d.call.conn, keys)
	if err != nil {
		return nil, err
	}
	return &sshStream{conn: d.call.conn, client: client}, nil
}

// negotiate does the handshake with the device, or the rest of it where the device has called.
func (d *dial) negotiate(conn *connection, settings *ssh.ClientConfig) (ssh.Conn, <-chan ssh.NewChannel, <-chan *ssh.Request, error) {
	c := d.call
	if c == nil {
		return ssh.NewClientConn(conn, d.hostPort, settings)
	}
	select {
	case c.taken <- settings:
		<-c.finished
		return c.sshConn, c.channels, c.requests, c.err
	case <-c.ended:
		return nil, nil, nil, c.cause
	}
}

// agreed returns an error if the handshake chose algorithms that settings do not allow.
func agreed(on ssh.NegotiatedAlgorithms, settings *ssh.ClientConfig) error {
	offer := settings.Config
	offer.SetDefaults() // adds aliases
	for _, of := range []struct {
		what, chosen string
		offered      []string
	}{
		{"key exchange", on.KeyExchange, offer.KeyExchanges}, {"host key", on.HostKey, settings.HostKeyAlgorithms},
		{"cipher", on.Read.Cipher, offer.Ciphers}, {"cipher", on.Write.Cipher, offer.Ciphers},
		{"MAC", on.Read.MAC, offer.MACs}, {"MAC", on.Write.MAC, offer.MACs},
	} {
		if of.chosen != "" && !slices.Contains(of.offered, of.chosen) {
			return fmt.Errorf("the device has no better %s algorithm than %s; set legacy_algorithms: true in the auth if it is old", of.what, of.chosen)
		}
	}
	return nil
}
