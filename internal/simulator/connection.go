package simulator

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// loginGrace is how long a client may take to log in; sshd's default.
const loginGrace = 2 * time.Minute

// connection is one TCP connection to a device, with the server of SSH, TLS or HTTPS on it.
type connection struct {
	device *Device
	conn   net.Conn
	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	ended  chan struct{} // closed when serve has returned
}

func newConnection(d *Device, conn net.Conn) *connection {
	c := &connection{device: d, conn: conn, ended: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

func (c *connection) close() {
	c.cancel()
	c.conn.Close()
}

func (c *connection) serve() {
	defer close(c.ended)
	defer c.device.forget(c)
	defer c.close()
	if c.device.silent.Load() {
		_, _ = io.Copy(io.Discard, c.conn) // until the client closes the connection
		return
	}
	switch c.device.fleet.config.Transport {
	case TransportTLS:
		c.serveTLS()
	case TransportRESTCONF:
		c.serveHTTPS()
	default:
		c.serveSSH()
	}
}

func (c *connection) serveSSH() {
	_ = c.conn.SetDeadline(time.Now().Add(loginGrace))
	_, channels, requests, err := ssh.NewServerConn(c.conn, c.serverConfig())
	if err != nil {
		return
	}
	_ = c.conn.SetDeadline(time.Time{})
	var running sync.WaitGroup
	defer running.Wait()
	defer c.close()
	running.Go(func() { ssh.DiscardRequests(requests) })
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only session channels")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		running.Go(func() { c.serveChannel(channel, requests) })
	}
}

// serveChannel waits for the request of the netconf subsystem (RFC 6242 section 3) and refuses all others.
func (c *connection) serveChannel(channel ssh.Channel, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(c.ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel() // requests ends with the channel; this ends the delay of a reply
	started := false
	for request := range requests {
		var subsystem struct{ Name string }
		start := !started && request.Type == "subsystem" && ssh.Unmarshal(request.Payload, &subsystem) == nil && subsystem.Name == "netconf"
		if request.WantReply {
			_ = request.Reply(start, nil)
		}
		if start {
			started = true
			running.Go(func() { serveSession(ctx, c.device, channel) })
		}
	}
}

var errRefused = errors.New("login refused")

func (c *connection) serverConfig() *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-simulated_NETCONF",
		PasswordCallback: func(user ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return nil, c.login(user.User(), string(password))
		},
		KeyboardInteractiveCallback: func(user ssh.ConnMetadata, challenge ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := challenge("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errRefused
			}
			return nil, c.login(user.User(), answers[0])
		},
	}
	if c.device.wrongKey.Load() {
		config.AddHostKey(c.device.fleet.wrongKey)
	} else {
		config.AddHostKey(c.device.hostKey)
	}
	return config
}

// login checks a password. It counts before the client learns the result, so that a client that has logged in is counted.
func (c *connection) login(username, password string) error {
	d := c.device
	if err := sleep(c.ctx, d.fleet.config.LoginDelay); err != nil {
		return err
	}
	if !d.accepts(username, password) {
		d.refused.Add(1)
		return errRefused
	}
	d.logins.Add(1)
	return nil
}

// accepts reports whether a user name and password are the right ones.
func (d *Device) accepts(username, password string) bool {
	config := &d.fleet.config
	return !d.refusing.Load() && username == config.Username && password == config.Password
}

func sleep(ctx context.Context, delay time.Duration) error {
	if delay <= 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
