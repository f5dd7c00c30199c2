package web

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// Clients bounds the connections of HTTP clients. Beyond the limit it closes idle ones, the oldest first, so that new ones, such as
// health checks, are accepted. Requests in flight are left alone.
type Clients struct {
	limit int

	mu   sync.Mutex                 // guards following fields
	open map[net.Conn]*list.Element // nil while a request is in flight
	idle *list.List                 // of net.Conn without a request in flight
}

// NewClients returns a bound of limit connections, at least one.
func NewClients(limit int) *Clients {
	return &Clients{limit: max(limit, 1), open: map[net.Conn]*list.Element{}, idle: list.New()}
}

// State is for http.Server.ConnState.
func (c *Clients) State(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	if old := c.open[conn]; old != nil {
		c.idle.Remove(old)
	}
	var longest net.Conn
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	case http.StateActive:
		c.open[conn] = nil
	default:
		c.open[conn] = c.idle.PushBack(conn)
		if first := c.idle.Front(); len(c.open) > c.limit && first.Value != conn {
			longest = c.idle.Remove(first).(net.Conn)
			c.open[longest] = nil
		}
	}
	c.mu.Unlock()
	if longest != nil {
		_ = longest.Close() // its goroutine then tells of StateClosed
	}
}
