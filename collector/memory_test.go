package collector_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/collector"
)

const mib = 1 << 20

// manyItems is a reply with n items whose names begin with a prefix.
func manyItems(prefix string, n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s-%d", prefix, i), "1", "note")
	}
	return items("top", list...)
}

// TestDevicesShareMemory holds that a device that takes more than there is for all is given up, is told so, and disturbs no other.
func TestDevicesShareMemory(t *testing.T) {
	huge, small := manyItems("huge", 30_000), manyItems("small", 100)
	for round := range 3 {
		synctest.Test(t, func(t *testing.T) {
			const devices = 10
			e, log := simulateWith(t, collector.Options{MemoryLimit: 8 * mib}, "defaults: {timeout: 5s, modules: [top]}"+labModules, devices, func(i int) *client {
				reply, takes := small, time.Duration(i+round)*20*time.Millisecond
				if i == 3 {
					reply = huge
				}
				return &client{answer: func(string) (string, time.Duration) { return reply, takes }}
			})
			var wg sync.WaitGroup
			for i, target := range e.Targets() {
				wg.Go(func() {
					for n := range 20 {
						ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
						s := target.Scrape(ctx, nil)
						cancel()
						switch {
						case i == 3 && (s.Up || s.Reason != collector.ReasonMemory || !strings.Contains(s.Err.Error(), "--collector.memory-limit")):
							t.Errorf("scrape %d of the huge device: up %v, reason %q, %v", n, s.Up, s.Reason, s.Err)
						case i != 3 && (!s.Up || s.Err != nil || samples(s.Families)["lab_value note=note thing=small-99"] != 1):
							t.Errorf("scrape %d of device %d: up %v, %v", n, i, s.Up, s.Err)
						}
						time.Sleep(time.Second)
					}
				})
			}
			wg.Wait()
			if m := e.Memory(); m.Used > 2*mib || m.Ended == 0 || m.Limit != 8*mib {
				t.Errorf("memory %+v", m)
			}
			if told := strings.Count(log.String(), "reason=memory"); told != 1 {
				t.Errorf("the log tells of it %d times:\n%s", told, log.String())
			}
			e.Close(context.Background())
			if used := e.Memory().Used; used != 0 {
				t.Errorf("%d bytes are used after the end", used)
			}
		})
	}
}

// TestLargestIsForgotten holds that what is kept of a device makes way for smaller ones, and is read again when there is room.
func TestLargestIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		replies := [2]shared[string]{}
		replies[0].set(manyItems("large", 6_000))
		replies[1].set(manyItems("small", 10))
		e, _ := simulateWith(t, collector.Options{MemoryLimit: 8 * mib}, "defaults: {timeout: 5s, modules: [top]}"+labModules, 2, func(i int) *client {
			return &client{answer: func(string) (string, time.Duration) { return replies[i].get(), time.Millisecond }}
		})
		up := func(i int) bool {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			s := e.Targets()[i].Scrape(ctx, nil)
			return s.Up && s.Err == nil
		}
		if !up(0) || !up(1) || e.Memory().Ended != 0 {
			t.Fatalf("both fit: %+v", e.Memory())
		}
		replies[1].set(manyItems("grown", 4_000))
		if !up(1) || e.Memory().Ended == 0 {
			t.Errorf("the second one grows, and is smaller: %+v", e.Memory())
		}
		replies[1].set(manyItems("small", 10))
		if !up(1) || !up(0) {
			t.Errorf("both fit again: %+v", e.Memory())
		}
	})
}

// TestGoneDeviceIsForgotten holds that what is kept of a device that does not come back is freed when it can be served no more.
func TestGoneDeviceIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := &client{answer: func(string) (string, time.Duration) { return manyItems("many", 5_000), time.Millisecond }}
		e, _ := simulate(t, "defaults: {timeout: 5s, modules: [top]}"+labModules, 1, func(int) *client { return device })
		scrape := func() { e.Targets()[0].Scrape(context.Background(), nil) }
		scrape()
		before := e.Memory().Used
		device.setRefused(true)
		for range 10 {
			time.Sleep(time.Minute)
			scrape()
		}
		if after := e.Memory().Used; before < mib || after > 64<<10 {
			t.Errorf("%d bytes were kept, %d after it was away for ten minutes", before, after)
		}
	})
}

// TestPiecesOfFamilies holds that families that come in pieces have all samples of those that come whole, once each and in order, also
// where one target has very many and where two modules give one thing.
func TestPiecesOfFamilies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := simulate(t, "defaults: {timeout: 5s, modules: [top, more]}"+labModules, 9, func(i int) *client {
			return &client{answer: func(rpc string) (string, time.Duration) {
				n := 3000
				if i == 4 {
					n = 20_000
				}
				if strings.Contains(rpc, "<more") {
					return strings.ReplaceAll(manyItems("thing", n/2), "top", "more"), 0
				}
				return manyItems("thing", n), 0
			}}
		})
		whole := map[string][]string{}
		text := func(f *dto.MetricFamily) (lines []string) {
			for _, m := range f.Metric {
				lines = append(lines, m.String())
			}
			return lines
		}
		ignored := func(name string) bool { return !strings.HasPrefix(name, "lab_") && name != "netconf_up" } // others come in any order
		for _, f := range e.Gather(context.Background()) {
			if !ignored(f.GetName()) {
				whole[f.GetName()] = text(f)
			}
		}
		pieces, most := map[string][]string{}, 0
		for f := range e.Families(context.Background()) {
			if !ignored(f.GetName()) {
				pieces[f.GetName()] = append(pieces[f.GetName()], text(f)...)
				most = max(most, len(f.Metric))
			}
		}
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Errorf("in pieces (-whole +pieces):\n%.2000s", diff)
		}
		if len(whole["lab_value"]) != 8*3000+20_000 {
			t.Errorf("%d samples", len(whole["lab_value"]))
		}
		t.Logf("%d samples in the largest piece", most)
	})
}
