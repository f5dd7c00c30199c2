package collector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// readInTime reads one module within the module's own timeout, if the target sets one. Exceeding it is a failure of the module alone.
func (r *reading) readInTime(ctx context.Context, d *device, id string, m *module.Module, samples int) *result {
	own := r.settings.config.Module(m.Name).Timeout
	if own == nil {
		return r.readModule(ctx, d, id, m, samples)
	}
	within, cancel := context.WithTimeout(ctx, time.Duration(*own))
	defer cancel()
	got := r.readModule(within, d, id, m, samples)
	got.outran = got.err != nil && within.Err() != nil && ctx.Err() == nil
	return got
}

// readModule reads one module.
func (r *reading) readModule(ctx context.Context, d *device, id string, m *module.Module, samples int) *result {
	t := r.target
	r.trace.About(m.Name)
	defer r.trace.About("")
	began, rows := time.Now(), r.rows.Load()
	got := &result{module: m.Name, trace: r.trace}
	r.answered = false
	table := m.Table(decode.Limits{ReplyBytes: int64(*r.settings.config.MaxReplyBytes), Samples: samples, Hold: r.use.holdTable})
	defer table.Release()
	table.Filter(r.settings.filters())
	if t.explains() {
		table.Explain()
	}
	failed := moduleErrors{module: m}
	for i := range m.Requests {
		if d.lacks(m, i) {
			continue
		}
		bytes, err := r.readReply(ctx, d, &m.Requests[i], table, func(n int) {
			r.bytes.Add(int64(n))
			r.rows.Store(rows + int64(table.Rows()))
		})
		got.bytes += bytes
		var refused netconf.RPCErrors
		if m.Requests[i].Optional && errors.As(err, &refused) {
			d.refusals[refusal{m.Name, i}] = time.Now()
			err = nil
		}
		if err != nil {
			failed.add(&m.Requests[i], err)
			if !errors.As(err, &refused) {
				break // the session is gone: what is complete is kept, the rest would only cost another login
			}
		}
	}
	got.err = failed.err()
	var refused netconf.RPCErrors
	if fits, why := m.Fits(d.Device); !fits && m.Announceable() && session.ReasonOf(got.err) == ReasonRPC && errors.As(got.err, &refused) {
		got.err = fmt.Errorf("module %s: %s; take the module out of those of the target (%w)", m.Name, why, decode.ReplyError(refused))
	}
	decode := time.Now()
	cache := t.cache(r.settings, id)
	before := cache.Size()
	got.Result = table.Result(cache.Cache, decode, got.err != nil)
	if err := table.Err(); err != nil && got.err == nil {
		got.err = fmt.Errorf("module %s: %w", m.Name, err)
	}
	t.mu.Lock()
	cache.size = cache.Size()
	t.mu.Unlock()
	if err := r.use.took(got.Result.Size() + max(0, cache.size-before)); err != nil && got.err == nil {
		got.err = fmt.Errorf("module %s: %w", m.Name, err)
	}
	r.trace.Add("decode", decode, time.Since(decode), decoded(&got.Result))
	got.at = time.Now()
	got.duration, got.took = got.at.Sub(began), got.at.Sub(r.Began)
	return got
}

// decoded describes a result, for the timeline.
func decoded(r *decode.Result) string {
	text := fmt.Sprintf("%d samples", r.Samples)
	for _, l := range r.TooLong {
		if l.Cut {
			text += fmt.Sprintf("; label %s of %s has more than 1 KiB and was cut, in %d rows", l.Label, l.Path, l.Rows)
		} else {
			text += fmt.Sprintf("; label %s of %s has more than 1 KiB, which left out %d rows", l.Label, l.Path, l.Rows)
		}
	}
	return text
}

// cache is what is kept of a module from read to read. Caches of modules that are no longer configured are dropped.
func (t *Target) cache(s *settings, id string) *moduleCache {
	t.mu.Lock()
	defer t.mu.Unlock()
	cached := t.caches[id]
	if cached == nil {
		for other := range t.caches {
			if s.modules.byID[other] == nil {
				delete(t.caches, other)
			}
		}
		cached = &moduleCache{Cache: decode.NewCache(t.label)}
		t.caches[id] = cached
	}
	return cached
}
