package session_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestShowHostKey looks at a device that has two keys, and sends it no secret.
func TestShowHostKey(t *testing.T) {
	ed, ec, other := netconftest.NewKey(t, "ed25519"), netconftest.NewKey(t, "ecdsa"), netconftest.NewKey(t, "ed25519")
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.Config.AddHostKey(ed)
		d.Config.AddHostKey(ec)
	})
	fingerprints := func(key ssh.Signer) []string { return []string{ssh.FingerprintSHA256(key.PublicKey())} }
	for _, test := range []struct {
		name             string
		trust            func(*config.Target, *config.Auth)
		trusted, unknown bool
		says             string
	}{
		{"nothing is known", func(*config.Target, *config.Auth) {}, false, true, "unknown"},
		{"a key of another device", func(_ *config.Target, a *config.Auth) { a.HostKeyFingerprints = fingerprints(other) }, false, true, "not one of host_key_fingerprints"},
		{"the auth's", func(_ *config.Target, a *config.Auth) { a.HostKeyFingerprints = fingerprints(ec) }, true, false, ""},
		{"the target's", func(t *config.Target, a *config.Auth) {
			a.HostKeyFingerprints, t.HostKeyFingerprints = fingerprints(other), fingerprints(ec)
		}, true, false, ""},
		{"not the target's", func(t *config.Target, a *config.Auth) {
			a.HostKeyFingerprints, t.HostKeyFingerprints = fingerprints(ed), fingerprints(other)
		}, false, false, "not one of host_key_fingerprints"},
		{"no check", func(_ *config.Target, a *config.Auth) { a.InsecureIgnoreHostKey = true }, true, false, ""},
		{"unknown host", func(_ *config.Target, a *config.Auth) {
			a.KnownHostsFile = writeFile(t, knownhosts.Line([]string{"192.0.2.1:830"}, ed.PublicKey()))
		}, false, true, "is unknown"},
		{"changed", func(_ *config.Target, a *config.Auth) {
			a.KnownHostsFile = writeFile(t, knownhosts.Line([]string{device.Address}, other.PublicKey()))
		}, false, false, "the device was replaced"},
	} {
		target, auth := &config.Target{Name: "router1", Address: device.Address}, &config.Auth{Username: netconftest.User, Password: netconftest.Password}
		test.trust(target, auth)
		shown, err := session.ShowHostKey(deadline(t), session.Options{Target: target, Auth: auth}, nil)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if (shown.Err == nil) != test.trusted || shown.Unknown != test.unknown || !strings.HasPrefix(shown.Fingerprint, "SHA256:") ||
			shown.Err != nil && !strings.Contains(shown.Err.Error(), test.says) {
			t.Errorf("%s: %+v", test.name, shown)
		}
	}
	if n := device.Offered.Load(); n != 0 {
		t.Errorf("%d passwords were sent", n)
	}
}

func TestShowHostKeyObeysAllowedTargets(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	for _, stored := range []bool{false, true} {
		_, err := session.ShowHostKey(deadline(t), session.Options{
			Target: &config.Target{Name: "router1", Address: device.Address, Auth: "lab"}, RequireAllowed: true,
			Auth: &config.Auth{Username: "a", AllowedTargets: []string{"192.0.2.0/24"}, Stored: stored},
		}, nil)
		if !errors.Is(err, session.ErrNotAllowed) || session.ReasonOf(err) != session.ReasonRefused {
			t.Errorf("%v", err)
		}
		if device.Connections() != 0 {
			t.Error("it was connected to")
		}
	}
}
