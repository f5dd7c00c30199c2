package simulator

import (
	"net"
	"sync"
	"time"
)

// callPause is how long a device waits before it calls again.
const callPause = time.Second

// caller is a net.Listener of a device that opens its connections itself (RFC 8071): one at a time, and a new one when that has ended.
type caller struct {
	address string // that it calls
	free    chan struct{}
	closing sync.Once
	closed  chan struct{}
	last    time.Time // when Accept last called; only Accept uses it
}

func newCaller(address string) *caller {
	c := &caller{address: address, free: make(chan struct{}, 1), closed: make(chan struct{})}
	c.free <- struct{}{}
	return c
}

// Accept returns a connection as soon as the one before has ended and somebody listens.
func (c *caller) Accept() (net.Conn, error) {
	select {
	case <-c.free:
	case <-c.closed:
		return nil, net.ErrClosed
	}
	for {
		select {
		case <-time.After(time.Until(c.last.Add(callPause))):
		case <-c.closed:
			return nil, net.ErrClosed
		}
		c.last = time.Now()
		if conn, err := net.DialTimeout("tcp", c.address, 10*time.Second); err == nil {
			return &called{Conn: conn, free: c.free}, nil
		}
	}
}

func (c *caller) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return nil
}

// Addr implements net.Listener.
func (c *caller) Addr() net.Addr { return &net.TCPAddr{} }

// called is a connection that the device opened.
type called struct {
	net.Conn
	ending sync.Once
	free   chan<- struct{}
}

func (c *called) Close() error {
	err := c.Conn.Close()
	c.ending.Do(func() { c.free <- struct{}{} })
	return err
}
