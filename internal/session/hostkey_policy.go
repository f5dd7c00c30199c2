package session

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// hostKeyPolicy decides whether a device's host key is trusted.
type hostKeyPolicy struct {
	// algorithms are the host key algorithms to offer, in order of preference.
	algorithms []string
	check      ssh.HostKeyCallback
	// byFingerprint is set when the types of the trusted keys are not known.
	byFingerprint bool
}

// hostKeyError is the error for a host key that is not trusted.
type hostKeyError struct {
	keyType string
	unknown bool // no key of the device is known, so that a person may confirm this one
	err     error
}

func (e *hostKeyError) Error() string { return e.err.Error() }
func (e *hostKeyError) Unwrap() error { return e.err }

// newHostKeyPolicy reads what the target or else its auth trusts. The known_hosts file is read once for each dial.
func newHostKeyPolicy(target *config.Target, auth *config.Auth) (*hostKeyPolicy, error) {
	keys := &hostKeyPolicy{algorithms: hostKeyAlgorithms(auth.LegacyAlgorithms)}
	var err error
	switch {
	case len(target.HostKeyFingerprints) > 0:
		keys.trustFingerprints(target.HostKeyFingerprints, false)
	case auth.InsecureIgnoreHostKey:
		keys.check = ssh.InsecureIgnoreHostKey()
	case len(auth.HostKeyFingerprints) > 0:
		keys.trustFingerprints(auth.HostKeyFingerprints, true)
	case auth.KnownHostsFile != "":
		err = keys.trustKnownHosts(auth.KnownHostsFile, target.HostPort())
	default:
		err = errors.New("set known_hosts_file, host_key_fingerprints or insecure_ignore_host_key")
	}
	if err != nil {
		return nil, trustError(err)
	}
	return keys, nil
}

// hostKeyAlgorithms are the algorithms to offer if no key of the device is known.
func hostKeyAlgorithms(legacy bool) []string {
	offer := ssh.SupportedAlgorithms().HostKeys
	if legacy {
		offer = append(offer, ssh.InsecureAlgorithms().HostKeys...)
	}
	return offer
}

// trustFingerprints accepts the keys whose SHA256 fingerprints are listed. If the list is for several devices, other keys count as
// unknown.
func (h *hostKeyPolicy) trustFingerprints(fingerprints []string, ofSeveral bool) {
	h.byFingerprint = true
	h.algorithms = slices.DeleteFunc(h.algorithms, isCertificate) // a fingerprint names a plain key
	h.check = func(address string, _ net.Addr, key ssh.PublicKey) error {
		seen := ssh.FingerprintSHA256(key)
		for _, known := range fingerprints {
			if strings.TrimRight(strings.TrimSpace(known), "=") == seen {
				return nil
			}
		}
		return mismatch(key, ofSeveral, "not one of host_key_fingerprints; if the device is the right one, add the fingerprint")
	}
}

// trustKnownHosts accepts the keys that an OpenSSH known_hosts file has for the address. It offers only algorithms of these keys:
// otherwise a device with several keys might show another one, which would look like a changed key.
func (h *hostKeyPolicy) trustKnownHosts(file, hostPort string) error {
	known, err := knownhosts.New(file)
	if err != nil {
		return fmt.Errorf("known_hosts_file: %w", err)
	}
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return err
	}
	// As OpenSSH does, fall back to the entry of the host without a port, which means port 22.
	names := []string{hostPort, net.JoinHostPort(host, "22")}
	var trusted *knownhosts.KeyError
	var name string
	for len(names) > 0 && (trusted == nil || len(trusted.Want) == 0) {
		name, names = names[0], names[1:]
		h.check = checkKnown(known, name, file)
		errors.As(known(name, &net.TCPAddr{}, noKey{}), &trusted) // the error for a key that no device has lists the known ones
	}
	if trusted == nil || len(trusted.Want) == 0 {
		h.check = checkKnown(known, hostPort, file)
		h.algorithms = slices.DeleteFunc(h.algorithms, isCertificate)
		return nil // the key is refused when it is seen, so that the error can show it
	}
	accepts := func(algorithm string) bool {
		return slices.ContainsFunc(trusted.Want, func(key knownhosts.KnownKey) bool {
			if isAuthority(known, name, key.Key) {
				return isCertificate(algorithm)
			}
			return algorithm == key.Key.Type() || key.Key.Type() == ssh.KeyAlgoRSA &&
				(algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512)
		})
	}
	h.algorithms = slices.DeleteFunc(h.algorithms, func(algorithm string) bool { return !accepts(algorithm) })
	if len(h.algorithms) == 0 {
		return fmt.Errorf("known_hosts_file: %s:%d: the only key of %s is a %s key, which needs legacy_algorithms: true",
			file, trusted.Want[0].Line, hostPort, trusted.Want[0].Key.Type())
	}
	return nil
}

// checkKnown checks keys against the entry of one name.
func checkKnown(known ssh.HostKeyCallback, name, file string) ssh.HostKeyCallback {
	return func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := known(name, remote, key)
		var unknown *knownhosts.KeyError
		var revoked *knownhosts.RevokedError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &revoked):
			return mismatch(key, false, fmt.Sprintf("revoked at %s:%d", file, revoked.Revoked.Line))
		case errors.As(err, &unknown) && len(unknown.Want) == 0:
			return mismatch(key, true, "unknown; if the device is the right one, add its line to "+file)
		case errors.As(err, &unknown):
			return mismatch(key, false, fmt.Sprintf("not the one at %s:%d: the device was replaced, or someone is in between; "+
				"if the device is the right one, replace the line", file, unknown.Want[0].Line))
		}
		return mismatch(key, false, err.Error())
	}
}

func mismatch(key ssh.PublicKey, unknown bool, what string) error {
	return &hostKeyError{keyType: key.Type(), unknown: unknown, err: fmt.Errorf("the %s host key %s is %s", key.Type(), ssh.FingerprintSHA256(key), what)}
}

// without returns the algorithms that use no keys of the given type.
func without(algorithms []string, keyType string) []string {
	return slices.DeleteFunc(slices.Clone(algorithms), func(algorithm string) bool {
		return algorithm == keyType || keyType == ssh.KeyAlgoRSA && strings.HasPrefix(algorithm, "rsa-sha2-") &&
			!isCertificate(algorithm)
	})
}

func isCertificate(algorithm string) bool { return strings.Contains(algorithm, "-cert-v0") }

// isAuthority reports whether a known_hosts file has a key as that of a certificate authority of a host. The library does not
// list these keys, but it asks each of them to verify a certificate.
func isAuthority(known ssh.HostKeyCallback, name string, key ssh.PublicKey) bool {
	return known(name, &net.TCPAddr{}, &ssh.Certificate{
		CertType: ssh.HostCert, ValidBefore: ssh.CertTimeInfinity, Key: noKey{}, SignatureKey: verifiesAll{key},
	}) == nil
}

// verifiesAll is a known key that finds every signature good.
type verifiesAll struct{ ssh.PublicKey }

func (verifiesAll) Verify([]byte, *ssh.Signature) error { return nil }

// noKey is a host key that no device has.
type noKey struct{}

func (noKey) Type() string                        { return ssh.KeyAlgoED25519 }
func (noKey) Marshal() []byte                     { return ssh.Marshal(struct{ Type, Key string }{ssh.KeyAlgoED25519, ""}) }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }
