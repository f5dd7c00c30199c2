package config

import (
	"net"
	"strconv"
)

// CallHome says where devices may open the connection (RFC 8071).
type CallHome struct {
	SSHListenAddress string `yaml:"ssh_listen_address,omitempty"` // HOST:PORT or :PORT; "": nowhere
}

// callHome checks where devices may call.
func (v *validator) callHome(c CallHome, at *source) {
	v.listenAddress("ssh_listen_address", c.SSHListenAddress, at)
}

func (v *validator) listenAddress(key, address string, at *source) {
	if address == "" {
		return
	}
	_, port, err := net.SplitHostPort(address)
	if n, e := strconv.Atoi(port); err != nil || e != nil || n < 1 || n > 65535 {
		v.add(at.at(key), "call_home: %s %s is no address to listen at; write HOST:PORT, or :4334 for all addresses of this machine", key, quoteAddress(address))
	}
}

// caller checks a target that calls home. It is known by its own host key, so no two may have the same one.
func (v *validator) caller(t *Target, at *source) {
	switch {
	case t.Address != "":
		v.add(at.at("address"), "target %s calls home and has an address besides; take out one of them", t.quoteName())
	case t.Name == "":
		v.add(at.at("name"), "a target that calls home has no name; add name:")
	case len(t.HostKeyFingerprints) == 0:
		v.add(at.at(), "target %s calls home and is known by its host key alone; add host_key_fingerprints: (the page of the exporter lists the keys of unknown "+
			"callers, and netconf_exporter hostkey --call-home=:4334 waits for one)", t.quoteName())
	case t.Over() != TransportSSH:
		v.add(at.at("call_home"), "target %s calls home over transport %s; only SSH can be called over", t.quoteName(), t.Over())
	case v.config.CallHome.SSHListenAddress == "":
		v.add(at.at("call_home"), "target %s calls home and nothing listens; add call_home: {ssh_listen_address: \":4334\"}", t.quoteName())
	}
	own := t.Settings.differing(v.config.Defaults.Settings)
	for _, through := range setKeys([]option{{"proxy_jump", own.ProxyJump != nil && *own.ProxyJump != ""}, {"proxy_url", own.ProxyURL != nil && *own.ProxyURL != ""}}) {
		v.add(at.at(through), "target %s calls home and has %s besides, through which nobody calls; take out one of them", t.quoteName(), through)
	}
	if v.callers == nil {
		v.callers = map[string]*Target{}
		for _, other := range v.config.Targets {
			for _, key := range other.callerKeys() {
				if v.callers[key] == nil {
					v.callers[key] = other
				}
			}
		}
	}
	for i, key := range t.callerKeys() {
		if first := v.callers[key]; first != nil && first != t {
			v.add(at.at("host_key_fingerprints", i), "host key %s is that of target %s too, and a call could be meant for both; take out one of them", key, first.quoteName())
		}
	}
}

// callerKeys are the fingerprints by which a target that calls home is known.
func (t *Target) callerKeys() []string {
	if !t.CallHome {
		return nil
	}
	return t.HostKeyFingerprints
}
