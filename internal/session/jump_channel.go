package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// channelIdle is how long a connection is idle until it gives its channel to those who wait for one.
	channelIdle = 500 * time.Millisecond
	// channelLook is how often those who wait look for such a connection.
	channelLook = 250 * time.Millisecond
)

var errChannelWanted = errors.New("the session was idle, and another target waited for its channel through the jump host (max_channels)")

// jumpChannel is one of the channels that a jump host may have, from before it is opened until its connection is closed.
type jumpChannel struct {
	jump  *jumpHost
	taken bool // a connection has it

	// The jump host's mu guards the following fields.
	freed bool
	idle  func() time.Duration // of its connection; nil: it does not end for others
	end   func()               // ends the connection
}

// reserve waits for a channel. Where there are more targets than channels they take turns: sessions that are idle end for those who wait.
func (j *jumpHost) reserve(ctx context.Context) (*jumpChannel, error) {
	c := &jumpChannel{jump: j}
	if j.channels == nil {
		return c, nil
	}
	look := time.NewTicker(channelLook)
	defer look.Stop()
	for ctx.Err() == nil {
		select {
		case j.channels <- struct{}{}:
			return c, nil
		default:
		}
		j.endIdle()
		select {
		case j.channels <- struct{}{}:
			return c, nil
		case <-look.C:
		case <-ctx.Done():
		}
	}
	return nil, jumpError(j.name, fmt.Errorf("all of its %d channels are in use; raise max_channels", cap(j.channels)))
}

// endIdle ends the connection that is idle for the longest time, if there is one.
func (j *jumpHost) endIdle() {
	var longest *jumpChannel
	most := channelIdle
	j.mu.Lock()
	for c := range j.mayEnd {
		if idle := c.idle(); idle >= most {
			longest, most = c, idle
		}
	}
	if longest != nil {
		delete(j.mayEnd, longest)
	}
	j.mu.Unlock()
	if longest != nil {
		longest.end()
	}
}

// endsWhenIdle has the connection end for others when it is idle. idle returns for how long it is. A nil channel is none.
func (c *jumpChannel) endsWhenIdle(idle func() time.Duration, end func()) {
	if c == nil || c.jump.channels == nil {
		return
	}
	c.jump.mu.Lock()
	defer c.jump.mu.Unlock()
	if c.freed { // it has ended already
		return
	}
	if c.jump.mayEnd == nil {
		c.jump.mayEnd = map[*jumpChannel]bool{}
	}
	c.idle, c.end = idle, end
	c.jump.mayEnd[c] = true
}

// free gives the channel back, once.
func (c *jumpChannel) free() {
	c.jump.mu.Lock()
	freed := c.freed
	c.freed = true
	delete(c.jump.mayEnd, c)
	c.jump.mu.Unlock()
	if !freed && c.jump.channels != nil {
		<-c.jump.channels
	}
}

// forwarded is a connection through a jump host. What is read of it ends when it is closed, also if the jump host does not confirm that, for
// which the channel of the library waits.
type forwarded struct {
	net.Conn
	arrived *io.PipeReader
	channel *jumpChannel
	closing sync.Once
}

// forwardedPiece is how many octets are read at a time.
const forwardedPiece = 8 << 10

func newForwarded(conn net.Conn, c *jumpChannel) *forwarded {
	arrived, from := io.Pipe()
	go func() { // ends with the channel
		_, err := io.CopyBuffer(from, conn, make([]byte, forwardedPiece))
		from.CloseWithError(err)
	}()
	return &forwarded{Conn: conn, arrived: arrived, channel: c}
}

// Read implements io.Reader.
func (f *forwarded) Read(p []byte) (int, error) { return f.arrived.Read(p) }

// Close does not wait for the jump host.
func (f *forwarded) Close() error {
	f.closing.Do(func() {
		_ = f.arrived.CloseWithError(net.ErrClosed)
		go func() { // ends with the connection to the jump host, if that takes nothing
			_ = f.Conn.Close()
			f.channel.free()
			f.channel.jump.release()
		}()
	})
	return nil
}
