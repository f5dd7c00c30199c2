// Package netconftest has a NETCONF device for tests over real SSH. A script decides which bytes it sends, when, in which pieces,
// and where it stops. For a device that follows the RFCs, see package simulator.
package netconftest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// User and Password are the credentials that a device accepts, unless its Config has others.
const User, Password = "monitor", "opensesame"

// ErrWrong is the error by which the device refuses a password or a key.
var ErrWrong = errors.New("wrong")

// Device is an SSH server with a netconf subsystem, or speaks NETCONF over TLS. Config, Script, TCP and TLS are set by the functions given to Start, and after that
// only by Change.
type Device struct {
	Address string
	Key     ssh.PublicKey // its host key, unless Config has others

	Config *ssh.ServerConfig
	Script func(*Peer)    // one session, from the hello to its end
	TCP    func(net.Conn) // if set, serves connections instead of the SSH server
	TLS    *tls.Config    // if set, connections are NETCONF over TLS

	Channel func(ssh.NewChannel) // if set, answers the requests to open a channel

	Logins     atomic.Int32 // sessions of the subsystem, or handshakes of TLS, so far
	Refused    atomic.Int32 // handshakes of TLS that failed
	Offered    atomic.Int32 // passwords that clients sent
	RPCs       atomic.Int32 // requests read by Peer.Request
	Keepalives atomic.Int32 // global requests so far
	NoReplies  atomic.Bool  // do not answer global requests, such as keepalives
	Refusals   atomic.Int32 // subsystem requests to refuse

	mu       sync.Mutex // for Config, Script, TCP and TLS
	listener *listener
}

// Start starts a device that accepts User with Password and then runs script; adjust changes that. It ends with the test.
func Start(t testing.TB, script func(*Peer), adjust ...func(*Device)) *Device {
	t.Helper()
	d := &Device{Script: script}
	key := NewKey(t, "ed25519")
	d.Config = d.NewConfig(key)
	d.Key = key.PublicKey()
	for _, f := range adjust {
		f(d)
	}
	d.listener = listen(t, d.Serve)
	d.Address = d.listener.address
	return d
}

// NewConfig returns the configuration of a server that accepts User with Password.
func (d *Device) NewConfig(keys ...ssh.Signer) *ssh.ServerConfig {
	config := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
		d.Offered.Add(1)
		if c.User() == User && string(given) == Password {
			return nil, nil
		}
		return nil, ErrWrong
	}}
	for _, key := range keys {
		config.AddHostKey(key)
	}
	return config
}

// Change changes Config, Script, TCP or TLS for connections from now on. Set a new Config instead of changing the old one, which
// connections may be reading.
func (d *Device) Change(f func(*Device)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

// Drop closes all connections without close-session.
func (d *Device) Drop() { d.listener.drop() }

// Down closes the device's connections and its port.
func (d *Device) Down() { d.listener.close() }

// Up opens the same port again.
func (d *Device) Up() error { return d.listener.open() }

// Move makes the device listen at another address, on the same port.
func (d *Device) Move(host string) error {
	d.listener.close()
	_, port, err := net.SplitHostPort(d.listener.address)
	if err != nil {
		return err
	}
	d.listener.address = net.JoinHostPort(host, port)
	return d.listener.open()
}

// Call has the device open a connection and serve it, as it does those to Address (RFC 8071).
func (d *Device) Call(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	d.listener.mu.Lock()
	defer d.listener.mu.Unlock()
	d.listener.start(conn)
	return nil
}

// Connections is the number of open connections.
func (d *Device) Connections() int { return d.listener.count() }

// Serve serves one connection, as it does those to Address.
func (d *Device) Serve(tcp net.Conn) {
	defer tcp.Close()
	d.mu.Lock()
	config, script, instead, secured := d.Config, d.Script, d.TCP, d.TLS
	d.mu.Unlock()
	if instead != nil {
		instead(tcp)
		return
	}
	if secured != nil {
		d.serveTLS(tcp, secured, script)
		return
	}
	conn, channels, requests, err := ssh.NewServerConn(tcp, config)
	if err != nil {
		return
	}
	go d.globalRequests(requests)
	for offer := range channels {
		if d.Channel != nil {
			d.Channel(offer)
			continue
		}
		channel, requests, err := offer.Accept()
		if err != nil {
			return
		}
		for request := range requests {
			ok := request.Type == "subsystem" && d.Refusals.Add(-1) < 0
			_ = request.Reply(ok, nil)
			if ok {
				go ssh.DiscardRequests(requests)
				d.Logins.Add(1)
				script(newPeer(d, conn, channel))
				_ = channel.Close()
				return
			}
		}
	}
}

func (d *Device) globalRequests(requests <-chan *ssh.Request) {
	for request := range requests {
		d.Keepalives.Add(1)
		if !d.NoReplies.Load() {
			_ = request.Reply(false, nil)
		}
	}
}

// NewKey makes a key: "ed25519" or "ecdsa".
func NewKey(t testing.TB, kind string) ssh.Signer {
	t.Helper()
	var key any
	var err error
	if kind == "ecdsa" {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
