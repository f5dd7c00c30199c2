package collector

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/budget"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

const (
	// sessionSize is about what an open session takes, in bytes.
	sessionSize = 128 << 10
	// sshWindow is how much a device may send before it is read, in bytes: the channel window of x/crypto/ssh.
	sshWindow = 2 << 20
	// replyStep is how many bytes of a reply are read between two checks of the budget.
	replyStep = 64 << 10
)

// MemoryStats are the sizes of the budget for all devices, in bytes.
type MemoryStats = budget.Stats

// Memory returns what devices take of the memory for all of them.
func (e *Exporter) Memory() MemoryStats { return e.memory.Stats() }

// memoryUse is what a read takes of the memory for all devices.
type memoryUse struct {
	*budget.Use
	target  string
	modules int64 // by modules that were read
	table   int64 // by the one that is being read
	reply   int64 // bytes so far of the reply that is being read
}

// use waits until there is memory for a read. The context returned ends when the read has to give it back.
func (t *Target) use(ctx context.Context) (*memoryUse, context.Context, error) {
	name := t.Name()
	ctx, cancel := context.WithCancelCause(ctx)
	use, err := t.memory.Use(ctx, func(err error) { cancel(session.MemoryError(name, err)) })
	if err != nil {
		cancel(nil)
		return nil, ctx, session.MemoryError(name, err)
	}
	return &memoryUse{Use: use, target: name}, ctx, nil
}

// hold asks for what the read takes by now.
func (u *memoryUse) hold() error {
	if err := u.Hold(u.modules + u.table + min(2*u.reply, sshWindow)); err != nil {
		return session.MemoryError(u.target, err)
	}
	return nil
}

// holdTable asks for the bytes that the module being read takes.
func (u *memoryUse) holdTable(bytes int64) error {
	u.table = bytes
	return u.hold()
}

// took asks for bytes that stay in use until the read ends.
func (u *memoryUse) took(bytes int64) error {
	u.modules, u.table = u.modules+bytes, 0
	return u.hold()
}

// received notes that n more bytes of a reply were read.
func (u *memoryUse) received(n int) error {
	before := u.reply / replyStep
	u.reply += int64(n)
	if u.reply > sshWindow || u.reply/replyStep == before {
		return nil
	}
	return u.hold()
}

// kept is what the target keeps between reads, in bytes.
func (t *Target) kept() int64 {
	size := t.schedule.Size(func(r *result) int64 {
		if r == nil {
			return 0
		}
		return r.Size()
	})
	if d := t.plan.known(); d != nil {
		size += d.size
	}
	if t.client.Stats().Established {
		size += sessionSize
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.caches {
		size += c.size
	}
	return size
}

// moduleCache is what is kept of a module, with its size after the last read.
type moduleCache struct {
	*decode.Cache
	size int64
}

// dropKept gives up what is kept from reads.
func (t *Target) dropKept(err error) {
	t.mu.Lock()
	t.caches = map[string]*moduleCache{}
	t.mu.Unlock()
	t.schedule.Drop(err)
}

// giveUpKept is what the target does when it is the largest while it is not read.
func (t *Target) giveUpKept(err error) {
	err = session.MemoryError(t.Name(), err)
	t.dropKept(err)
	t.logDropped(err)
	t.memory.Keep(t.kept())
}

// endUse gives back what the read took. What can be served no more is not kept: nothing after a read that took too much, and
// nothing of a device that was away for long.
func (r *reading) endUse() {
	t := r.target
	tooMuch := session.ReasonOf(r.lost) == ReasonMemory
	t.mu.Lock()
	if r.alive {
		t.answered = time.Now()
	}
	away := r.lost != nil && time.Since(t.answered) > t.keepFor()
	t.mu.Unlock()
	if tooMuch || away {
		t.dropKept(r.lost)
	}
	if r.use == nil {
		return
	}
	if tooMuch && t.memory.Held() > muchGarbage {
		defer t.garbage.collect()
	}
	r.use.End(t.kept())
}

// muchGarbage is how many bytes must be given up at once for a collection to be worth its cost.
const muchGarbage = 8 << 20

// garbage frees what was given up because the memory was used up. The runtime alone would wait until the heap has doubled.
type garbage struct{ collecting atomic.Bool }

func (g *garbage) collect() {
	if g.collecting.CompareAndSwap(false, true) {
		go func() {
			defer g.collecting.Store(false)
			debug.FreeOSMemory()
		}()
	}
}
