package session

import (
	"bytes"
	"io"
	"sync"
)

// firstLine reads a device's standard error and keeps the first line. Unread, a full stream would block the session.
type firstLine struct {
	mu   sync.Mutex
	line []byte
	done chan struct{}
}

func newFirstLine(stderr io.Reader) *firstLine {
	f := &firstLine{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		io.CopyBuffer(f, stderr, make([]byte, 512)) // io.Copy's own buffer has 32 KiB
	}()
	return f
}

func (f *firstLine) Write(p []byte) (int, error) {
	const most = 200
	f.mu.Lock()
	defer f.mu.Unlock()
	if free := most - len(f.line); free > 0 && !bytes.ContainsRune(bytes.TrimLeft(f.line, "\r\n"), '\n') {
		f.line = append(f.line, p[:min(free, len(p))]...)
	}
	return len(p), nil
}

// wait returns the line once the stream has ended.
func (f *firstLine) wait() string {
	<-f.done
	f.mu.Lock()
	defer f.mu.Unlock()
	line, _, _ := bytes.Cut(bytes.TrimLeft(f.line, "\r\n"), []byte("\n"))
	return string(bytes.TrimSpace(line))
}
