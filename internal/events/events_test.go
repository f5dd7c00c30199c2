package events_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/events"
)

func TestAListenerHearsEveryEventOnceAndInOrder(t *testing.T) {
	l := events.New(8)
	place := l.Start()
	for round := range 20 {
		for i := range 5 {
			l.Add("step", "edge1", round*5+i)
		}
		found, next, missed := l.After(t.Context(), place)
		if missed || len(found) != 5 {
			t.Fatalf("round %d: %d events, missed %v", round, len(found), missed)
		}
		for i, e := range found {
			if e.Data != round*5+i || e.ID != place+int64(i)+1 || e.Subject != "edge1" || e.Type != "step" {
				t.Errorf("round %d: event %d is %+v", round, i, e)
			}
		}
		place = next
	}
}

func TestALateListenerIsToldThatItMissedSome(t *testing.T) {
	l := events.New(3)
	start := l.Start()
	for i := range 10 {
		l.Add("step", "", i)
	}
	found, next, missed := l.After(t.Context(), start)
	if !missed || len(found) != 3 || found[0].Data != 7 || next != l.End() {
		t.Errorf("%v, next %d, missed %v; want the last three", found, next, missed)
	}
	if place := l.Start(); place != found[0].ID-1 {
		t.Errorf("the log starts at %d, want just before %d", place, found[0].ID)
	}
	for _, stranger := range []int64{-1, 0, l.End() + 1, 1 << 62} {
		if found, _, missed := l.After(t.Context(), stranger); !missed || len(found) != 3 {
			t.Errorf("the place %d, which the log never gave out: %d events, missed %v", stranger, len(found), missed)
		}
	}
}

func TestIdentifiersGrowOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := events.New(4)
		old := before.Add("step", "", 1)
		time.Sleep(time.Second)
		after := events.New(4)
		fresh := after.Add("step", "", 2)
		if fresh.ID <= old.ID {
			t.Errorf("identifier %d comes after %d", fresh.ID, old.ID)
		}
		if found, _, missed := after.After(t.Context(), old.ID); !missed || len(found) != 1 {
			t.Errorf("%v, missed %v", found, missed)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := events.New(4)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if found, next, missed := l.After(ctx, l.End()); found != nil || missed || next != l.End() {
			t.Errorf("%v, %d, %v", found, next, missed)
		}
	})
}

func TestManyListenersAndSlowOnes(t *testing.T) {
	const listeners, sent = 200, 400
	l := events.New(sent)
	place := l.End()
	idle := l.End() // of one that never reads
	var wg sync.WaitGroup
	for range listeners {
		wg.Go(func() {
			heard := 0
			for place := place; heard < sent; {
				found, next, missed := l.After(t.Context(), place)
				if missed {
					t.Error("a listener missed events that are kept")
					return
				}
				for _, e := range found {
					if e.Data != heard {
						t.Errorf("event %v came as number %d", e.Data, heard)
					}
					heard++
				}
				place = next
			}
		})
	}
	for i := range sent {
		l.Add("step", fmt.Sprint(i%7), i)
	}
	wg.Wait()
	if found, _, missed := l.After(t.Context(), idle); missed || len(found) != sent {
		t.Errorf("a listener that comes back gets %d events, missed %v", len(found), missed)
	}
}
