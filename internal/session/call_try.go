package session

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// try is the start of a handshake, before the caller is known. The SSH library needs the user name then, and the order of host key
// algorithms, of which the device shows one key.
type try struct {
	user     string
	legacy   bool
	hostKeys []string // algorithms
}

// hints are what earlier calls from an address suggest for the next ones.
type hints struct {
	from map[netip.Prefix]*hint
}

type hint struct {
	user    string   // of the last known device
	unknown []string // types of unknown keys that were shown
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

// try decides how to begin a handshake with a caller from an address. A device with an unknown key may have others, so every second call
// prefers other key types; not every call, because other devices may call from the same address.
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
