package budget_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/budget"
)

const (
	mib = 1 << 20
	// slack is how much more than the limit may be held: holders that were told to give up need a moment, and grow in steps.
	slack = budget.First
)

// device is a holder that obeys.
type device struct {
	*budget.Holder
	mu      sync.Mutex
	dropped []error
}

func newDevice(b *budget.Budget) *device {
	d := &device{}
	d.Holder = b.Holder(func(err error) {
		d.mu.Lock()
		d.dropped = append(d.dropped, err)
		d.mu.Unlock()
		d.Keep(0)
	})
	return d
}

func (d *device) drops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.dropped)
}

// read takes most bytes one MiB at a time, and a while for each. It keeps kept bytes.
func (d *device) read(timeout time.Duration, most, kept int64) error {
	ctx, end := context.WithTimeout(context.Background(), timeout)
	defer end()
	ctx, cancel := context.WithCancelCause(ctx)
	use, err := d.Use(ctx, cancel)
	if err != nil {
		return err
	}
	for held := int64(0); held < most; held += mib {
		if err := use.Hold(min(held+mib, most)); err != nil {
			use.End(0)
			return err
		}
		time.Sleep(10 * time.Millisecond)
		if ctx.Err() != nil {
			use.End(0)
			return context.Cause(ctx)
		}
	}
	use.End(kept)
	return nil
}

func exceeded(t *testing.T, err error, waits bool) {
	t.Helper()
	var e *budget.Exceeded
	if !errors.As(err, &e) || e.Waits != waits {
		t.Errorf("the error is %v, want one of the budget, waiting %v", err, waits)
	}
}

// TestLargestGivesUp holds that of many who grow it is the largest who has to give up, and that the others do not notice.
func TestLargestGivesUp(t *testing.T) {
	for round := range 20 {
		synctest.Test(t, func(t *testing.T) {
			b := budget.New(64 * mib)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					time.Sleep(rand.N(100 * time.Millisecond))
					if err := newDevice(b).read(time.Minute, 3*mib, mib); err != nil {
						t.Errorf("round %d: a small one has to give up: %v", round, err)
					}
				})
			}
			wg.Go(func() { exceeded(t, newDevice(b).read(time.Minute, 500*mib, 0), false) })
			wg.Wait()
			if s := b.Stats(); s.Used != 10*mib || s.Ended != 1 {
				t.Errorf("round %d: at the end %+v", round, s)
			}
		})
	}
}

// TestKeptIsDropped holds that what a device keeps from its last read is dropped if it is the largest.
func TestKeptIsDropped(t *testing.T) {
	b := budget.New(64 * mib)
	small, large := newDevice(b), newDevice(b)
	small.Keep(10 * mib)
	large.Keep(40 * mib)
	if small.drops()+large.drops() > 0 {
		t.Fatal("dropped while all fits")
	}
	small.Keep(30 * mib)
	if small.drops() != 0 || large.drops() != 1 || b.Stats().Used != 30*mib {
		t.Errorf("dropped %d times by the small and %d times by the large one, used %d", small.drops(), large.drops(), b.Stats().Used)
	}
	small.Close()
	if used := b.Stats().Used; used != 0 {
		t.Errorf("used %d when all are gone", used)
	}
}

// TestAdmission holds that a read is let in by what its last one took: a large one waits and then fails, while small ones
// are let in. A large one that keeps failing is let in again with less.
func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(64 * mib)
		large, rest := newDevice(b), newDevice(b)
		if err := large.read(time.Minute, 50*mib, 0); err != nil {
			t.Fatal(err)
		}
		rest.Keep(30 * mib)
		exceeded(t, large.read(time.Second, mib, 0), true)
		if err := newDevice(b).read(time.Second, mib, 0); err != nil {
			t.Errorf("a small one is not let in: %v", err)
		}
		if err := large.read(time.Second, mib, 0); err != nil {
			t.Errorf("with half of what it took it still does not fit: %v", err)
		}
		if rest.drops() != 0 {
			t.Errorf("a larger one drove out a smaller one")
		}
	})
}

// TestRoomForSmall holds that a small one that waits is let in at the expense of a large one.
func TestRoomForSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(64 * mib)
		large, small := newDevice(b), newDevice(b)
		if err := small.read(time.Minute, 10*mib, 0); err != nil {
			t.Fatal(err)
		}
		large.Keep(60 * mib)
		if err := small.read(time.Minute, 10*mib, mib); err != nil || large.drops() != 1 {
			t.Errorf("the small one: %v; the large one was dropped %d times", err, large.drops())
		}
	})
}

// TestSmallDoesNotWait holds that a small one is let in at once where large ones take all that there is, one more waits, and those that are told to
// give up take their time.
func TestSmallDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(64 * mib)
		waits := newDevice(b)
		if err := waits.read(time.Minute, 12*mib, 0); err != nil {
			t.Fatal(err)
		}
		var told, wg sync.WaitGroup
		told.Add(1)
		for range 8 {
			use, err := newDevice(b).Use(t.Context(), func(error) { told.Done() })
			if err != nil || use.Hold(8*mib) != nil {
				t.Fatal("no room")
			}
		}
		wg.Go(func() { exceeded(t, waits.read(time.Minute, mib, 0), true) })
		synctest.Wait()
		began := time.Now()
		for range 50 {
			if use, err := newDevice(b).Use(t.Context(), nil); err != nil || use.Hold(budget.First) != nil {
				t.Errorf("a small one: %v", err)
			}
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the small ones waited %v", waited)
		}
		told.Wait() // one gives up for all of them; a second one would panic
		wg.Wait()
	})
}

// TestOwnRoom holds that a device that finds no room beside what it keeps itself gives that up.
func TestOwnRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget.New(64 * mib)
		d := newDevice(b)
		for range 20 {
			if err := d.read(time.Second, 40*mib, 40*mib); err != nil {
				t.Fatal(err)
			}
		}
		if d.drops() == 0 {
			t.Error("it kept what it had")
		}
	})
}

// TestWhatCannotBeDropped holds that a holder that gives up less than it keeps is not asked again and again.
func TestWhatCannotBeDropped(t *testing.T) {
	b := budget.New(64 * mib)
	asked := 0
	var h *budget.Holder
	h = b.Holder(func(error) { asked++; h.Keep(60 * mib) })
	h.Keep(60 * mib)
	newDevice(b).Keep(10 * mib)
	newDevice(b).Keep(10 * mib)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// TestNoLimit holds that without a limit the budget only counts.
func TestNoLimit(t *testing.T) {
	b := budget.New(0)
	d := newDevice(b)
	use, err := d.Use(t.Context(), func(error) { t.Error("cancelled") })
	if err != nil || use.Hold(1<<50) != nil || d.Held() < 1<<50 {
		t.Errorf("%v, holds %d", err, d.Held())
	}
	use.End(1 << 40)
	if s := b.Stats(); s.Used != 1<<40 || s.Ended != 0 {
		t.Errorf("%+v", s)
	}
}

// TestMany reads devices of all sizes side by side. The budget must never be exceeded by more than those that are ending, must
// come out even at the end, and must let small devices through whatever the large ones do.
func TestMany(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const limit = 100 * mib
				b := budget.New(limit)
				random := rand.New(rand.NewPCG(seed, 1))
				var wg sync.WaitGroup
				var all []*device
				for i := range 60 {
					d := newDevice(b)
					all = append(all, d)
					hostile := i%10 == 0
					sizes := make([]int64, 20)
					for n := range sizes {
						sizes[n] = random.Int64N(mib)
						if hostile {
							sizes[n] = 10*mib + random.Int64N(200*mib)
						}
					}
					wg.Go(func() {
						for _, size := range sizes {
							err := d.read(5*time.Second, size, size/2)
							if !hostile && err != nil {
								t.Errorf("a device of %d bytes: %v", size, err)
							}
							time.Sleep(time.Duration(size % 1000 * int64(time.Millisecond)))
						}
					})
				}
				stop := make(chan struct{})
				wg.Go(func() {
					for n := 0; n < 3000; n++ {
						time.Sleep(10 * time.Millisecond)
						synctest.Wait()
						if used := b.Stats().Used; used > limit+7*mib+60*slack {
							t.Errorf("%d MiB are used of %d", used/mib, limit/mib)
						}
					}
					close(stop)
				})
				wg.Wait()
				<-stop
				for i, d := range all {
					if i%10 != 0 && d.drops() > 0 {
						t.Errorf("what a small one kept was dropped")
					}
					d.Close()
				}
				if s := b.Stats(); s.Used != 0 {
					t.Errorf("at the end %+v", s)
				}
			})
		})
	}
}
