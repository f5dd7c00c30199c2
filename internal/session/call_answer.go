package session

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

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
