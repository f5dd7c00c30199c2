package session

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// A device may send this much that answers nothing: SSH messages to be ignored, requests, channels, standard error,
	// notifications, white space. Real ones send keepalives.
	idleRate   = 64 << 10 // octets a second
	idlePeriod = 10 * time.Second

	// perOctet is what SSH may put around one octet of a reply that is sent alone: lengths, padding, a checksum.
	perOctet = 64

	// settle is how long octets may be on their way to the reader: up to the channel's window of 2 MiB can be.
	settle = time.Second

	// maxBefore is the most that a device may send until its hello is read.
	maxBefore = 8 << 20
)

var errFlood = errors.New("the session was closed, because what the device sends answers nothing")

// traffic compares what arrives on a connection with what of it is part of a reply. It does no I/O.
type traffic struct {
	mu       sync.Mutex // guards following fields
	open     bool       // the hello was read
	off      bool       // nothing is watched
	received int64      // octets
	useful   int64      // octets of replies
	waiting  bool       // the reader has taken all that it was given

	start         time.Time // of the period
	startReceived int64
	startUseful   int64

	suspected         time.Time // when too much had arrived; zero if it had not
	suspectedReceived int64     // at that time
}

// begin starts the watch, when the hello is read.
func (t *traffic) begin(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = true
	t.restart(now)
}

// stop ends the watch: what arrives is for the sessions behind a jump host, which are watched each.
func (t *traffic) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.off = true
}

func (t *traffic) restart(now time.Time) {
	t.start, t.startReceived, t.startUseful, t.suspected = now, t.received, t.useful, time.Time{}
}

// receive counts octets that arrive. It returns an error if too many of them answered nothing.
func (t *traffic) receive(n int, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.received += int64(n)
	switch {
	case t.off:
	case !t.open:
		if t.received > maxBefore {
			return fmt.Errorf("%w: %d octets before the end of its hello", errFlood, t.received)
		}
	case !t.suspected.IsZero():
		if now.Sub(t.suspected) < settle {
			return nil
		}
		if idle := t.idle(t.suspectedReceived); t.waiting && idle > 0 {
			return fmt.Errorf("%w: %d octets within %v, where %d KiB a second are allowed", errFlood, t.received-t.startReceived,
				now.Sub(t.start).Round(100*time.Millisecond), idleRate>>10)
		}
		t.restart(now)
	case t.idle(t.received) > 0:
		t.suspected, t.suspectedReceived = now, t.received
	case now.Sub(t.start) >= idlePeriod:
		t.restart(now)
	}
	return nil
}

// idle is how many octets more than allowed had answered nothing when received had arrived in all.
func (t *traffic) idle(received int64) int64 {
	return received - t.startReceived - perOctet*(t.useful-t.startUseful) - int64(idleRate*idlePeriod/time.Second)
}

// use counts octets of replies.
func (t *traffic) use(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.useful += int64(n)
}

// arrived is how many octets have arrived.
func (t *traffic) arrived() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.received
}

func (t *traffic) wait(waiting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = waiting
}

// watchedReader tells the traffic when its reader waits for the device.
type watchedReader struct {
	io.Reader
	traffic *traffic
}

func (r watchedReader) Read(p []byte) (int, error) {
	r.traffic.wait(true)
	defer r.traffic.wait(false)
	return r.Reader.Read(p)
}
