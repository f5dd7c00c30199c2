package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// fileTimeout is how long reading a file may take. A mount that hangs never answers, and cannot be interrupted.
	fileTimeout = 3 * time.Second
	// maxFile bounds a file, in bytes, and all files of a configuration together. YAML takes sixty times as much memory.
	maxFile = 16 << 20
)

var (
	errNotRegular = errors.New("it is no regular file")
	errTooLarge   = fmt.Errorf("it has more than %d MiB", maxFile>>20)
	errHangs      = fmt.Errorf("it was not read within %v; its mount may hang", fileTimeout)
)

// Files reads configurations from files. It takes regular files only, each within a few seconds, and remembers the targets of
// each of target_files: a file that turns bad keeps what it had. The zero value is ready. It is safe for concurrent use.
type Files struct {
	mu       sync.Mutex
	reads    map[string]*fileRead   // that have not ended, by what is read
	commands map[string]*commandRun // the last run of each
	targets  map[string][]Target    // by file, as written when it was last good
}

// fileRead is one file being read, or one pattern being listed. Since it may hang, all callers that want the same share it.
type fileRead struct {
	began time.Time
	done  chan struct{}
	data  []byte
	names []string
	err   error
}

// read returns the content of a file.
func (f *Files) read(path string) ([]byte, error) {
	r := f.share("read "+path, func(r *fileRead) { r.data, r.err = readRegular(path) })
	return r.data, r.err
}

// list is expand, within the time for a file.
func (f *Files) list(pattern string) ([]string, error) {
	r := f.share("list "+pattern, func(r *fileRead) { r.names, r.err = expand(pattern) })
	return r.names, r.err
}

// share waits for the call in progress under a name, or starts one in its own goroutine.
func (f *Files) share(name string, do func(*fileRead)) *fileRead {
	f.mu.Lock()
	r := f.reads[name]
	if r == nil {
		r = &fileRead{began: time.Now(), done: make(chan struct{})}
		if f.reads == nil {
			f.reads = map[string]*fileRead{}
		}
		f.reads[name] = r
		go func() {
			do(r)
			f.mu.Lock()
			delete(f.reads, name)
			f.mu.Unlock()
			close(r.done)
		}()
	}
	f.mu.Unlock()
	timer := time.NewTimer(time.Until(r.began.Add(fileTimeout)))
	defer timer.Stop()
	select {
	case <-r.done:
		return r
	case <-timer.C:
		return &fileRead{err: errHangs}
	}
}

// readRegular reads a regular file. It waits for no writer, as opening a FIFO does.
func readRegular(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, syscall.EISDIR
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errTooLarge
	}
	return data, err
}
