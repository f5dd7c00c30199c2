package collector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
)

// TestProbesOfClosedPorts holds that devices that cannot be reached take no room from those that can, however many are probed, and
// that those that were reached keep it.
func TestProbesOfClosedPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 50
		made := 0
		e, _ := simulateWith(t, collector.Options{MaxAdHoc: most}, "defaults: {timeout: 5s, modules: [top]}"+labModules, 0, func(i int) *client {
			made++
			return &client{refused: i%100 < 90, answer: func(string) (string, time.Duration) { return items("top", "top", "1", ""), time.Millisecond }}
		})
		probe := func(port int) (up bool, err error) {
			target, err := e.AdHoc(context.Background(), fmt.Sprintf("192.0.2.1:%d", port), "lab")
			if err != nil {
				return false, err
			}
			return target.Scrape(context.Background(), nil).Up, nil
		}
		for i := range 500 {
			switch up, err := probe(1000 + i); {
			case err != nil:
				t.Fatalf("probe %d: %v", i, err)
			case up != (i%100 >= 90):
				t.Fatalf("probe %d: up %v", i, up)
			}
		}
		before := made
		for i := range 500 {
			if up, err := probe(1000 + i); i%100 >= 90 && (!up || err != nil) {
				t.Errorf("probe %d of a device that was reached: %v, %v", i, up, err)
			}
		}
		if again := made - before; again > 450 {
			t.Errorf("%d targets were made anew, want none of those that were reached", again)
		}
	})
}

// TestTooManyReached holds that beyond the limit of devices that were reached others are refused, until some are not probed any more.
func TestTooManyReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 10
		e, _ := simulateWith(t, collector.Options{MaxAdHoc: most}, "defaults: {timeout: 5s, modules: [top]}"+labModules, 0, func(int) *client {
			return &client{answer: func(string) (string, time.Duration) { return items("top", "top", "1", ""), time.Millisecond }}
		})
		for i := range most + 1 {
			target, err := e.AdHoc(context.Background(), fmt.Sprintf("192.0.2.1:%d", 1000+i), "lab")
			if i == most {
				if !errors.Is(err, collector.ErrTooMany) {
					t.Errorf("one too many: %v", err)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			target.Scrape(context.Background(), nil)
		}
		time.Sleep(11 * time.Minute)
		if _, err := e.AdHoc(context.Background(), "192.0.2.1:2000", "lab"); err != nil {
			t.Errorf("when the others were not probed for long: %v", err)
		}
	})
}
