package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/descriptors"
)

// listener accepts calls.
type listener struct {
	net.Listener
	address string // as written in the configuration
	closed  chan struct{}
}

func (l *listener) close() {
	close(l.closed)
	_ = l.Close()
}

// ListenAll is Listen for all transports.
func (h *CallHome) ListenAll(c config.CallHome) error {
	h.mu.Lock()
	before := ""
	if l := h.listeners[config.TransportSSH]; l != nil {
		before = l.address
	}
	h.mu.Unlock()
	err := h.Listen(config.TransportSSH, c.SSHListenAddress)
	if err == nil {
		if err = h.Listen(config.TransportTLS, c.TLSListenAddress); err != nil {
			_ = h.Listen(config.TransportSSH, before) // it was free a moment ago
		}
	}
	return err
}

// Listen listens for calls over a transport at an address ("": nowhere) instead of the earlier one. Sessions stay open. On an error, the
// earlier listener stays.
func (h *CallHome) Listen(over config.Transport, address string) error {
	h.mu.Lock()
	old := h.listeners[over]
	h.mu.Unlock()
	before := ""
	if old != nil {
		before = old.address
	}
	if before == address {
		return nil
	}
	var to *listener
	if address != "" {
		var err error
		if to, err = listen(address); errors.Is(err, syscall.EADDRINUSE) && old != nil { // the old one may have the port, on another address
			h.replace(over, nil)
			if to, err = listen(address); err != nil {
				if again, e := listen(before); e == nil {
					h.replace(over, again)
				}
			}
		}
		if err != nil {
			return fmt.Errorf("call_home: %w; is another netconf_exporter running there? Stop what has the port, or choose another one", err)
		}
	}
	h.replace(over, to)
	return nil
}

func listen(address string) (*listener, error) {
	listening := net.ListenConfig{KeepAliveConfig: keepAlive()}
	l, err := listening.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return &listener{l, address, make(chan struct{})}, nil
}

// Serve answers the calls that a listener accepts, instead of the earlier listener of the transport. It closes the listener in the end.
func (h *CallHome) Serve(over config.Transport, l net.Listener) {
	h.replace(over, &listener{l, l.Addr().String(), make(chan struct{})})
}

// replace listens with another listener, or with none.
func (h *CallHome) replace(over config.Transport, to *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.listeners[over]; old != nil {
		old.close()
		delete(h.listeners, over)
	}
	if to == nil {
		return
	}
	if h.listeners == nil {
		h.listeners = map[config.Transport]*listener{}
	}
	h.listeners[over] = to
	h.answering.Go(func() { h.accept(over, to) })
}

// accept accepts calls until the listener is closed. While there are no file descriptors, it waits.
func (h *CallHome) accept(over config.Transport, l *listener) {
	const shortest, longest = 5 * time.Millisecond, time.Second
	wait := shortest
	for {
		conn, err := l.Accept()
		if err == nil {
			wait = shortest
			if !spare(conn) {
				_ = conn.Close()
				h.count(CallLimited)
				continue
			}
			h.answering.Go(func() { h.answer(over, conn) })
			continue
		}
		if wait == shortest && !errors.Is(err, net.ErrClosed) {
			h.log().Warn("calls of devices cannot be accepted for now", "address", l.address, "err", err)
		}
		select {
		case <-l.closed:
			return
		case <-time.After(wait):
			wait = min(2*wait, longest)
		}
	}
}

// spare reports whether a connection leaves enough file descriptors to others.
func spare(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	taken := false
	if err == nil {
		err = raw.Control(func(fd uintptr) { taken = descriptors.Taken(fd) })
	}
	return err == nil && !taken
}

// Close stops listening and ends all calls without a session. It returns when all of them have ended.
func (h *CallHome) Close() {
	h.replace(config.TransportSSH, nil)
	h.replace(config.TransportTLS, nil)
	h.mu.Lock()
	for c := range h.open {
		c.end(errHungUp)
	}
	h.mu.Unlock()
	h.answering.Wait()
}
