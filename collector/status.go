package collector

import (
	"time"
)

// Status is what is known of a target without asking it.
type Status struct {
	Read         bool // it has been read, or could not be reached; what follows up to Err is zero otherwise
	Up           bool
	LastRead     time.Time // when the last read ended
	Duration     time.Duration
	Interfaces   int
	Samples      int
	Err          string
	SessionSince time.Time // zero: no session
	LoginRetry   time.Time // zero: no login was refused
	Modules      []ModuleStatus
}

// ModuleStatus is what the last read made of one module.
type ModuleStatus struct {
	Name     string
	Success  bool
	Samples  int
	Bytes    int64
	Duration time.Duration
	Err      string
}

// interfaceInfo is the metric of which each interface has one.
const interfaceInfo = "netconf_interface_info"

// Status never waits for the device.
func (t *Target) Status() Status {
	stats := t.client.Stats()
	status := Status{SessionSince: stats.Start, LoginRetry: stats.LoginRetry}
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.newest
	if last == nil || last.request == warmUp && last.err == nil {
		return status
	}
	status.Read, status.Up = true, last.answers()
	status.LastRead, status.Duration = last.ended, last.ended.Sub(last.trace.Began)
	if err := last.failure(); err != nil {
		status.Err = err.Error()
	}
	for _, m := range last.results {
		ms := ModuleStatus{Name: m.module, Success: m.success, Samples: m.Samples, Bytes: m.bytes, Duration: m.duration}
		if m.err != nil {
			ms.Err = m.err.Error()
		}
		for _, family := range m.Families {
			if family.Metric.Name == interfaceInfo {
				status.Interfaces = len(family.Samples)
			}
		}
		status.Samples += m.Samples
		status.Modules = append(status.Modules, ms)
	}
	return status
}
