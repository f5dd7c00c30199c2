//go:build linux

package e2e

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// faultInjector causes random faults on simulated devices and records which device had one when.
type faultInjector struct {
	devices []*simulator.Device

	mu     sync.Mutex
	random *rand.Rand
	begun  int
	until  map[int]time.Time    // end of the present fault, by device
	ended  map[string]time.Time // end of the last fault, by name
}

func newFaultInjector(devices []*simulator.Device) *faultInjector {
	return &faultInjector{devices: devices, random: rand.New(rand.NewPCG(1, 2)), until: map[int]time.Time{}, ended: map[string]time.Time{}}
}

// act ends faults whose time is over and begins one. At most a fifth of the devices has a fault at a time.
func (m *faultInjector) act() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, until := range m.until {
		if time.Now().After(until) {
			m.heal(i)
		}
	}
	i := m.random.IntN(len(m.devices))
	if _, ill := m.until[i]; ill || len(m.until) > len(m.devices)/5 {
		return
	}
	m.begun++
	d := m.devices[i]
	m.until[i] = time.Now().Add(time.Duration(1+m.random.IntN(15)) * time.Second)
	switch fault := m.random.IntN(19); { // no refused login: two of them hold back the logins of all devices, which have one account
	case fault < 5: // a reboot
		_ = d.SetDown(true) // closing cannot fail
	case fault < 10: // idle sessions are closed, which scrapes must not notice
		delete(m.until, i)
		if d.Sessions() == 0 { // it may have hit a dial, which scrapes may notice
			m.ended[d.Name] = time.Now()
		}
		d.DropSessions()
	case fault < 14:
		d.SetReplyDelay(time.Hour)
	default:
		d.SetReplyDelay(2 * time.Second) // longer than a scrape's timeout, shorter than a read's
	}
}

// heal ends a device's fault. A reply that hangs does so until its read times out.
func (m *faultInjector) heal(i int) {
	d := m.devices[i]
	_ = d.SetDown(false) // if another program has the port, the device stays down and the test fails
	d.SetReplyDelay(0)
	delete(m.until, i)
	m.ended[d.Name] = time.Now()
}

func (m *faultInjector) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.until {
		m.heal(i)
	}
}

// since reports whether the device had a fault at some time after t.
func (m *faultInjector) since(name string, t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.until {
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
