package network

import (
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// slowness is the delay before each reply of a device that is slow.
const slowness = 4 * time.Second

// Fleet is a network whose devices answer NETCONF.
type Fleet struct {
	*simulator.Fleet
	Network *Network
	changes sync.Mutex // one change of faults at a time, so that devices end up as the last one says
}

// Start runs a network's devices. The configuration says how they are reached; the scenario, which there are.
func Start(s *Scenario, config simulator.Config) (*Fleet, error) {
	now := time.Now()
	if config.Now != nil {
		now = config.Now()
	}
	n, err := New(s, now)
	if err != nil {
		return nil, err
	}
	all, err := loadModels()
	if err != nil {
		return nil, err
	}
	contents := make([]*content, len(n.devices))
	config.Definitions = make([]simulator.Definition, len(n.devices))
	for i, d := range n.devices {
		if contents[i], err = n.content(d, all); err != nil {
			return nil, err
		}
		config.Definitions[i] = simulator.Definition{Name: d.spec.Name, Labels: d.spec.Labels, Spare: d.spec.Spare, Content: contents[i]}
	}
	started, err := simulator.Start(config)
	if err != nil {
		return nil, err
	}
	for i, d := range started.Devices() {
		n.mu.Lock()
		contents[i].logins = d.Logins
		n.mu.Unlock()
	}
	return &Fleet{Fleet: started, Network: n}, nil
}

// SetFault begins a fault or clears it, and returns it with its place.
func (f *Fleet) SetFault(fault Fault, on bool) (Fault, error) {
	f.changes.Lock()
	defer f.changes.Unlock()
	fault, err := f.Network.Set(fault, on, time.Now())
	if err != nil {
		return fault, err
	}
	for _, d := range f.Devices() {
		if d.Name == fault.Device {
			return fault, apply(d, fault.Kind, on)
		}
	}
	return fault, nil
}

// apply does to a device's server what a fault says beside its data.
func apply(d *simulator.Device, kind string, on bool) error {
	switch kind {
	case "reboot":
		return d.SetDown(on)
	case "silent":
		d.SetSilent(on)
	case "hostkey":
		d.ShowAnotherHostKey(on)
	case "login":
		d.RefuseLogins(on)
		d.DropSessions()
	case "slow":
		delay := time.Duration(0)
		if on {
			delay = slowness
		}
		d.SetReplyDelay(delay)
	}
	return nil
}
