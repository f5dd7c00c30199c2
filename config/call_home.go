package config

import (
	"net"
	"strconv"
	"strings"
)

// CallHome says where devices may open the connection (RFC 8071).
type CallHome struct {
	SSHListenAddress string `yaml:"ssh_listen_address,omitempty"` // HOST:PORT or :PORT; "": nowhere
	TLSListenAddress string `yaml:"tls_listen_address,omitempty"` // likewise
}

// Address is where devices call over a transport; "": nowhere.
func (c CallHome) Address(over Transport) string {
	if over == TransportTLS {
		return c.TLSListenAddress
	}
	return c.SSHListenAddress
}

// callHome checks where devices may call.
func (v *validator) callHome(c CallHome, at *source) {
	v.listenAddress("ssh_listen_address", c.SSHListenAddress, at)
	v.listenAddress("tls_listen_address", c.TLSListenAddress, at)
	if c.SSHListenAddress != "" && c.SSHListenAddress == c.TLSListenAddress {
		v.add(at.at("tls_listen_address"), "call_home: ssh_listen_address and tls_listen_address are the same; give them two ports, such as :4334 and :4335")
	}
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

// caller checks a target that calls home. It is known by its own host key or certificate, so no two may have the same one.
func (v *validator) caller(t *Target, at *source) {
	switch {
	case t.Address != "":
		v.add(at.at("address"), "target %s calls home and has an address besides; take out one of them", t.quoteName())
	case t.Name == "":
		v.add(at.at("name"), "a target that calls home has no name; add name:")
	case t.Over() == TransportTLS:
		v.callerTLS(t, at)
	case t.Over() != TransportSSH:
		v.add(at.at("call_home"), "target %s calls home over transport %s; write transport: ssh or tls", t.quoteName(), t.Over())
	case len(t.HostKeyFingerprints) == 0:
		v.add(at.at(), "target %s calls home and is known by its host key alone; add host_key_fingerprints: (the page of the exporter lists the keys of unknown "+
			"callers, and netconf_exporter hostkey --call-home=:4334 waits for one)", t.quoteName())
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
			for _, key := range other.CallerKeys(v.config.Auths[other.Auth]) {
				if v.callers[key] == nil {
					v.callers[key] = other
				}
			}
		}
	}
	for _, key := range t.CallerKeys(v.config.Auths[t.Auth]) {
		if first := v.callers[key]; first != nil && first != t {
			v.add(at.at(), "%s is that of target %s too, and a call could be meant for both; take out one of them", key, first.quoteName())
		}
	}
}

// callerTLS checks a target that calls home over TLS.
func (v *validator) callerTLS(t *Target, at *source) {
	auth, known := v.config.Auths[t.Auth], len(t.CertificateFingerprints) > 0
	switch {
	case auth == nil || auth.TLSConfig == nil: // which is reported
	case !known && auth.TLSConfig.InsecureSkipVerify:
		v.add(at.at("auth"), "target %s calls home and is known by its certificate alone, which auth %q does not check; give the auth a ca_file, or the target certificate_fingerprints", t.quoteName(), t.Auth)
	case !known && !isHost(t.CertificateName(auth)) && net.ParseIP(t.CertificateName(auth)) == nil:
		v.add(at.at("name"), "target %s calls home and its name is not one that a certificate can have; name it as its certificate does, or give it certificate_fingerprints, "+
			"or its auth a server_name", t.quoteName())
	case v.config.CallHome.TLSListenAddress == "":
		v.add(at.at("call_home"), "target %s calls home and nothing listens; add call_home: {tls_listen_address: \":4335\"}", t.quoteName())
	}
}

// CertificateName is the name in the certificate of a target that calls home over TLS: server_name of its auth, or else its own.
func (t *Target) CertificateName(auth *Auth) string {
	if auth.TLSConfig != nil && auth.TLSConfig.ServerName != "" {
		return auth.TLSConfig.ServerName
	}
	return t.Name
}

// CertificateKey is the key, among Target.CallerKeys, of a name in a certificate.
func CertificateKey(name string) string { return "certificate name " + strings.ToLower(name) }

// CallerKeys are what a target that calls home is known by: the fingerprints of its host keys or certificates, or the name in its certificate.
func (t *Target) CallerKeys(auth *Auth) (keys []string) {
	switch {
	case !t.CallHome:
		return nil
	case t.Over() == TransportTLS && len(t.CertificateFingerprints) > 0:
		for _, text := range t.CertificateFingerprints {
			if fingerprint, ok := certificateFingerprint(text); ok {
				keys = append(keys, fingerprint)
			}
		}
		return keys
	case t.Over() == TransportTLS && auth != nil:
		return []string{CertificateKey(t.CertificateName(auth))}
	}
	return t.HostKeyFingerprints
}
