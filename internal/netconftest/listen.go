package netconftest

import (
	"net"
	"sync"
	"testing"
)

// listener serves TCP connections. It can close its port and open it again.
type listener struct {
	address string
	serve   func(net.Conn)
	running sync.WaitGroup

	mu    sync.Mutex
	tcp   net.Listener // nil while closed
	conns map[net.Conn]struct{}
}

// Listen serves TCP connections on a free port of the loopback, until the test ends.
func Listen(t testing.TB, serve func(net.Conn)) (address string) {
	t.Helper()
	return listen(t, serve).address
}

// FreeAddress is where nothing listens. Nothing else listens at this address of the loopback.
func FreeAddress(t testing.TB) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.94.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func listen(t testing.TB, serve func(net.Conn)) *listener {
	t.Helper()
	l := &listener{address: "127.0.0.1:0", serve: serve, conns: map[net.Conn]struct{}{}}
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.close()
		l.running.Wait()
	})
	return l
}

func (l *listener) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp != nil {
		return nil
	}
	tcp, err := net.Listen("tcp", l.address)
	if err != nil {
		return err
	}
	l.tcp, l.address = tcp, tcp.Addr().String()
	l.running.Go(func() { l.accept(tcp) })
	return nil
}

func (l *listener) accept(tcp net.Listener) {
	for {
		conn, err := tcp.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		if l.tcp == tcp {
			l.start(conn)
		} else { // closed meanwhile
			_ = conn.Close()
		}
		l.mu.Unlock()
	}
}

// start serves a connection. The caller holds the lock.
func (l *listener) start(conn net.Conn) {
	l.conns[conn] = struct{}{}
	l.running.Go(func() {
		l.serve(conn)
		_ = conn.Close()
		l.mu.Lock()
		delete(l.conns, conn)
		l.mu.Unlock()
	})
}

func (l *listener) close() {
	l.mu.Lock()
	tcp := l.tcp
	l.tcp = nil
	l.mu.Unlock()
	if tcp != nil {
		_ = tcp.Close()
	}
	l.drop()
}

func (l *listener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}
