package session_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

const (
	user, password = "monitor", "opensesame"

	hello10 = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` +
		`<capability>urn:ietf:params:netconf:base:1.0</capability></capabilities><session-id>7</session-id></hello>`
	hello11 = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` +
		`<capability>urn:ietf:params:netconf:base:1.0</capability><capability>urn:ietf:params:netconf:base:1.1</capability>` +
		`</capabilities><session-id>7</session-id></hello>`
	eom = "]]>]]>"
)

// device is an SSH server whose netconf subsystem follows a script of raw bytes.
type device struct {
	t           *testing.T
	address     string
	config      *ssh.ServerConfig
	script      func(*peer)
	fingerprint string // of the first host key

	logins   atomic.Int32 // sessions of the subsystem so far
	offered  atomic.Int32 // secrets that clients sent
	deaf     atomic.Bool  // do not answer global requests, such as keepalives
	refusals atomic.Int32 // subsystem requests to refuse

	keepalives atomic.Int32 // global requests so far
}

// peer is the device's end of one session.
type peer struct {
	ssh.Channel
	device  *device
	conn    ssh.Conn
	in      *bufio.Reader
	chunked bool
}

// startDevice starts a device that logs in the user with the password; adjust changes that.
func startDevice(t *testing.T, script func(*peer), adjust ...func(*device)) *device {
	t.Helper()
	d := &device{t: t, script: script, config: &ssh.ServerConfig{}}
	signer := newKey(t, "ed25519")
	d.config.AddHostKey(signer)
	d.fingerprint = ssh.FingerprintSHA256(signer.PublicKey())
	d.config.PasswordCallback = func(c ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
		d.offered.Add(1)
		if c.User() == user && string(given) == password {
			return nil, nil
		}
		return nil, errors.New("wrong")
	}
	for _, f := range adjust {
		f(d)
	}
	d.address = listen(t, d.serve)
	return d
}

// listen serves TCP connections on a free port; they are closed when the test ends.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var running sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			running.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	return listener.Addr().String()
}

func (d *device) serve(tcp net.Conn) {
	defer tcp.Close()
	conn, channels, requests, err := ssh.NewServerConn(tcp, d.config)
	if err != nil {
		return
	}
	go func() {
		for request := range requests {
			d.keepalives.Add(1)
			if !d.deaf.Load() {
				request.Reply(false, nil)
			}
		}
	}()
	for offer := range channels {
		channel, requests, err := offer.Accept()
		if err != nil {
			return
		}
		for request := range requests {
			ok := request.Type == "subsystem" && d.refusals.Add(-1) < 0
			request.Reply(ok, nil)
			if ok {
				go ssh.DiscardRequests(requests)
				d.logins.Add(1)
				d.script(&peer{Channel: channel, device: d, conn: conn, in: bufio.NewReader(channel)})
				channel.Close()
				return
			}
		}
	}
}

// send writes raw bytes.
func (p *peer) send(text string) { io.WriteString(p, text) }

// greet exchanges hellos and returns the client's.
func (p *peer) greet(hello string) string {
	p.send(hello + eom)
	clients, _ := p.untilEOM()
	p.chunked = strings.Contains(hello, ":base:1.1<") && strings.Contains(clients, ":base:1.1<")
	return clients
}

func (p *peer) untilEOM() (string, bool) {
	var got []byte
	for !bytes.HasSuffix(got, []byte(eom)) {
		b, err := p.in.ReadByte()
		if err != nil {
			return string(got), false
		}
		got = append(got, b)
	}
	return string(got), true
}

// request reads the next rpc and returns it with its message-id; ok is false when the client has gone.
func (p *peer) request() (rpc, id string, ok bool) {
	if p.chunked {
		var size int
		for {
			if _, err := fmt.Fscanf(p.in, "\n#%d\n", &size); err != nil {
				break // the end of chunks, or of the stream
			}
			chunk := make([]byte, size)
			if _, err := io.ReadFull(p.in, chunk); err != nil {
				return "", "", false
			}
			rpc += string(chunk)
		}
		p.in.ReadString('\n')
	} else {
		rpc, _ = p.untilEOM()
	}
	_, after, _ := strings.Cut(rpc, `message-id="`)
	id, _, ok = strings.Cut(after, `"`)
	return rpc, id, ok
}

// reply frames a message.
func (p *peer) reply(message string) {
	if p.chunked {
		p.send("\n#" + strconv.Itoa(len(message)) + "\n" + message + "\n##\n")
	} else {
		p.send(message + eom)
	}
}

func okReply(id string) string {
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `"><data/></rpc-reply>`
}

// serveOK answers every rpc, and ends the session when asked to.
func serveOK(hello string) func(*peer) {
	return func(p *peer) {
		p.greet(hello)
		for {
			rpc, id, ok := p.request()
			if !ok {
				return
			}
			p.reply(okReply(id))
			if strings.Contains(rpc, "close-session") {
				return
			}
		}
	}
}

func newKey(t *testing.T, kind string) ssh.Signer {
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
