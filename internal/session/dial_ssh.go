package session

import (
	"context"
	"errors"
	"io"
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

// connectSSH logs in to a device over SSH.
func (d *dial) connectSSH(ctx context.Context) (stream, error) {
	if err := d.Dialer.keyring().CheckKnownHosts(d.Auth); err != nil {
		return nil, trustError(err)
	}
	keys, err := newHostKeyPolicy(d.Target, d.Auth)
	if err != nil {
		return nil, err
	}
	if d.call != nil {
		return d.answer(ctx, keys)
	}
	conn, client, err := d.loginSSH(ctx, keys)
	if err != nil {
		return nil, err
	}
	return &sshStream{conn: conn, client: client}, nil
}

// loginSSH logs in to an SSH server. It dials again in two cases, both before any secret is sent. If the server closed the
// connection before the SSH banner, as OpenSSH does above its MaxStartups, it tries once more. If the fingerprint of the host key
// is not listed, it tries each other type of host key, because a device may have several and shows one at a time.
func (d *dial) loginSSH(ctx context.Context, keys *hostKeyPolicy) (*connection, *ssh.Client, error) {
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

// sshStream is the channel of an SSH connection on which the subsystem netconf runs.
type sshStream struct {
	conn   *connection
	client *ssh.Client

	io.Reader // these two are the channel's
	io.Writer
	stderr *firstLine
}

// start opens the channel and asks for the subsystem (RFC 6242 section 3).
func (s *sshStream) start() error {
	channel, err := s.client.NewSession()
	if err != nil {
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) {
			return channelError(err)
		}
		return err
	}
	// The pipes of a session that has not started cannot fail.
	s.Writer, _ = channel.StdinPipe()
	s.Reader, _ = channel.StdoutPipe()
	stderr, _ := channel.StderrPipe()
	s.stderr = newFirstLine(stderr)
	switch err := channel.RequestSubsystem("netconf"); {
	case errors.Is(err, io.EOF):
		return errClosed
	case err != nil:
		return subsystemError(err)
	}
	return nil
}

func (s *sshStream) connection() *connection { return s.conn }

func (s *sshStream) close() { s.conn.Close() }

// complaint waits for the end of the standard error: both streams of an SSH channel end together.
func (s *sshStream) complaint() string {
	if s.stderr == nil {
		return ""
	}
	return s.stderr.wait()
}

// ping ends with the answer or with the connection.
func (s *sshStream) ping() { _, _, _ = s.client.SendRequest("keepalive@openssh.com", true, nil) }
