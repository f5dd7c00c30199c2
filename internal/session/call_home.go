package session

import (
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

const (
	// mostCalls bounds the calls whose callers are not known yet, and mostCallsFrom those from one address, so that one address cannot
	// take all.
	mostCalls     = 256
	mostCallsFrom = 64

	keyWait  = 10 * time.Second // how long a caller may take to show its key
	takeWait = time.Minute      // how long a call waits until its target takes it
)

// CallHome accepts calls of devices (RFC 8071). It recognizes devices by their host keys or certificates, before anything secret is sent,
// and gives the calls to the clients of their targets. The zero value does not listen.
type CallHome struct {
	Logger *slog.Logger // nil: nothing is logged; set before the first call

	mu        sync.Mutex // guards the following fields
	listeners map[config.Transport]*listener
	clients   map[string][]*Client // by config.Target.CallerKeys; the last one gets the calls
	half      int                  // calls whose key is not known yet
	halfFrom  map[netip.Prefix]int
	hints     hints
	callers   callers
	unlogged  time.Time // until then, unknown callers are not logged
	results   map[CallResult]uint64
	open      map[*call]bool // calls without a session
	answering sync.WaitGroup
}

// CallResult is the result of a call.
type CallResult string

// The results of calls.
const (
	CallTaken     CallResult = "taken"     // a login followed
	CallUnknown   CallResult = "unknown"   // the key is that of no target
	CallFailed    CallResult = "failed"    // no key was shown in time, or the caller speaks neither SSH nor TLS
	CallLimited   CallResult = "limited"   // too many others were under way
	CallDuplicate CallResult = "duplicate" // the target has a session that is alive
	CallNotTaken  CallResult = "not_taken" // the login is held back, or the address is not allowed
	CallRetry     CallResult = "retry"     // the call was prepared with another target's user name; the next one will have the right one
)

// CallResults returns all results.
func CallResults() []CallResult {
	return []CallResult{CallTaken, CallUnknown, CallFailed, CallLimited, CallDuplicate, CallNotTaken, CallRetry}
}

// CallStats are numbers over all calls.
type CallStats struct {
	Results map[CallResult]uint64 // missing: none
	Half    int                   // calls under way whose key is not known yet
}

var (
	errUnknownCaller       = errors.New("the host key or certificate is that of no target that calls home")
	errManyTargets         = errors.New("the certificate is that of several targets; give it the name of one")
	errNoCertificateWanted = errors.New("the device wanted no certificate of ours (RFC 7589 section 3)")
	errOtherUser           = errors.New("the call was prepared for another user name; the next one will not be")
	errNoKey               = errors.New("the caller showed no host key in time")
	errNotTaken            = errors.New("nobody took the call in time")
	errSessionAlive        = errors.New("the session with the device is alive")
	errCalledAgain         = errors.New("the device called again, and its session answered nothing any more")
	errHungUp              = errors.New("the exporter no longer listens for calls")
)

// Stats counts the calls.
func (h *CallHome) Stats() CallStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return CallStats{maps.Clone(h.results), h.half}
}

// Unknown lists unknown callers, the last one first.
func (h *CallHome) Unknown() []Caller {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.callers.list()
}

// register lets a client get the calls of its target.
func (h *CallHome) register(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clients == nil {
		h.clients = map[string][]*Client{}
	}
	for _, key := range c.options.Target.CallerKeys(c.options.Auth) {
		h.clients[key] = append(h.clients[key], c)
		h.callers.forget(key)
	}
}

func (h *CallHome) unregister(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range c.options.Target.CallerKeys(c.options.Auth) {
		if h.clients[key] = slices.DeleteFunc(h.clients[key], func(other *Client) bool { return other == c }); len(h.clients[key]) == 0 {
			delete(h.clients, key)
		}
	}
}

// enter admits a call, if there are not too many whose key is not known yet.
func (h *CallHome) enter(c *call, from netip.Prefix) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.half >= mostCalls || h.halfFrom[from] >= mostCallsFrom {
		return false
	}
	if h.halfFrom == nil {
		h.halfFrom, h.open = map[netip.Prefix]int{}, map[*call]bool{}
	}
	h.half++
	h.halfFrom[from]++
	h.open[c] = true
	return true
}

// leave makes room for another call.
func (h *CallHome) leave(from netip.Prefix) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.half--
	if h.halfFrom[from]--; h.halfFrom[from] == 0 {
		delete(h.halfFrom, from)
	}
}

func (h *CallHome) count(result CallResult) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results == nil {
		h.results = map[CallResult]uint64{}
	}
	h.results[result]++
}

// client is the client that gets the calls with a key.
func (h *CallHome) client(key string) *Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	if all := h.clients[key]; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}
