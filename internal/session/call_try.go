package session

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// try is what a handshake begins with, before it is known who calls. The SSH library wants the user name then, and offers one order of
// host keys, of which a device shows one.
type try struct {
	user     string
	legacy   bool
	hostKeys []string // algorithms
}

// hints are what the last calls from an address tell about the next ones.
type hints struct {
	from map[netip.Prefix]*hint
}

type hint struct {
	user    string   // of the last device that was known
	unknown []string // types of keys that were shown and are those of no target
}

// mostHints bounds the hints.
const mostHints = 1024

func (h *hints) of(from netip.Prefix) *hint {
	if known := h.from[from]; known != nil {
		return known
	}
	if h.from == nil {
		h.from = map[netip.Prefix]*hint{}
	}
	if len(h.from) >= mostHints {
		for any := range maps.Keys(h.from) {
			delete(h.from, any)
			break
		}
	}
	h.from[from] = &hint{}
	return h.from[from]
}

func (h *hints) known(from netip.Prefix, user string) { *h.of(from) = hint{user: user} }

func (h *hints) unknown(from netip.Prefix, keyType string) {
	if known := h.of(from); !slices.Contains(known.unknown, keyType) {
		known.unknown = append(known.unknown, keyType)
	}
}

// try decides how to begin with a call from an address. A device whose key was unknown may have others, so every other time it is
// rather to show one of another type; not each time, because others may call from the same address.
func (h *CallHome) try(from netip.Prefix) try {
	h.mu.Lock()
	defer h.mu.Unlock()
	var t try
	users := map[string]int{}
	for _, clients := range h.clients {
		client := clients[len(clients)-1]
		if client.options.Target.Over() != config.TransportSSH {
			continue
		}
		auth := client.options.Auth
		t.legacy = t.legacy || auth.LegacyAlgorithms
		if users[auth.Username]++; users[auth.Username] > users[t.user] || users[auth.Username] == users[t.user] && auth.Username < t.user {
			t.user = auth.Username
		}
	}
	t.hostKeys = slices.DeleteFunc(hostKeyAlgorithms(t.legacy), isCertificate)
	last := h.hints.from[from]
	if last == nil {
		return t
	}
	if users[last.user] > 0 {
		t.user = last.user
	}
	if rand.N(2) == 0 {
		others := t.hostKeys
		for _, keyType := range last.unknown {
			others = without(others, keyType)
		}
		tried := slices.DeleteFunc(slices.Clone(t.hostKeys), func(algorithm string) bool { return slices.Contains(others, algorithm) })
		t.hostKeys = slices.Concat(others, tried)
	}
	return t
}
