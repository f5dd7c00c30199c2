package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// CertificateFingerprint is the fingerprint of a certificate in DER form: SHA256: and its digest as openssl and devices print it.
func CertificateFingerprint(der []byte) string {
	digest := sha256.Sum256(der)
	return showDigest(digest[:])
}

func showDigest(digest []byte) string {
	var octets []string
	for _, octet := range digest {
		octets = append(octets, fmt.Sprintf("%02X", octet))
	}
	return "SHA256:" + strings.Join(octets, ":")
}

// certificateFingerprint is a fingerprint, as people write it, in the form of CertificateFingerprint.
func certificateFingerprint(text string) (fingerprint string, ok bool) {
	digits := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SHA256:")
	digest, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	return showDigest(digest), err == nil && len(digest) == sha256.Size
}

// TrustsCertificate tells whether a certificate in DER form is one of CertificateFingerprints.
func (t *Target) TrustsCertificate(der []byte) bool {
	shown := CertificateFingerprint(der)
	return slices.ContainsFunc(t.CertificateFingerprints, func(text string) bool {
		known, ok := certificateFingerprint(text)
		return ok && known == shown
	})
}

// certificateFingerprints checks those of a target.
func (v *validator) certificateFingerprints(t *Target, at *source) {
	for i, text := range t.CertificateFingerprints {
		if _, ok := certificateFingerprint(text); !ok {
			v.add(at.at("certificate_fingerprints", i), "certificate fingerprint %s is not of the form SHA256: and 64 hexadecimal digits, with colons or without; "+
				"netconf_exporter hostkey --transport=%s %s prints it", quoteCertificateFingerprint(text), t.Over(), plainAddress(t.Address))
		}
	}
	if len(t.CertificateFingerprints) > 0 && t.Over() == TransportSSH {
		v.add(at.at("certificate_fingerprints"), "target %s has certificate_fingerprints, which transport ssh has no use for; take them out, or give it transport: tls or restconf", t.quoteName())
	}
}

// quoteCertificateFingerprint quotes what looks like a digest.
func quoteCertificateFingerprint(text string) string {
	if !regexp.MustCompile(`(?i)^(sha-?(1|256):?)?([0-9a-f]{2}[: ]?)+$|^(SHA256|MD5):`).MatchString(text) {
		return "(not shown, because it may be a secret)"
	}
	return fmt.Sprintf("%q", text)
}
