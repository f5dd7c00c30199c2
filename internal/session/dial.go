package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

const clientVersion = "SSH-2.0-netconf_exporter"

// dial is one attempt to open a session: TCP, SSH, login, hello.
type dial struct {
	Options
	hostPort    string
	timeouts    Timeouts
	trace       *Trace
	credentials *credentials
	accounts    *account.Accounts
	freeSlot    func() // gives back the dial slot, once; nil: there is none

	jump   *jumpHost // the last one on the way; nil: none
	call   *call     // by which the device opened the connection; nil: none
	device string    // what the accounts know the device by; set when its address is known
}

// open returns a new session.
func (d *dial) open(ctx context.Context) (*session, error) {
	if err := d.Dialer.keyring().CheckKnownHosts(d.Auth); err != nil {
		return nil, trustError(err)
	}
	keys, err := newHostKeyPolicy(d.Target, d.Auth)
	if err != nil {
		return nil, err
	}
	var conn *connection
	var client *ssh.Client
	if d.call != nil {
		conn = d.call.conn
		d.trace.end("tcp", time.Now(), nil, "the device called from "+d.hostPort)
		client, err = d.handshake(ctx, conn, keys)
	} else {
		conn, client, err = d.connect(ctx, keys)
	}
	if err != nil {
		return nil, err
	}
	return d.openSession(ctx, conn, client)
}

// connect logs in to the device. It dials again in two cases, both before any secret is sent. If the server closed the
// connection before the SSH banner, as OpenSSH does above its MaxStartups, it tries once more. If the fingerprint of the host key
// is not listed, it tries each other type of host key, because a device may have several and shows one at a time.
func (d *dial) connect(ctx context.Context, keys *hostKeyPolicy) (*connection, *ssh.Client, error) {
	var refused error // the fingerprint that was not listed
	for retried := false; ; {
		var client *ssh.Client
		conn, err := d.dialTCP(ctx)
		if err == nil {
			client, err = d.handshake(ctx, conn, keys)
		}
		var key *hostKeyError
		var negotiation *ssh.AlgorithmNegotiationError
		switch {
		case err == nil:
			return conn, client, nil
		case (errors.Is(err, errNoBanner) || errors.Is(err, errTooManyLogins)) && !retried:
			retried = true
			sleep(ctx, 100*time.Millisecond+rand.N(200*time.Millisecond))
			continue
		case errors.As(err, &key) && keys.byFingerprint:
			if refused == nil {
				refused = err
			}
			if keys.algorithms = without(keys.algorithms, key.keyType); len(keys.algorithms) > 0 {
				continue
			}
		}
		if refused != nil && (errors.As(err, &key) || errors.As(err, &negotiation)) {
			err = refused
		}
		return nil, nil, err
	}
}

// handshake performs the SSH handshake and logs in. If that fails, it closes the connection.
func (d *dial) handshake(ctx context.Context, conn *connection, keys *hostKeyPolicy) (*ssh.Client, error) {
	clock := startClock(ctx, d.timeouts.Login)
	defer clock.stop()
	ctx = clock.ctx
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	began := time.Now()
	var exchanged atomic.Pointer[time.Time] // when the key exchange was done and the login began
	attempt := &login{credentials: d.credentials, connection: conn}
	attempt.admit = func() (*account.Login, error) {
		d.device = d.deviceOf(conn.RemoteAddr(), d.hostPort)
		asked := time.Now()
		defer func() { exchanged.Store(new(time.Now())) }() // the phase auth begins when the waiting ends
		return d.admit(clock, asked)
	}
	settings := &ssh.ClientConfig{
		Config:            algorithms(d.Auth.LegacyAlgorithms),
		User:              d.Auth.Username,
		ClientVersion:     clientVersion,
		HostKeyAlgorithms: keys.algorithms,
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error { // called at each rekeying too
			err := guard(func() error { return keys.check(address, remote, key) })
			now := time.Now()
			if err == nil && exchanged.CompareAndSwap(nil, &now) {
				d.trace.Add("ssh", began, now.Sub(began), key.Type()+" "+ssh.FingerprintSHA256(key))
			}
			return err
		},
		AuthCallback: attempt.nextMethod,
	}
	var sshConn ssh.Conn
	var channels <-chan ssh.NewChannel
	var requests <-chan *ssh.Request
	err := guard(func() (err error) {
		sshConn, channels, requests, err = d.negotiate(conn, settings)
		return err
	})
	phase, detail := "ssh", ""
	if at := exchanged.Load(); at != nil {
		phase, began = "auth", *at
		detail = strings.Join(attempt.tried, " ")
	}
	if err != nil {
		conn.Close()
		err = d.handshakeError(ctx, conn, attempt, phase, err)
	}
	attempt.end(err)
	if err != nil {
		d.trace.end(phase, began, err, "")
		return nil, err
	}
	d.trace.end(phase, began, nil, detail)
	return ssh.NewClient(sshConn, channels, requests), nil
}

// algorithms returns what to offer: nothing with CBC or SHA-1 unless legacy is set. The library's defaults include some of it.
func algorithms(legacy bool) ssh.Config {
	offer := ssh.SupportedAlgorithms()
	if legacy {
		old := ssh.InsecureAlgorithms()
		offer.KeyExchanges = slices.Concat(offer.KeyExchanges, old.KeyExchanges)
		offer.Ciphers = slices.Concat(offer.Ciphers, old.Ciphers)
		offer.MACs = slices.Concat(offer.MACs, old.MACs)
	} else {
		offer.MACs = slices.DeleteFunc(offer.MACs, func(mac string) bool { return mac == ssh.HMACSHA1 })
	}
	return ssh.Config{KeyExchanges: offer.KeyExchanges, Ciphers: offer.Ciphers, MACs: offer.MACs}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
