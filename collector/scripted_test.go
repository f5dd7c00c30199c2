package collector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// client is a device in simulated time: it needs no network, so that clocks can stand still.
type client struct {
	target string
	// answer gives the reply to an rpc and how long it takes; never: there is none.
	answer func(rpc string) (reply string, takes time.Duration)
	hello  func(dial uint64) []string // capabilities; nil: the lab's model

	mu      sync.Mutex
	opened  time.Time
	refused bool // connections are
	dials   uint64
}

const never = time.Duration(1<<63 - 1)

// Connect implements collector.Client.
func (c *client) Connect(context.Context, *session.Trace) (session.Hello, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened.IsZero() {
		c.dials++
		if c.refused {
			return session.Hello{}, c.fail(session.ReasonRefused, fmt.Sprintf("connection refused, attempt %d", c.dials))
		}
		c.opened = time.Now()
	}
	if c.hello == nil {
		return session.Hello{Capabilities: []string{"urn:lab"}}, nil
	}
	return session.Hello{Capabilities: c.hello(c.dials)}, nil
}

func (c *client) fail(reason session.Reason, text string) error {
	return &session.Error{Reason: reason, Target: c.target, Err: fmt.Errorf("%s", text)}
}

// RPC implements collector.Client.
func (c *client) RPC(ctx context.Context, _ *session.Trace, operation string, read func(io.Reader) error) error {
	reply, takes := c.answer(operation)
	select {
	case <-time.After(takes):
		return read(strings.NewReader(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1">` + reply + `</rpc-reply>`))
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		c.opened = time.Time{}
		var with *session.Error
		if errors.As(context.Cause(ctx), &with) {
			return with
		}
		return c.fail(session.ReasonTimeout, fmt.Sprintf("no answer to the rpc within %v", time.Since(time.Unix(0, 0))))
	}
}

// Stats implements collector.Client.
func (c *client) Stats() session.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return session.Stats{Start: c.opened, Established: !c.opened.IsZero()}
}

// Close implements collector.Client.
func (c *client) Close(context.Context) error { return nil }

// open notes when the session was opened.
func (c *client) open(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = at
}

// drop closes the session.
func (c *client) drop() { c.setRefused(false) }

// setRefused makes the device refuse connections, and drops the one there is.
func (c *client) setRefused(refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused, c.opened = refused, time.Time{}
}

// shared is a value that a test changes while devices use it.
type shared[T any] struct {
	mu    sync.Mutex
	value T
}

func (s *shared[T]) set(value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value = value
}

func (s *shared[T]) get() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value
}

// taking is a device that takes as long for each of the lab's modules as the function says, which each give a thing of theirs.
func taking(takes func(module string) time.Duration) func(string) (string, time.Duration) {
	return func(rpc string) (string, time.Duration) {
		for _, module := range []string{"top", "more", "other"} {
			if strings.Contains(rpc, "<"+module) {
				return items(module, module, "1", ""), takes(module)
			}
		}
		return "<data/>", 0
	}
}

// labModules are one module each for top, more and other; settings go to each of more and other.
const labModules = `
catalog: {lab_value: {type: gauge, help: A value., labels: [thing], info: {note: text}}}
modules:
  top: {namespaces: {l: "urn:lab"}, reads: [{get: [/l:top]}], rows: [{path: /l:top/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
  more: {namespaces: {l: "urn:lab"}, reads: [{get: [/l:more]}], rows: [{path: /l:more/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
  other: {max_age: 1h, namespaces: {l: "urn:lab"}, reads: [{get: [/l:other]}], rows: [{path: /l:other/item, key: [name], labels: {thing: name, note: note}, metrics: {lab_value: value}}]}
`

// simulated is a configuration of as many targets.
func simulated(text string, targets int) string {
	text = "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\n" + text + "\ntargets:\n"
	for i := range targets {
		text += fmt.Sprintf("  - {name: t%d, address: 192.0.2.1, auth: lab}\n", i)
	}
	return text
}

// simulate returns an exporter of as many targets, each read with the client that the function makes. It begins no read by
// itself.
func simulate(t *testing.T, text string, targets int, device func(i int) *client) (*collector.Exporter, *netconftest.Buffer) {
	t.Helper()
	return simulateWith(t, collector.Options{}, text, targets, device)
}

// simulateWith is simulate with other options.
func simulateWith(t *testing.T, options collector.Options, text string, targets int, device func(i int) *client) (*collector.Exporter, *netconftest.Buffer) {
	t.Helper()
	c, err := config.Parse([]byte(simulated(text, targets)))
	if err != nil {
		t.Fatal(err)
	}
	log := &netconftest.Buffer{}
	made := 0
	options.Lazy, options.Logger = true, slog.New(slog.NewTextHandler(log, nil))
	e, err := collector.New(c, options.WithClients(
		func(o session.Options) collector.Client {
			d := device(made)
			d.target, made = o.Target.Name, made+1
			return d
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	return e, log
}

// series scrapes a target again and again and gives what marks makes of each scrape.
func series(target *collector.Target, modules []string, times int, interval, budget time.Duration, mark func(*collector.Scrape, map[string]float64) string) string {
	began, marks := time.Now(), ""
	for n := range times {
		time.Sleep(time.Until(began.Add(time.Duration(n) * interval)))
		ctx, cancel := context.WithTimeout(context.Background(), budget)
		s := target.Scrape(ctx, modules)
		cancel()
		marks += mark(s, samples(s.Families))
	}
	return marks
}

// upAndFull marks a scrape that is up with rows by +, one that is up without by ~, and one that is down by -.
func upAndFull(s *collector.Scrape, got map[string]float64) string {
	switch {
	case !s.Up:
		return "-"
	case got["lab_value note= thing=top"]+got["lab_value note= thing=more"] > 0:
		return "+"
	}
	return "~"
}
