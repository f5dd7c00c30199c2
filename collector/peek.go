package collector

import (
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Peek gives those metrics that are wanted of what a scrape of the configured modules would be given now, without metrics about
// the target itself. It never waits for the device.
func (t *Target) Peek(wanted func(metric string) bool) []*dto.MetricFamily {
	f := &families{byName: map[string]*family{}, pairs: map[[2]string]*dto.LabelPair{}}
	for _, share := range t.schedule.Peek(t.modules(nil), t.keepFor()).Modules {
		if share.Result == nil {
			continue
		}
		for _, samples := range share.Result.Families {
			if wanted(samples.Metric.Name) {
				f.add(0, samples)
			}
		}
	}
	return slices.Collect(f.sorted(false))
}

// Capabilities is how many capabilities the device announced in its last hello; 0 before the first.
func (t *Target) Capabilities() int {
	if d := t.plan.known(); d != nil {
		return len(d.Capabilities)
	}
	return 0
}

// Refresh begins a read of the configured modules, unless the last one ended less than age ago or one is in flight. It does not
// wait.
func (t *Target) Refresh(age time.Duration) {
	t.mu.Lock()
	last := t.lastRead
	t.mu.Unlock()
	if _, reading := t.schedule.Progress(); reading || last != nil && time.Since(last.ended) < age {
		return
	}
	t.schedule.Ask(t.modules(nil)...)
}
