package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// jumpPort is the port of a jump host whose address names none.
	jumpPort = 22
	// jumpRetry is the pause after a jump host failed, since all targets behind it need it at once.
	jumpRetry = 2 * time.Second
	// jumpIdle is how long the connection to a jump host is kept without a channel.
	jumpIdle = time.Minute
)

// jumpHost is the connection to an SSH server that forwards connections to devices (RFC 4254 section 7.2). All targets behind it share
// the connection. It is opened when the first one needs it, and again when it is lost.
type jumpHost struct {
	name     string
	open     func(context.Context) (*connection, *ssh.Client, error)
	timeouts Timeouts
	logger   *slog.Logger
	channels chan struct{}   // one element an open channel; nil: no limit
	life     context.Context // ends with close
	end      context.CancelFunc

	mu      sync.Mutex // guards the following fields
	client  *ssh.Client
	opening *jumpAttempt // nil: none
	failure error        // of the last attempt; nil after a success
	failed  time.Time
	logged  Reason                // of the failure that the log tells of; "" after a success
	users   int                   // callers and open channels
	mayEnd  map[*jumpChannel]bool // channels that are closed for others when they are idle
	idle    *time.Timer           // closes the connection; nil while there are users
}

// jumpAttempt is one attempt to open the connection; all callers wait for the same.
type jumpAttempt struct {
	done   chan struct{}
	client *ssh.Client // when done
	err    error
}

func (j *jumpHost) use() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.users++
	j.idle.Stop()
}

func (j *jumpHost) release() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.users--; j.users == 0 {
		j.idle.Reset(jumpIdle)
	}
}

func (j *jumpHost) unused() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.users == 0
}

func (j *jumpHost) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end()
	if j.client != nil {
		j.client.Close()
		j.client = nil
	}
}

// connect returns the connection, and opens it if there is none. A caller that gives up does not end the attempt for the others.
func (j *jumpHost) connect(ctx context.Context) (*ssh.Client, error) {
	j.mu.Lock()
	switch {
	case j.client != nil:
		defer j.mu.Unlock()
		return j.client, nil
	case j.failure != nil && time.Since(j.failed) < jumpRetry:
		defer j.mu.Unlock()
		return nil, j.failure
	case j.opening == nil:
		j.opening = &jumpAttempt{done: make(chan struct{})}
		go j.attempt(j.opening)
	}
	attempt := j.opening
	j.mu.Unlock()
	select {
	case <-attempt.done:
		return attempt.client, attempt.err
	case <-ctx.Done():
		return nil, jumpError(j.name, fmt.Errorf("no connection to it in time: %w", ctx.Err()))
	}
}

// attempt opens the connection, and watches it until it ends.
func (j *jumpHost) attempt(a *jumpAttempt) {
	ctx, cancel := context.WithTimeout(j.life, j.timeouts.Connect+j.timeouts.Login)
	defer cancel()
	conn, client, err := j.open(ctx)
	if err == nil {
		conn.traffic.stop()
	}
	j.mu.Lock()
	if err == nil && j.life.Err() != nil {
		client.Close()
		client, err = nil, errClientClosed
	}
	a.client, j.opening = client, nil
	reason := reasonOf(err)
	before := j.logged
	news := reason != before && (before == "" || reason != ReasonBackoff) // which only follows from the failure before
	if news {
		j.logged = reason
	}
	if err == nil {
		j.client, j.failure = client, nil
	} else {
		a.err = told{jumpError(j.name, err)}
		j.failure, j.failed = a.err, time.Now()
	}
	j.mu.Unlock()
	close(a.done)
	switch {
	case j.life.Err() != nil:
	case err != nil && news:
		j.logger.Warn("the jump host failed; the targets behind it are not reached", "jump_host", j.name, "err", err)
	case err == nil && before != "":
		j.logger.Info("the jump host is back", "jump_host", j.name)
	}
	if err == nil {
		go keepJump(client, conn, j.timeouts)
		_ = client.Wait() // why it ended shows when it is opened anew
		j.drop(client)
	}
}

// drop closes a connection that is of no more use.
func (j *jumpHost) drop(client *ssh.Client) {
	client.Close()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.client == client {
		j.client = nil
	}
}

// keepJump sends keepalives until the connection ends, and closes it when one is not answered.
func keepJump(client *ssh.Client, conn *connection, timeouts Timeouts) {
	ended := make(chan struct{})
	go func() { _ = client.Wait(); close(ended) }()
	ticker := time.NewTicker(timeouts.KeepaliveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
		}
		answered := make(chan struct{})
		go func() { // ends with the answer or the connection
			_, _, _ = client.SendRequest("keepalive@openssh.com", true, nil)
			close(answered)
		}()
		select {
		case <-answered:
		case <-time.After(timeouts.KeepaliveAnswer):
			conn.Close()
			return
		}
	}
}

// forward opens a channel to a device. A connection that turns out to be lost is opened anew, once.
func (j *jumpHost) forward(ctx context.Context, c *jumpChannel, hostPort string) (net.Conn, error) {
	conn, err := j.openChannel(ctx, hostPort)
	if err != nil {
		return nil, err
	}
	j.use()
	c.taken = true
	return newForwarded(conn, c), nil
}

func (j *jumpHost) openChannel(ctx context.Context, hostPort string) (net.Conn, error) {
	for retried := false; ; retried = true {
		client, err := j.connect(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := client.DialContext(ctx, "tcp", hostPort)
		var refused *ssh.OpenChannelError
		switch {
		case err == nil:
			return conn, nil
		case errors.As(err, &refused):
			return nil, forwardError(j.name, hostPort, refused)
		case ctx.Err() != nil:
			return nil, failed(ReasonTimeout, "jump host %s: no connection to %s in time: %w; check address, port and firewalls behind it", j.name, hostPort, ctx.Err())
		}
		j.drop(client)
		if retried {
			return nil, jumpError(j.name, err)
		}
	}
}
