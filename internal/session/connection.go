package session

import (
	"net"
	"sync"
	"time"
)

// connection is a TCP connection that is closed once and that remembers its first bytes and its first error. The errors of the
// SSH library do not tell a server that is not SSH from one that closed the connection.
type connection struct {
	net.Conn
	closing sync.Once
	traffic traffic

	mu         sync.Mutex
	flooded    func(error) // told when the device sends too much that answers nothing; may be nil
	firstBytes []byte      // the first bytes received
	err        error       // the first error of a read
}

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if flood := c.traffic.receive(n, time.Now()); flood != nil {
		c.mu.Lock()
		flooded := c.flooded
		c.mu.Unlock()
		if flooded != nil {
			flooded(flood)
		}
		n, err = 0, flood
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if free := 256 - len(c.firstBytes); free > 0 {
		c.firstBytes = append(c.firstBytes, p[:min(n, free)]...)
	}
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// onFlood sets what is told when the device sends too much that answers nothing.
func (c *connection) onFlood(told func(error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flooded = told
}

func (c *connection) Close() error {
	var err error
	c.closing.Do(func() { err = c.Conn.Close() })
	return err
}

func (c *connection) readError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *connection) received() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.firstBytes)
}
