package collector

import (
	"sync"
	"time"
)

// UpdateKind says what happened.
type UpdateKind string

// The kinds of Update.
const (
	ReadBegan   UpdateKind = "began"  // a read of the target began
	ModuleEnded UpdateKind = "module" // one of its modules was read, or failed
	ReadEnded   UpdateKind = "ended"  // the read ended
)

// Update reports that a read of a target began, progressed or ended.
type Update struct {
	Target string
	Kind   UpdateKind
	Module string // of ModuleEnded
	Time   time.Time
	Err    error // of ModuleEnded and ReadEnded: the first thing that went wrong; nil if nothing did
}

// watchers are the channels of Exporter.Watch.
type watchers struct {
	mu   sync.Mutex // guards following fields
	all  map[int]chan Update
	next int
}

// Watch returns a channel of what happens to all targets from now on, and a function that ends that and closes the channel. The
// channel holds size updates (at least one); more are dropped, so that a slow watcher delays no read.
func (e *Exporter) Watch(size int) (updates <-chan Update, stop func()) {
	w := &e.watchers
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[int]chan Update{}
	}
	id, c := w.next, make(chan Update, max(size, 1))
	w.next++
	w.all[id] = c
	return c, sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, id)
		close(c)
	})
}

func (w *watchers) tell(u Update) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.all {
		select {
		case c <- u:
		default:
		}
	}
}
