// Package events keeps the latest events of something in order, for any number of listeners, who may leave and come back.
// Listeners hold a place in the log and nothing else: one that never reads costs no memory and delays nobody.
package events

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Event is one thing that happened.
type Event struct {
	ID      int64  // greater than the one before it, also after a restart
	Type    string // of the data, such as "step"
	Subject string // what it is about: a target's name, a task's identifier
	Data    any    // not changed once it is here
	// JSON is Data, which all listeners share.
	JSON func() ([]byte, error)
}

// Log keeps the latest events. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	kept    []Event       // a ring once it is full
	size    int           // events that are kept
	last    int64         // identifier of the latest event
	start   int64         // identifier before the first event
	changed chan struct{} // closed at the next event
}

// New returns a log of at most size events. Identifiers begin at the present time in microseconds, so that those from before a
// restart are smaller than all new ones.
func New(size int) *Log {
	now := time.Now().UnixMicro()
	return &Log{size: size, last: now, start: now, changed: make(chan struct{})}
}

// Add puts an event at the end of the log and returns it.
func (l *Log) Add(kind, subject string, data any) Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e := Event{ID: l.last, Type: kind, Subject: subject, Data: data, JSON: sync.OnceValues(func() ([]byte, error) { return json.Marshal(data) })}
	if len(l.kept) < l.size {
		l.kept = append(l.kept, e)
	} else {
		l.kept[l.index(e.ID)] = e
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return e
}

// index is where an event of the log is kept. It is called under the lock.
func (l *Log) index(id int64) int { return int((id - l.start - 1) % int64(l.size)) }

// oldest is the identifier of the oldest event that is kept. It is called under the lock.
func (l *Log) oldest() int64 { return l.last - int64(len(l.kept)) + 1 }

// End is the place of a listener that wants only future events.
func (l *Log) End() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Start is the place of a listener that wants all events that are kept.
func (l *Log) Start() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oldest() - 1
}

// After returns the events that follow a place, and the place after them. It waits for the first one until ctx ends, and then
// returns none. missed says that some events in between are kept no more, or that the place is not one of this log's.
func (l *Log) After(ctx context.Context, place int64) (found []Event, next int64, missed bool) {
	for {
		l.mu.Lock()
		if place < l.oldest()-1 || place > l.last {
			missed, place = true, l.oldest()-1
		}
		for id := place + 1; id <= l.last; id++ {
			found = append(found, l.kept[l.index(id)])
		}
		place = l.last
		changed := l.changed
		l.mu.Unlock()
		if len(found) > 0 || missed {
			return found, place, missed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, place, false
		}
	}
}
