package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// warmUp is the request of a read that only logs in and learns what the device is.
const warmUp = "\x00"

// read is one read of a target. It belongs to the target: scrapes wait for it, and their giving up does not end it.
type read struct {
	request string
	modules []string
	trace   *session.Trace
	done    chan struct{}

	// Under the target's lock.
	waiters int
	most    int // waiters at one time: as many scrapers are waiting side by side
	owed    int // how many of them gave up on it, and get its result at their next scrape
	ended   time.Time

	mu       sync.Mutex // until done
	planned  []string   // modules that will be read
	results  []*result
	answered bool
	err      error // of the session, or the first of a module that got no answer
}

func newRead(request string, modules []string) *read {
	return &read{request: request, modules: modules, trace: session.NewTrace(), done: make(chan struct{})}
}

// result is what a read made of one module. It is not changed once it is published.
type result struct {
	module string
	decode.Result
	success  bool
	err      error
	bytes    int64
	duration time.Duration
	at       time.Time // when its data was complete; zero if it never was
}

// moduleState is what a target keeps of a module between reads.
type moduleState struct {
	compiled *module.Module
	memory   *decode.Memory
	last     *result // the last that succeeded
}

// publish makes the result of a module visible to scrapes; err ends the read.
func (r *read) publish(m *result, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, m)
	r.err = err
}

// failure is the first thing that went wrong.
func (r *read) failure() error {
	if r.err != nil {
		return r.err
	}
	for _, m := range r.results {
		if m.err != nil {
			return m.err
		}
	}
	return nil
}

// answers reports whether the device answered. It is called under the read's lock, or after its end.
func (r *read) answers() bool {
	return r.answered || slices.ContainsFunc(r.results, func(m *result) bool { return m.success })
}

func (r *read) setAnswered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered = true
}

// share is what a scrape of these modules gets of a read of others: those that both ask for. It has ended if that is all.
func (r *read) share(request string, modules []string) *read {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &read{request: request, modules: modules, trace: r.trace, answered: r.answers()}
	for _, m := range r.results {
		if slices.Contains(modules, m.module) {
			s.results, s.planned = append(s.results, m), append(s.planned, m.module)
		}
	}
	for _, name := range modules {
		if name != config.Auto && !slices.Contains(s.planned, name) {
			s.planned = append(s.planned, name)
		}
	}
	if len(s.results) == len(modules) {
		s.ended = time.Now()
	}
	return s
}

// read connects, plans and reads one module after the other, each published as soon as it is complete.
func (t *Target) read(ctx context.Context, r *read) {
	device, err := t.connect(ctx, r)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.err = err
		return
	}
	if r.request == warmUp {
		return
	}
	groups := t.plan(device, r.modules)
	slices.SortStableFunc(groups, func(a, b group) int { // so that a module that is never answered costs the others one read, not all
		return cmp.Compare(number(t.silent[device.chosen(a).Name]), number(t.silent[device.chosen(b).Name]))
	})
	if len(groups) == 0 {
		r.setAnswered()
		r.publish(t.nothing(), nil)
		return
	}
	r.mu.Lock()
	for _, g := range groups {
		r.planned = append(r.planned, device.chosen(g).Name)
	}
	r.mu.Unlock()
	left := *t.config.MaxSamples
	for _, g := range groups {
		first := device.chosen(g).Name
		m := t.readGroup(ctx, r, device, g, left)
		left -= m.Samples
		r.publish(m, unreachable(m.err))
		if t.silent[first] = r.err != nil; r.err != nil {
			return
		}
	}
}

// nothing is the result of auto on a device that has no model of ours.
func (t *Target) nothing() *result {
	return &result{module: config.Auto, err: fmt.Errorf("target %s: no module fits what the device announces; "+
		"`netconf_exporter discover %s` lists its models and says what each module lacks", t.Name(), t.Name())}
}

// unreachable is err if it means that the rest of a read need not be tried: the device could not be reached again, or there
// is no time left.
func unreachable(err error) error {
	if reason := session.ReasonOf(err); reason == "" || reason == session.ReasonRPC {
		return nil
	}
	return err
}

// readGroup reads the best module of its kind that gives rows.
func (t *Target) readGroup(ctx context.Context, r *read, d *device, g group, samples int) *result {
	candidates := d.candidates(g)
	var best *result
	for _, m := range candidates {
		got := t.readModule(ctx, r, d, m, samples)
		if got.Samples > 0 {
			if len(candidates) > 1 {
				d.providers[g.provides] = m.Name
			}
			return got
		}
		if best == nil {
			best = got
		}
		if ctx.Err() != nil {
			break
		}
	}
	return best
}

func (t *Target) state(m *module.Module) *moduleState {
	state := t.states[m.Name]
	if state == nil || state.compiled != m {
		state = &moduleState{compiled: m, memory: decode.NewMemory(t.label)}
		t.states[m.Name] = state
	}
	return state
}

// recent is the module's last result while that is not too old, else nil.
func (s *moduleState) recent(maxAge time.Duration) *result {
	if s.last != nil && time.Since(s.last.at) < maxAge {
		return s.last
	}
	return nil
}

// readModule reads one module, or takes its last result while that is not too old.
func (t *Target) readModule(ctx context.Context, r *read, d *device, m *module.Module, samples int) *result {
	state := t.state(m)
	if last := state.recent(t.maxAge(m)); last != nil {
		return last
	}
	r.trace.About(m.Name)
	defer r.trace.About("")
	began := time.Now()
	got := &result{module: m.Name}
	if state.last != nil {
		got.at = state.last.at
	}
	table := m.Table(decode.Limits{ReplyBytes: int64(*t.config.MaxReplyBytes), Samples: samples})
	defer table.Release()
	for i := range m.Requests {
		if d.lacks(m, i) {
			continue
		}
		bytes, err := t.readReply(ctx, r, d, &m.Requests[i], table)
		got.bytes += bytes
		var refused netconf.RPCErrors
		if m.Requests[i].Optional && errors.As(err, &refused) {
			d.refusals[refusal{m.Name, i}] = time.Now()
			err = nil
		}
		if err != nil {
			err = fmt.Errorf("module %s: %w", m.Name, err)
			if got.err == nil {
				got.err = err
			} else {
				got.err = fmt.Errorf("%w; %w", got.err, err) // on one line
			}
			if !errors.As(err, &refused) {
				break // the session is gone: what is complete is kept, the rest would only cost another login
			}
		}
	}
	got.success = got.err == nil
	decode := time.Now()
	got.Result = table.Result(state.memory, decode, !got.success)
	r.trace.Add("decode", decode, time.Since(decode), fmt.Sprintf("%d samples", got.Samples))
	got.duration = time.Since(began)
	if got.success {
		got.at = time.Now()
		state.last = got
	}
	return got
}

// readReply sends one rpc and streams its reply into the table, all parts of it where the device sends it in parts. A
// get-data that the device cannot do becomes a get, for as long as the session lasts.
func (t *Target) readReply(ctx context.Context, r *read, d *device, rd *module.Request, table *decode.Table) (size int64, err error) {
	for operation, more := rd.XML(d.Device, d.noGetData), true; more; {
		var reply decode.Reply
		err := t.rpc(ctx, r, operation, func(from io.Reader) (err error) {
			reply, err = table.Decode(from)
			return err
		})
		size += reply.Bytes
		if err != nil {
			return size, err
		}
		if len(reply.Errors) == 0 {
			if operation, more = rd.Next(reply); more && size > int64(*t.config.MaxReplyBytes) {
				return size, fmt.Errorf("all parts of the reply together: %w", decode.ErrTooLarge)
			}
			continue
		}
		if d.noGetData || !rd.IsGetData() || !slices.ContainsFunc(reply.Errors, unsupported) {
			return size, decode.ReplyError(reply.Errors)
		}
		d.noGetData = true
		operation = rd.XML(d.Device, true)
	}
	return size, nil
}

// unsupported reports whether a server that announces NMDA says by an error that it has no get-data (clixon, yuma123).
func unsupported(e netconf.RPCError) bool {
	switch e.Tag {
	case netconf.ErrOperationNotSupported, netconf.ErrUnknownNamespace, netconf.ErrUnknownElement:
		return true
	}
	return false
}

// rpc sends one operation and notes whether the device answered at all, and how the time was spent.
func (t *Target) rpc(ctx context.Context, r *read, operation string, read func(io.Reader) error) error {
	var decoding time.Duration
	began := time.Now()
	err := t.client.RPC(ctx, r.trace, operation, func(from io.Reader) error {
		began = time.Now()
		timed := &timedReader{r: from}
		err := read(timed)
		decoding = time.Since(began) - timed.waited
		return err
	})
	if decoding > 0 {
		r.trace.AddWithin("rpc", "decode", began, decoding, "while reading the reply")
	}
	var syntax *xmlscan.SyntaxError
	if err == nil || errors.As(err, &syntax) || errors.Is(err, xmlscan.ErrTruncated) || errors.Is(err, decode.ErrTooLarge) {
		r.setAnswered()
	}
	return err
}

// timedReader measures how long was spent waiting for bytes.
type timedReader struct {
	r      io.Reader
	waited time.Duration
}

func (t *timedReader) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := t.r.Read(p)
	t.waited += time.Since(began)
	return n, err
}
