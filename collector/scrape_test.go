package collector_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const lastRead = "netconf_module_last_read_timestamp_seconds module=ietf-interfaces"

// scrape gives one target's samples, for at most budget.
func scrape(t *testing.T, target *collector.Target, budget time.Duration) map[string]float64 {
	t.Helper()
	return samples(target.Scrape(within(t, budget), nil).Families)
}

func TestScrapesAtTheSameTimeShareARead(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	target := start(t, c).Targets()[0]
	scrape(t, target, 10*time.Second)
	devices.Devices()[0].SetReplyDelay(time.Second)
	got := make([]map[string]float64, 5)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = samples(target.Scrape(within(t, 10*time.Second), nil).Families) })
	}
	wg.Wait()
	for _, g := range got {
		if g[lastRead] == 0 || g[lastRead] != got[0][lastRead] {
			t.Errorf("reads at %v and %v, want one", g[lastRead], got[0][lastRead])
		}
	}
}

func TestLateResultServesTheNextScrape(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	target := start(t, c).Targets()[0]
	scrape(t, target, 10*time.Second)
	devices.Devices()[0].SetReplyDelay(2 * time.Second)
	late := scrape(t, target, 500*time.Millisecond) // longer than the first read took
	gaveUp := time.Now()
	if late["netconf_up"] != 0 || late["netconf_scrape_failure reason=timeout"] != 1 || late["netconf_module_success module=ietf-interfaces"] != 0 {
		t.Errorf("a scrape that gave up says %v", late)
	}
	ended := func() bool {
		status := target.Status()
		return status.Reading == nil && status.LastRead.After(gaveUp)
	}
	for range 1000 {
		if ended() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	next := target.Scrape(within(t, 500*time.Millisecond), nil) // too short for a read of its own
	got := samples(next.Families)
	if !next.Up || got["netconf_module_success module=ietf-interfaces"] != 1 {
		t.Errorf("the scrape after a late result says up %v, error %v", next.Up, next.Err)
	}
	if devices.Devices()[0].Logins() != 1 {
		t.Errorf("%d logins, want 1", devices.Devices()[0].Logins())
	}
}

func TestYoungResultIsServedAgain(t *testing.T) {
	_, c := fleet(t, simulator.Config{Interfaces: 3}, "defaults: {max_age: 1h}\n")
	target := start(t, c).Targets()[0]
	first, second := scrape(t, target, 10*time.Second), scrape(t, target, 10*time.Second)
	if first[lastRead] == 0 || first[lastRead] != second[lastRead] {
		t.Errorf("reads at %v and %v, want one", first[lastRead], second[lastRead])
	}
}

func TestDroppedSessionIsReplacedInTheSameScrape(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	target := start(t, c).Targets()[0]
	scrape(t, target, 10*time.Second)
	devices.Devices()[0].DropSessions()
	if got := scrape(t, target, 10*time.Second); got["netconf_up"] != 1 || got["netconf_module_success module=ietf-interfaces"] != 1 {
		t.Errorf("the scrape after an idle drop says %v", got)
	}
	if logins := devices.Devices()[0].Logins(); logins != 2 {
		t.Errorf("%d logins, want 2", logins)
	}
}

func TestUnreachableDeviceComesBack(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	target := start(t, c).Targets()[0]
	scrape(t, target, 10*time.Second)
	device := devices.Devices()[0]
	if err := device.SetDown(true); err != nil {
		t.Fatal(err)
	}
	if got := scrape(t, target, 10*time.Second); got["netconf_up"] != 0 || got["netconf_scrape_failure reason=refused"] != 1 {
		t.Errorf("the scrape of a device that is down says %v", got)
	}
	if err := device.SetDown(false); err != nil {
		t.Fatal(err)
	}
	if got := scrape(t, target, 10*time.Second); got["netconf_up"] != 1 {
		t.Errorf("the scrape of a device that is up again says %v", got)
	}
}

func TestRefusedLoginIsNotRepeated(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	device := devices.Devices()[0]
	device.RefuseLogins(true)
	target := start(t, c).Targets()[0]
	for range 3 {
		scrape(t, target, 10*time.Second)
	}
	got := scrape(t, target, 10*time.Second)
	if got["netconf_scrape_failure reason=backoff"] != 1 || got["netconf_login_retry_timestamp_seconds"] == 0 || got["netconf_session_dials_total result=auth"] != 1 {
		t.Errorf("after a refused login a scrape says %v", got)
	}
	if n := device.RefusedLogins(); n != 1 {
		t.Errorf("%d refused logins, want 1", n)
	}
}

func TestSilentTargetsDoNotDelayOthers(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Devices: 10, Interfaces: 3, Silent: 2}, "")
	e := start(t, c)
	got := samples(e.Gather(within(t, 3*time.Second)))
	for i, d := range devices.Devices() {
		want := 1.0
		if i >= 8 {
			want = 0
		}
		if got["netconf_up target="+d.Name] != want {
			t.Errorf("%s: up %v, want %v", d.Name, got["netconf_up target="+d.Name], want)
		}
	}
	if got["netconf_scrape_failure reason=timeout target=sim-0010"] != 1 {
		t.Errorf("the silent target does not say timeout")
	}
}

func TestReloadKeepsSessions(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Devices: 2, Interfaces: 3}, "")
	e := start(t, c)
	e.Gather(within(t, 10*time.Second))
	if err := e.Apply(c); err != nil {
		t.Fatal(err)
	}
	e.Gather(within(t, 10*time.Second))
	for _, d := range devices.Devices() {
		if d.Logins() != 1 {
			t.Errorf("%s saw %d logins over a reload, want 1", d.Name, d.Logins())
		}
	}
	changed := *c
	changed.Targets = changed.Targets[:1]
	if err := e.Apply(&changed); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if devices.Devices()[1].Sessions() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the session of a target that was removed is still open")
}

// TestReloadDuringScrapes removes targets while scrapes begin: none is told to be down.
func TestReloadDuringScrapes(t *testing.T) {
	_, c := fleet(t, simulator.Config{Devices: 10}, "")
	e := start(t, c)
	fewer := *c
	fewer.Targets = c.Targets[:1]
	for range 20 {
		e.Gather(within(t, 10*time.Second))
		scraped := make(chan map[string]float64)
		go func() { scraped <- samples(e.Gather(within(t, 10*time.Second))) }()
		if err := e.Apply(&fewer); err != nil {
			t.Fatal(err)
		}
		for series, value := range <-scraped {
			if strings.HasPrefix(series, "netconf_up") && value == 0 {
				t.Fatalf("%s is 0", series)
			}
		}
		if err := e.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnconfiguredTargets(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	e := start(t, c)
	address := devices.Devices()[0].Address()
	c.Auths["sim"].AllowedTargets = []string{"192.0.2.0/24"}
	target, err := e.AdHoc(t.Context(), address, "sim")
	if err != nil {
		t.Fatal(err)
	}
	if s := target.Scrape(within(t, 10*time.Second), nil); !errors.Is(s.Err, session.ErrNotAllowed) || s.Up {
		t.Errorf("up %v, error %v, want ErrNotAllowed", s.Up, s.Err)
	}
	c.Auths["sim"].AllowedTargets = []string{"127.0.0.0/8"}
	if s := target.Scrape(within(t, 10*time.Second), nil); !s.Up || s.Err != nil {
		t.Errorf("up %v, error %v", s.Up, s.Err)
	}
	if _, err := e.AdHoc(t.Context(), address, "nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("error %v for an auth that does not exist", err)
	}
}

func TestReloadKeepsUnconfiguredTargets(t *testing.T) {
	devices, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	c.Targets = nil
	e := start(t, c)
	device := devices.Devices()[0]
	probe := func(networks ...string) *collector.Scrape {
		changed, auth := *c, *c.Auths["sim"]
		auth.AllowedTargets = networks
		changed.Auths = map[string]*config.Auth{"sim": &auth}
		if err := e.Apply(&changed); err != nil {
			t.Fatal(err)
		}
		target, err := e.AdHoc(t.Context(), device.Address(), "sim")
		if err != nil {
			t.Fatal(err)
		}
		return target.Scrape(within(t, 10*time.Second), nil)
	}
	for range 3 {
		if s := probe("127.0.0.0/8"); s.Err != nil {
			t.Fatal(s.Err)
		}
	}
	if n := device.Logins(); n != 1 {
		t.Errorf("%d logins over reloads, want 1", n)
	}
	if s := probe("192.0.2.0/24"); !errors.Is(s.Err, session.ErrNotAllowed) {
		t.Errorf("a target that is allowed no longer gives %v", s.Err)
	}
}

func TestReloadLetsReadsEnd(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(announce("urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces"))
		p.Answer(func(_, id string) string {
			if p.Device.RPCs.Load() == 1 {
				close(asked)
				<-answer
			}
			return netconftest.OKReply(id)
		})
	})
	c := load(t, fmt.Sprintf("auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true}}\n"+
		"targets: [{name: device, address: %q, auth: lab}]\n", netconftest.User, netconftest.Password, device.Address))
	e := start(t, c)
	target := e.Targets()[0]
	ended := make(chan *collector.Scrape)
	go func() { ended <- target.Scrape(within(t, 10*time.Second), nil) }()
	<-asked
	none := *c
	none.Targets = nil
	if err := e.Apply(&none); err != nil {
		t.Fatal(err)
	}
	close(answer)
	if s := <-ended; s.Err != nil || !s.Up {
		t.Errorf("the scrape in flight: up %v, %v", s.Up, s.Err)
	}
	for range 3000 {
		if device.Connections() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the session of a target that was removed is still open")
}

func TestUnconfiguredTargetsAreBounded(t *testing.T) {
	_, c := fleet(t, simulator.Config{Interfaces: 3}, "")
	e, err := collector.New(c, collector.Options{MaxAdHoc: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	for i, want := range []error{nil, nil, collector.ErrTooMany} {
		for range 2 { // the same target again is no other one
			if _, err := e.AdHoc(t.Context(), fmt.Sprintf("192.0.2.%d", i), "sim"); !errors.Is(err, want) {
				t.Errorf("target %d: %v, want %v", i, err, want)
			}
		}
	}
}

func TestDiscover(t *testing.T) {
	_, c := fleet(t, simulator.Config{Interfaces: 3, Form: simulator.FormNMDA}, "")
	d, err := start(t, c).Targets()[0].Discover(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	chosen := ""
	for _, m := range d.Modules {
		if m.Chosen {
			chosen += m.Name + " "
		}
	}
	if !d.NMDA || chosen != "ietf-interfaces-nmda " {
		t.Errorf("NMDA %v, chosen %q", d.NMDA, chosen)
	}
}

// TestReloadsKeepNothing loads a configuration again and again while a session lasts, which holds on to none of the old ones.
func TestReloadsKeepNothing(t *testing.T) {
	_, c := fleet(t, simulator.Config{Interfaces: 20}, "")
	e := start(t, c)
	reload := func(times int) int64 {
		for range times {
			if err := e.Apply(c); err != nil {
				t.Fatal(err)
			}
			e.Gather(within(t, 10*time.Second))
		}
		for range 3 { // pools are empty after two
			runtime.GC()
		}
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	if before, after := reload(1), reload(10); after-before > 4<<20 {
		t.Errorf("ten reloads leave %d MiB", (after-before)>>20)
	}
}
