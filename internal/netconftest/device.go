// Package netconftest is a NETCONF device for tests, over real SSH, whose session follows a script of raw bytes: what it
// says, when, in which pieces, and where it stops. The simulator plays a good device of any size; this one plays a bad one.
package netconftest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// User and Password are what a device lets in, unless its Config says otherwise.
const User, Password = "monitor", "opensesame"

// ErrWrong is how the device refuses a secret.
var ErrWrong = errors.New("wrong")

// Device is an SSH server with a netconf subsystem. Config, Script and TCP are set by the functions given to Start, and
// later by Change alone.
type Device struct {
	Address string
	Key     ssh.PublicKey // its host key, unless Config has others

	Config *ssh.ServerConfig
	Script func(*Peer)    // one session, from the hello to its end
	TCP    func(net.Conn) // speaks to connections in place of the SSH server; nil: none does

	Logins     atomic.Int32 // sessions of the subsystem so far
	Offered    atomic.Int32 // passwords that clients sent
	RPCs       atomic.Int32 // requests read by Peer.Request
	Keepalives atomic.Int32 // global requests so far
	Deaf       atomic.Bool  // do not answer global requests, such as keepalives
	Refusals   atomic.Int32 // subsystem requests to refuse

	mu       sync.Mutex // for Config, Script and TCP
	listener *listener
}

// Start starts a device that logs in User with Password and then follows script; adjust changes that. It ends with the test.
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

// NewConfig is that of a server that lets in User with Password.
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

// Change changes what the device does with connections from now on. A new Config takes the place of the old one, which is
// still read.
func (d *Device) Change(f func(*Device)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

// Drop closes all connections without a word.
func (d *Device) Drop() { d.listener.drop() }

// Down takes the device off the network: its connections drop, others are refused.
func (d *Device) Down() { d.listener.close() }

// Up brings it back, on the same port.
func (d *Device) Up() error { return d.listener.open() }

// Move takes it to another address of the loopback, on the same port.
func (d *Device) Move(host string) error {
	d.listener.close()
	_, port, err := net.SplitHostPort(d.listener.address)
	if err != nil {
		return err
	}
	d.listener.address = net.JoinHostPort(host, port)
	return d.listener.open()
}

// Connections is how many are open.
func (d *Device) Connections() int { return d.listener.count() }

// Serve speaks to one connection, as to those that come to Address.
func (d *Device) Serve(tcp net.Conn) {
	defer tcp.Close()
	d.mu.Lock()
	config, script, instead := d.Config, d.Script, d.TCP
	d.mu.Unlock()
	if instead != nil {
		instead(tcp)
		return
	}
	conn, channels, requests, err := ssh.NewServerConn(tcp, config)
	if err != nil {
		return
	}
	go d.globalRequests(requests)
	for offer := range channels {
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
		if !d.Deaf.Load() {
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
