//go:build linux

package e2e

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// mischief brings faults on simulated devices at random, and remembers which device had one when.
type mischief struct {
	devices []*simulator.Device

	mu     sync.Mutex
	random *rand.Rand
	begun  int
	until  map[int]time.Time    // by device, with a fault: when it is to end
	ended  map[string]time.Time // by name: when the last fault ended
	denied map[int]bool         // devices that refused a login
}

func newMischief(devices []*simulator.Device) *mischief {
	return &mischief{devices: devices, random: rand.New(rand.NewPCG(1, 2)), until: map[int]time.Time{}, ended: map[string]time.Time{}, denied: map[int]bool{}}
}

// act ends faults whose time is over and begins one, on at most a fifth of the devices at a time.
func (m *mischief) act() {
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
	switch fault := m.random.IntN(20); {
	case fault < 5: // a reboot
		_ = d.SetDown(true) // of a listener that is open
	case fault < 10: // an idle drop, which must not be seen at all
		delete(m.until, i)
		if d.Sessions() == 0 { // or it hits a dial, which may be seen
			m.ended[d.Name] = time.Now()
		}
		d.DropSessions()
	case fault < 14:
		d.SetReplyDelay(time.Hour)
	case fault < 19:
		d.SetReplyDelay(2 * time.Second) // longer than a scrape waits, shorter than a read
	default:
		d.RefuseLogins(true)
		d.DropSessions()
		m.denied[i] = true
	}
}

// heal ends a device's fault. A hanging reply hangs on until the read is given up.
func (m *mischief) heal(i int) {
	d := m.devices[i]
	_ = d.SetDown(false) // should the port be taken, the device stays away and the test says so
	d.SetReplyDelay(0)
	d.RefuseLogins(false)
	delete(m.until, i)
	m.ended[d.Name] = time.Now()
}

func (m *mischief) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.until {
		m.heal(i)
	}
}

// since reports whether the device had a fault at some time after t.
func (m *mischief) since(name string, t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.until {
		if m.devices[i].Name == name {
			return true
		}
	}
	return m.ended[name].After(t)
}

func (m *mischief) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun
}

// refused is how many devices refused a login: no more than these may still be left alone.
func (m *mischief) refused() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.denied)
}
