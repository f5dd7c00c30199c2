package budget

import (
	"context"
	"slices"
)

const (
	// First is how many bytes a holder's first use begins with.
	First = 64 << 10
	// step is the unit in which a use grows, in bytes: each step takes a lock that all share.
	step = 64 << 10
)

// Holder is one device. It keeps memory from use to use; a use, such as a read of the device, takes more for as long as it lasts.
type Holder struct {
	budget *Budget
	drop   func(error) // gives up what is kept, while there is no use

	// Guarded by the budget's mutex:
	kept   int64
	use    *Use
	peak   int64 // of the last use
	ending bool  // it was told to give up, and has not yet
	marked int64 // what it held then
	bare   bool  // it has given up all that it can, and has had no use since
}

// Holder returns a holder of nothing. drop is called when it has to give up what it keeps, while it has no Use: drop frees the
// memory, then calls Keep. Any goroutine that asks for memory, for this holder or another one, may call drop.
func (b *Budget) Holder(drop func(error)) *Holder {
	h := &Holder{budget: b, drop: drop, peak: First}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holders[h] = true
	return h
}

// Close gives back all that the holder keeps. It is called when there is no Use, or one that is about to end.
func (h *Holder) Close() {
	b := h.budget
	b.mu.Lock()
	delete(b.holders, h)
	b.unlock(h.setKept(0))
}

// Held is how many bytes the holder has.
func (h *Holder) Held() int64 {
	h.budget.mu.Lock()
	defer h.budget.mu.Unlock()
	return h.held()
}

// Keep reports how many bytes the holder keeps beside its Use. It is never refused, since the bytes are in use already. If they
// are more than is free, the largest holder is told to give up.
func (h *Holder) Keep(bytes int64) {
	h.budget.mu.Lock()
	h.budget.unlock(h.setKept(bytes))
}

// Use is memory that a holder has for a limited time, such as that of a read. One goroutine calls its methods.
type Use struct {
	holder *Holder
	cancel context.CancelCauseFunc
	bytes  int64 // guarded by the budget's mutex
	most   int64 // that was asked for
	err    error // why it was told to give up; guarded by the budget's mutex
}

// Use waits until as much is free as the holder's last use took at its peak, or until ctx ends. While the use lasts, cancel is
// called when the holder has to give up; the use must be ended then. A holder has one use at a time.
func (h *Holder) Use(ctx context.Context, cancel context.CancelCauseFunc) (*Use, error) {
	b := h.budget
	b.mu.Lock()
	w := &waiter{&Use{holder: h, cancel: cancel, bytes: h.peak}, make(chan struct{})}
	b.wait(w)
	b.unlock(b.letIn())
	select {
	case <-w.in:
		return w.use, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.use == w.use {
		return w.use, nil // it began meanwhile
	}
	b.waiting = slices.DeleteFunc(b.waiting, func(other *waiter) bool { return other == w })
	h.peak = max(First, h.peak/2) // it may need less by now
	return nil, &Exceeded{Limit: b.limit, Held: w.use.bytes, Waits: true}
}

// Hold asks for bytes in all, not in addition. An error means that the use may not have them, and must end.
func (u *Use) Hold(bytes int64) error {
	u.most = max(u.most, bytes)
	b := u.holder.budget
	b.mu.Lock()
	if more := bytes - u.bytes; more > 0 && u.err == nil {
		more = (more + step - 1) / step * step
		u.bytes += more
		b.used += more
		b.unlock(b.makeRoom(0, 0))
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	return u.err
}

// End gives back what the use had. kept is what the holder keeps from now on.
func (u *Use) End(kept int64) {
	h := u.holder
	b := h.budget
	b.mu.Lock()
	b.used -= u.bytes
	h.use, h.peak, h.bare = nil, max(First, u.most), false
	b.unlock(h.setKept(kept))
}

// The methods below are called with the budget's lock.

// begin makes u the use of its holder.
func (u *Use) begin() {
	u.holder.use = u
	u.holder.budget.used += u.bytes
}

// canEnd reports whether the holder can be told to give up.
func (h *Holder) canEnd() bool { return !h.ending && (h.use != nil || !h.bare) }

func (h *Holder) held() int64 {
	if h.use == nil {
		return h.kept
	}
	return h.kept + h.use.bytes
}

// setKept sets what is kept. A holder that was told to give up has done so by this. The caller calls the functions returned after
// releasing the lock.
func (h *Holder) setKept(bytes int64) (tell []func()) {
	b := h.budget
	if h.ending {
		b.ending -= h.marked
		h.ending, h.marked = false, 0
	}
	if !b.holders[h] {
		bytes = 0 // it is closed
	}
	b.used += bytes - h.kept
	h.kept = bytes
	return append(b.letIn(), b.makeRoom(0, 0)...)
}

// end marks the holder as giving up. It returns the function that tells it to.
func (h *Holder) end() func() {
	b := h.budget
	h.ending, h.marked = true, h.held()
	b.ending += h.marked
	b.ended++
	err := &Exceeded{Limit: b.limit, Held: h.marked}
	if u := h.use; u != nil {
		u.err = err
		return func() { u.cancel(err) }
	}
	h.bare = true
	return func() { h.drop(err) }
}
