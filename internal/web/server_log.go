package web

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// ServerLog takes the log of http.Server. What clients do wrong is for debugging; that no connection can be accepted is not, and
// is told once in a while: the server tries again and again.
type ServerLog struct {
	Logger *slog.Logger

	mu   sync.Mutex
	told time.Time
}

// acceptErrorEvery is the time between two lines of the log about connections that cannot be accepted.
const acceptErrorEvery = 10 * time.Minute

// Write implements io.Writer.
func (l *ServerLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if !strings.Contains(text, "Accept error") {
		l.Logger.Debug(text)
		return len(line), nil
	}
	l.mu.Lock()
	tell := time.Since(l.told) > acceptErrorEvery
	if tell {
		l.told = time.Now()
	}
	l.mu.Unlock()
	if tell {
		l.Logger.Warn("connections of clients cannot be accepted; if there are too many open files, raise their limit (ulimit -n, LimitNOFILE=)", "err", text)
	}
	return len(line), nil
}
