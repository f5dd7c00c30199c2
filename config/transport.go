package config

import (
	"strings"
)

// Transport is the protocol by which a target is reached.
type Transport string

// The transports.
const (
	TransportSSH      Transport = "ssh"      // NETCONF over SSH, RFC 6242
	TransportTLS      Transport = "tls"      // NETCONF over TLS with certificates on both sides, RFC 7589
	TransportRESTCONF Transport = "restconf" // RFC 8040
)

// Transports are the names of all transports.
func Transports() []string {
	return []string{string(TransportSSH), string(TransportTLS), string(TransportRESTCONF)}
}

// DefaultPort is the port that is registered for the transport.
func (t Transport) DefaultPort() int {
	switch t {
	case TransportTLS:
		return 6513 // RFC 7589 section 8
	case TransportRESTCONF:
		return 443 // RFC 8040 section 2.1
	}
	return 830 // RFC 6242 section 6
}

// Over is the transport of the settings; the default is SSH.
func (s Settings) Over() Transport {
	if s.Transport == nil {
		return TransportSSH
	}
	return *s.Transport
}

// transport checks the name of a transport.
func (v *validator) transport(t Transport, at Position) {
	switch t {
	case TransportSSH, TransportTLS, TransportRESTCONF:
		return
	}
	v.add(at, "transport %q is not known; write one of %s", string(t), strings.Join(Transports(), ", "))
}

// targetTransport checks that what a target and its auth say is for the target's transport.
func (v *validator) targetTransport(t *Target, at *source) {
	over := t.Over()
	if len(t.HostKeyFingerprints) > 0 && over != TransportSSH {
		v.add(at.at("host_key_fingerprints"), "target %s has host_key_fingerprints, which transport %s has no use for; take them out, and give the auth tls_config with a ca_file, or the target certificate_fingerprints",
			t.quoteName(), over)
	}
	if auth := v.config.Auths[t.Auth]; auth != nil {
		if lacks := auth.lacks(over, len(t.CertificateFingerprints) > 0); lacks != "" {
			v.add(at.at("auth"), "auth %q cannot be used over transport %s: %s, or give target %s another transport or auth", t.Auth, over, lacks, t.quoteName())
		}
	}
}

// lacks says what a valid auth needs for a transport; "" if it has all. One without tls_config is for SSH. The target may know the device's certificate itself.
func (a *Auth) lacks(over Transport, certificateKnown bool) string {
	switch over {
	case TransportSSH:
		if a.TLSConfig != nil && !a.forSSH() {
			return "it does not say how a device's host key is checked; add known_hosts_file, host_key_fingerprints or insecure_ignore_host_key: true to it"
		}
	case TransportTLS:
		switch c := a.TLSConfig; {
		case c == nil || c.CertFile == "":
			return "it has no certificate of ours; add tls_config with cert_file and key_file to it"
		case !certificateKnown && !a.ChecksCertificates():
			return "it does not say how a device's certificate is checked; add ca_file to its tls_config (netconf_exporter hostkey --transport=tls ADDRESS prints " +
				"what goes there), or insecure_skip_verify: true, or certificate_fingerprints to the target"
		}
	case TransportRESTCONF:
		switch {
		case a.TLSConfig == nil:
			return "it does not say how a device's certificate is checked; add tls_config with a ca_file to it, or tls_config: {} for the authorities that the system trusts"
		case a.Username == "" && a.TLSConfig.CertFile == "":
			return "it has nothing to log in with; add username and password_file to it, or cert_file and key_file to its tls_config"
		}
	}
	return ""
}

// ChecksCertificates reports whether the auth says how devices' certificates are checked: by a ca_file, or not at all.
func (a *Auth) ChecksCertificates() bool {
	return a.TLSConfig != nil && (a.TLSConfig.CAFile != "" || a.TLSConfig.InsecureSkipVerify)
}

// For reports whether the auth is complete for a transport to targets that have their own certificate fingerprints.
func (a *Auth) For(over Transport) bool { return a.lacks(over, true) == "" }

// transport is the one of a target that does not say: the preferred one, or the first that the auth is for if it is not for that.
func (a *Auth) transport(preferred Transport) Transport {
	for _, t := range append([]string{string(preferred)}, Transports()...) {
		if a.lacks(Transport(t), false) == "" {
			return Transport(t)
		}
	}
	return preferred
}

// forSSH reports whether the auth says how host keys are checked.
func (a *Auth) forSSH() bool {
	return a.KnownHostsFile != "" || len(a.HostKeyFingerprints) > 0 || a.InsecureIgnoreHostKey
}
