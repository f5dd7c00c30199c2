package restconf

import (
	"net"
	"sync"
	"time"
)

// lastWord is a connection on which a failing write waits until everything that the device sent is read: in TLS 1.3 that may be the alert
// that refuses our certificate. The HTTP library would close the connection after a failed write without reading it.
type lastWord struct {
	net.Conn
	once  sync.Once
	ended chan struct{} // closed when nothing more is to be read
}

// maxLastWord bounds the wait.
const maxLastWord = time.Second

func newLastWord(conn net.Conn) *lastWord { return &lastWord{Conn: conn, ended: make(chan struct{})} }

func (l *lastWord) end() { l.once.Do(func() { close(l.ended) }) }

func (l *lastWord) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != nil {
		l.end()
	}
	return n, err
}

func (l *lastWord) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	if err != nil {
		select {
		case <-l.ended:
		case <-time.After(maxLastWord):
		}
	}
	return n, err
}

func (l *lastWord) Close() error {
	l.end()
	return l.Conn.Close()
}
