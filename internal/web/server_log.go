package web

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// ServerLog receives the log of http.Server. Errors of clients are logged at level debug. That no connection can be accepted is a
// warning, at most once in a while, because the server retries all the time.
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
