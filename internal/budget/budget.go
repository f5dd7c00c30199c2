// Package budget shares one amount of memory among its holders, the devices that are read. It allocates nothing and does no I/O.
// Each holder reports how much it has, and asks before it takes more. When the budget is used up, the largest holder is told to
// give up what it has, so that the others can go on.
package budget

import (
	"fmt"
	"slices"
	"sync"
)

// smallPart is which part of the limit a use takes at most that is small.
const smallPart = 256

// Budget is a number of bytes that holders share. It is safe for concurrent use.
type Budget struct {
	limit int64 // 0: no limit

	mu      sync.Mutex // guards following fields, and those of holders
	used    int64      // by all holders
	ending  int64      // part of used, of holders that were told to give up
	holders map[*Holder]bool
	waiting []*waiter // the smallest first; equal ones in the order in which they came
	ended   uint64    // how often a holder was told to give up
}

// New returns a budget of limit bytes. With 0 it only counts.
func New(limit int64) *Budget {
	return &Budget{limit: limit, holders: map[*Holder]bool{}}
}

// Stats are the sizes of a budget, in bytes, and its count.
type Stats struct {
	Limit int64 // 0: none
	Used  int64
	Ended uint64 // how often a holder was told to give up what it had
}

// Stats returns the present sizes.
func (b *Budget) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{Limit: b.limit, Used: b.used, Ended: b.ended}
}

// Exceeded is the error of a holder that has to give up, or of a use that may not begin.
type Exceeded struct {
	Limit int64 // of the budget
	Held  int64 // by the holder; with Waits, what the use needs
	Waits bool  // the use did not begin
}

// Error implements error.
func (e *Exceeded) Error() string {
	if e.Waits {
		return fmt.Sprintf("the %s that it needs did not become free in time: all devices together may take %s", size(e.Held), size(e.Limit))
	}
	return fmt.Sprintf("it held %s, more than any other device, when the %s for all devices together were used up", size(e.Held), size(e.Limit))
}

// size writes a number of bytes for people.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// makeRoom tells the largest holders to give up until what the others have, and extra bytes, fit. Giving up takes a moment: if more
// than 9/8 of the limit are used meanwhile, further large holders are told too, since they grow fastest. Holders of at most least
// bytes are left alone. The caller has the lock, and calls the functions returned after releasing it.
func (b *Budget) makeRoom(extra, least int64) (tell []func()) {
	for b.limit > 0 {
		if b.used-b.ending+extra <= b.limit {
			if b.used+extra <= b.limit+b.limit/8 {
				break
			}
			least = max(least, b.limit/32)
		}
		var largest *Holder
		for h := range b.holders {
			if h.canEnd() && h.held() > least && (largest == nil || h.held() > largest.held()) {
				largest = h
			}
		}
		if largest == nil {
			break
		}
		tell = append(tell, largest.end())
	}
	return tell
}

// fits reports whether a use may begin with so many bytes. For a small one it is enough that they are about to be given up, while no more than
// an eighth above the limit is used: giving up takes a moment, and a device that takes next to nothing must not wait for it. The caller has the lock.
func (b *Budget) fits(bytes int64) bool {
	if b.limit == 0 || b.used+bytes <= b.limit {
		return true
	}
	return bytes <= max(First, b.limit/smallPart) && b.used-b.ending+bytes <= b.limit && b.used+bytes <= b.limit+b.limit/8
}

// waiter is a use that has not begun yet.
type waiter struct {
	use *Use
	in  chan struct{} // closed when it begins
}

// wait adds a waiter.
func (b *Budget) wait(w *waiter) {
	at := len(b.waiting)
	for at > 0 && b.waiting[at-1].use.bytes > w.use.bytes {
		at--
	}
	b.waiting = slices.Insert(b.waiting, at, w)
}

// letIn lets in those who wait and fit, the smallest first: a large one holds back no small one. For the first that does not fit,
// holders that are larger than it would be are told to give up. The caller has the lock, and calls what is returned once it is released.
func (b *Budget) letIn() (tell []func()) {
	for len(b.waiting) > 0 {
		first := b.waiting[0]
		use, h := first.use, first.use.holder
		if !b.fits(use.bytes) {
			tell = append(tell, b.makeRoom(use.bytes, h.kept+use.bytes)...)
		}
		if !b.fits(use.bytes) {
			if kept := b.kept(); h.canEnd() && h.kept > 0 && kept+use.bytes > b.limit {
				tell = append(tell, h.end()) // no end of another use would make enough room
			}
			return tell
		}
		b.waiting = slices.Delete(b.waiting, 0, 1)
		use.begin()
		close(first.in)
	}
	return tell
}

// kept is what all holders keep beside their uses. The caller has the lock.
func (b *Budget) kept() (bytes int64) {
	for h := range b.holders {
		if !h.ending {
			bytes += h.kept
		}
	}
	return bytes
}

// unlock releases the lock, then calls functions that may take it.
func (b *Budget) unlock(then []func()) {
	b.mu.Unlock()
	for _, f := range then {
		f()
	}
}
