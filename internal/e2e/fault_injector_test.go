//go:build linux

package e2e

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// injected are the faults, each as often as its weight says. Closing and opening a port cannot fail; if another program has taken it
// meanwhile, the device stays down and the test fails. No login is refused: two of them hold back the logins of all devices, which have one account.
var injected = []struct {
	weight     int
	begin, end func(*simulator.Device)
}{
	{5, func(d *simulator.Device) { _ = d.SetDown(true) }, func(d *simulator.Device) { _ = d.SetDown(false) }},
	{5, (*simulator.Device).DropSessions, nil},
	{4, func(d *simulator.Device) { d.SetReplyDelay(time.Hour) }, func(d *simulator.Device) { d.SetReplyDelay(0) }},
	// longer than a scrape's timeout, shorter than a read's
	{5, func(d *simulator.Device) { d.SetReplyDelay(2 * time.Second) }, func(d *simulator.Device) { d.SetReplyDelay(0) }},
	{2, func(d *simulator.Device) { d.SetSilent(true) }, func(d *simulator.Device) { d.SetSilent(false) }},
	{2, func(d *simulator.Device) { d.ShowAnotherHostKey(true) }, func(d *simulator.Device) { d.ShowAnotherHostKey(false) }},
}

// faultInjector causes random faults on simulated devices and records which device had one when.
type faultInjector struct {
	devices []*simulator.Device

	mu     sync.Mutex
	random *rand.Rand
	begun  int
	ill    map[int]illness      // by device
	ended  map[string]time.Time // end of the last fault, by name
}

// illness is a present fault.
type illness struct {
	until time.Time
	end   func(*simulator.Device)
}

func newFaultInjector(devices []*simulator.Device) *faultInjector {
	return &faultInjector{devices: devices, random: rand.New(rand.NewPCG(1, 2)), ill: map[int]illness{}, ended: map[string]time.Time{}}
}

// act ends faults whose time is over and begins one. At most a fifth of the devices has a fault at a time.
func (m *faultInjector) act() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, illness := range m.ill {
		if time.Now().After(illness.until) {
			m.heal(i)
		}
	}
	i := m.random.IntN(len(m.devices))
	if _, ill := m.ill[i]; ill || len(m.ill) > len(m.devices)/5 {
		return
	}
	m.begun++
	d := m.devices[i]
	fault := injected[m.weighted()]
	if fault.end != nil {
		m.ill[i] = illness{time.Now().Add(time.Duration(1+m.random.IntN(15)) * time.Second), fault.end}
	} else if d.Sessions() == 0 || d.Address() == "" {
		// Scrapes must not notice that an idle session is closed. They may notice it if it hits a dial, or if the device has to call again.
		m.ended[d.Name] = time.Now()
	}
	fault.begin(d)
}

// weighted is the index of one of the faults.
func (m *faultInjector) weighted() int {
	total := 0
	for _, fault := range injected {
		total += fault.weight
	}
	n := m.random.IntN(total)
	for i, fault := range injected {
		if n -= fault.weight; n < 0 {
			return i
		}
	}
	return 0
}

// heal ends a device's fault. A reply that hangs does so until its read times out.
func (m *faultInjector) heal(i int) {
	d := m.devices[i]
	m.ill[i].end(d)
	delete(m.ill, i)
	m.ended[d.Name] = time.Now()
}

func (m *faultInjector) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.ill {
		m.heal(i)
	}
}

// since reports whether the device had a fault at some time after t.
func (m *faultInjector) since(name string, t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.ill {
		if m.devices[i].Name == name {
			return true
		}
	}
	return m.ended[name].After(t)
}

func (m *faultInjector) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun
}
