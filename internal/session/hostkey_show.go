package session

import (
	"context"
	"errors"
	"net"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// CertificateType is the type of a ShownKey that is a certificate.
const CertificateType = "certificate"

// ShownKey is the host key, or over TLS the certificate, that a device shows.
type ShownKey struct {
	Type        string // such as ssh-ed25519, or CertificateType
	Fingerprint string // SHA256:...
	About       string // what a certificate says: of whom, by whom, until when, for which names; "" for a host key
	Why         string // why a certificate is not trusted, as the end of a sentence; "" if it is, and for a host key
	// Err is nil if the target or its auth trusts the key, and else says why not.
	Err error
	// Unknown is set if nothing is known of the device's keys: a person may say that this one is right.
	Unknown bool
}

// ShowHostKey connects to a device without logging in, and returns the host key or certificate that it shows: of several, the one that is
// trusted, or else the first. Nothing secret is sent. Errors are *Error.
func ShowHostKey(ctx context.Context, o Options, trace *Trace) (*ShownKey, error) {
	d := &dial{Options: o, hostPort: o.Target.HostPort(), timeouts: o.Timeouts.withDefaults(), trace: trace, credentials: &credentials{}, accounts: o.accounts()}
	named := func(err error) error { return &Error{Reason: reasonOf(err), Target: o.Target.Name, Err: err} }
	release, err := d.enter(ctx)
	if err != nil {
		return nil, named(err)
	}
	defer release()
	if o.Target.Over() != config.TransportSSH {
		shown, err := d.showCertificate(ctx)
		if err != nil {
			return nil, named(err)
		}
		if shown.Err != nil {
			shown.Err = named(shown.Err)
		}
		return shown, nil
	}
	policy, err := d.showPolicy()
	if err != nil {
		return nil, named(err)
	}
	var shown *ShownKey
	check := policy.check
	policy.check = func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := check(address, remote, key)
		var refused *hostKeyError
		errors.As(err, &refused)
		if shown == nil || err == nil {
			shown = &ShownKey{Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Err: err, Unknown: refused != nil && refused.unknown}
		}
		if err == nil {
			return errHostKeyScanned
		}
		return err
	}
	_, client, err := d.loginSSH(ctx, policy)
	if client != nil {
		client.Close() // never: the check lets no handshake succeed
	}
	if shown == nil {
		return nil, named(err)
	}
	if shown.Err != nil {
		shown.Err = &Error{Reason: ReasonHostKey, Target: o.Target.Name, Err: shown.Err}
	}
	return shown, nil
}

// showPolicy is the policy of the target and its auth; where neither says anything of host keys, all are unknown.
func (d *dial) showPolicy() (*hostKeyPolicy, error) {
	a := d.Auth
	if a.InsecureIgnoreHostKey || a.KnownHostsFile != "" || len(a.HostKeyFingerprints) > 0 || len(d.Target.HostKeyFingerprints) > 0 {
		return newHostKeyPolicy(d.Target, a)
	}
	policy := &hostKeyPolicy{algorithms: slices.DeleteFunc(hostKeyAlgorithms(a.LegacyAlgorithms), isCertificate)}
	policy.check = func(address string, _ net.Addr, key ssh.PublicKey) error {
		return mismatch(key, true, "unknown; if the device is the right one, confirm it")
	}
	return policy, nil
}
