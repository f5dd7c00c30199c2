package session

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

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

// answer handles one call until it has failed, or the client of its target has logged in.
func (h *CallHome) answer(over config.Transport, tcp net.Conn) {
	c := newCall(&connection{Conn: tcp})
	from := network(tcp.RemoteAddr())
	if !h.enter(c, from) {
		c.end(nil)
		h.count(CallLimited)
		return
	}
	leave := sync.OnceFunc(func() { h.leave(from) })
	late := time.AfterFunc(keyWait, func() { c.end(errNoKey) })
	result := CallFailed
	given := func(r CallResult, err error) error {
		result = r
		return err
	}
	var taken bool
	if over == config.TransportTLS {
		taken = c.handshakeTLS(func(chain []*x509.Certificate) error {
			late.Stop()
			leave()
			return given(h.giveTLS(c, from, chain))
		})
	} else {
		try := h.try(from)
		taken = c.handshake(try.user, algorithms(try.legacy), try.hostKeys, func(key ssh.PublicKey) error {
			late.Stop()
			leave()
			return given(h.give(c, from, key, try))
		})
	}
	late.Stop()
	leave()
	if result == CallTaken && !taken {
		result = CallNotTaken
	}
	if !taken {
		c.end(c.err)
		h.log().Debug("a call was not taken", "from", tcp.RemoteAddr().String(), "result", string(result), "err", c.err)
	}
	h.mu.Lock()
	delete(h.open, c)
	h.mu.Unlock()
	h.count(result)
}

// give gives a call over SSH to the client whose target has the key.
func (h *CallHome) give(c *call, from netip.Prefix, key ssh.PublicKey, try try) (CallResult, error) {
	fingerprint := ssh.FingerprintSHA256(key)
	client := h.client(fingerprint)
	h.mu.Lock()
	if client == nil {
		h.hints.unknown(from, key.Type())
	} else {
		h.hints.known(from, client.options.Auth.Username)
	}
	h.mu.Unlock()
	switch {
	case client == nil:
		h.note(c, from, Caller{Transport: config.TransportSSH, KeyType: key.Type(), Fingerprint: fingerprint})
		return CallUnknown, errUnknownCaller
	case client.options.Auth.Username != try.user:
		return CallRetry, errOtherUser
	}
	return client.called(c)
}

// giveTLS gives a call over TLS to the client whose target has the certificate, or else to the one that has its name, if the certificate is trusted for it.
func (h *CallHome) giveTLS(c *call, from netip.Prefix, chain []*x509.Certificate) (CallResult, error) {
	fingerprint := config.CertificateFingerprint(chain[0].Raw)
	if client := h.client(fingerprint); client != nil {
		return client.called(c)
	}
	var named []*Client
	for _, key := range callerKeys(chain[0]) {
		if client := h.client(key); client != nil && !slices.Contains(named, client) {
			named = append(named, client)
		}
	}
	unknown, why := errUnknownCaller, ""
	switch len(named) {
	case 0:
	case 1:
		if unknown = named[0].knows(chain); unknown == nil {
			h.mu.Lock()
			h.callers.forget(fingerprint)
			h.mu.Unlock()
			return named[0].called(c)
		}
		target := named[0].options.Target
		_, why = untrusted(unknown, chain[0], target.CertificateName(named[0].options.Auth))
		why = fmt.Sprintf("It names target %q, but %s.", target.Name, why)
	default:
		unknown, why = errManyTargets, "It names several targets, and must name one."
	}
	h.note(c, from, Caller{
		Transport: config.TransportTLS, KeyType: "certificate " + describe(chain[0]) + " for " + names(chain[0]), Fingerprint: fingerprint, Name: nameOf(chain[0]),
		Why: why,
	})
	return CallUnknown, unknown
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

// note lists an unknown caller.
func (h *CallHome) note(c *call, from netip.Prefix, caller Caller) {
	caller.Address, caller.Last = c.conn.RemoteAddr().String(), c.arrived
	h.mu.Lock()
	news := h.callers.add(caller, from) && c.arrived.After(h.unlogged)
	if news {
		h.unlogged = c.arrived.Add(logEvery)
	}
	h.mu.Unlock()
	if news {
		h.log().Info("an unknown device called", "from", caller.Address, "key", caller.KeyType+" "+caller.Fingerprint)
	}
}

// logEvery is the least time between two lines of the log on unknown callers.
const logEvery = 10 * time.Second

func (h *CallHome) log() *slog.Logger {
	if h.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Logger
}

// network is what limits by address apply to: an IPv4 address, or an IPv6 network of 64 bits.
func network(address net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := at.Addr().Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.Prefix(bits) // of so many bits there is one
	return prefix
}
