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

// call is a connection that a device opened. Its handshake has come to the host key or certificate, which is that of a target, and goes on when the
// target's client takes it.
type call struct {
	conn    *connection
	arrived time.Time

	taken    chan *ssh.ClientConfig // with it, the client takes the call
	takenTLS chan *tls.Config       // likewise, over TLS
	finished chan struct{}          // closed when the handshake has ended, which sets what follows
	tls      *tls.Conn
	sshConn  ssh.Conn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
	err      error

	ending sync.Once
	ended  chan struct{} // closed when nobody is to take the call
	cause  error         // set before
}

func newCall(conn *connection) *call {
	return &call{conn: conn, arrived: time.Now(), taken: make(chan *ssh.ClientConfig), takenTLS: make(chan *tls.Config), finished: make(chan struct{}), ended: make(chan struct{})}
}

// end closes a call that nobody is to take.
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

// handshake does the first part of the handshake, up to the host key, with a user name and algorithms that have to do for all who may take
// the call. found is told the key, and returns an error if nobody takes it. When handshake returns, the call has failed, or it was taken and
// the login has ended.
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

// agreed returns an error if the handshake agreed upon algorithms that are not part of settings.
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
