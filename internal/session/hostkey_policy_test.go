package session_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestHostKey checks host keys in the three ways, with a device that has two keys and a certificate.
func TestHostKey(t *testing.T) {
	ed, ec, other := netconftest.NewKey(t, "ed25519"), netconftest.NewKey(t, "ecdsa"), netconftest.NewKey(t, "ed25519")
	authority := netconftest.NewKey(t, "ecdsa")
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.Config.AddHostKey(ed) // in place of the first one
		d.Config.AddHostKey(ec)
		d.Config.AddHostKey(certify(t, ed, authority))
	})
	host, _, _ := strings.Cut(device.Address, ":")
	known := func(name string, keys ...ssh.Signer) func(*session.Options) {
		var lines []string
		for _, key := range keys {
			lines = append(lines, knownhosts.Line([]string{name}, key.PublicKey()))
		}
		return func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, "# keys\n"+strings.Join(lines, "\n")+"\n")
		}
	}
	prints := func(keys ...ssh.Signer) func(*session.Options) {
		return func(o *session.Options) {
			for _, key := range keys {
				o.Auth.HostKeyFingerprints = append(o.Auth.HostKeyFingerprints, ssh.FingerprintSHA256(key.PublicKey()))
			}
		}
	}
	seen := func(key ssh.Signer) string { return ssh.FingerprintSHA256(key.PublicKey()) }
	hint := "netconf_exporter hostkey " + device.Address
	tests := []struct {
		name  string
		trust func(*session.Options)
		words []string // of the error; none: it works
	}{
		{"known, ed25519 only", known(device.Address, ed), nil},
		{"known, ecdsa only", known(device.Address, ec), nil},
		{"known, both", known(device.Address, ed, ec), nil},
		{"known without a port", known(host, ed), nil},
		{"known, hashed", func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, knownhosts.HashHostname(knownhosts.Normalize(device.Address))+" "+
				string(ssh.MarshalAuthorizedKey(ed.PublicKey())))
		}, nil},
		{"unknown", known("192.0.2.1:830", ed), []string{"is unknown", "SHA256:", hint}},
		{"empty file", known("192.0.2.1:830"), []string{"is unknown", "SHA256:", hint}},
		{"changed", known(device.Address, other), []string{seen(ed), "not the one at", ":2", "replaced", hint}},
		{"revoked", func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, "@revoked * "+string(ssh.MarshalAuthorizedKey(ed.PublicKey()))+
				knownhosts.Line([]string{device.Address}, ed.PublicKey()))
		}, []string{seen(ed), "revoked at"}},
		{"certificate of a known authority", func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, "# authorities\n @cert-authority * "+string(ssh.MarshalAuthorizedKey(authority.PublicKey())))
		}, nil},
		{"certificate of an unknown authority", func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, "@cert-authority * "+string(ssh.MarshalAuthorizedKey(other.PublicKey())))
		}, []string{"no authorities", hint}},
		{"no file", func(o *session.Options) { o.Auth.KnownHostsFile = "/nonexistent/known_hosts" }, []string{"/nonexistent/known_hosts"}},
		{"a bad file", func(o *session.Options) { o.Auth.KnownHostsFile = writeFile(t, "what is this\n") }, []string{"known_hosts_file"}},
		{"fingerprint of ed25519", prints(ed), nil},
		{"fingerprint of ecdsa", prints(ec), nil},
		{"fingerprints", prints(other, ec), nil},
		{"another fingerprint", prints(other), []string{"SHA256:", "not one of host_key_fingerprints", hint}},
		{"insecure", func(o *session.Options) { o.Auth.InsecureIgnoreHostKey = true }, nil},
		{"none", func(*session.Options) {}, []string{"set known_hosts_file"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := connect(t, device.Address, func(o *session.Options) {
				o.Auth.InsecureIgnoreHostKey = false
				test.trust(o)
			})
			before := device.Offered.Load()
			_, err := client.Connect(deadline(t), nil)
			if test.words == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, session.ReasonHostKey, test.words...)
			if device.Offered.Load() != before {
				t.Error("the password was sent all the same")
			}
		})
	}
}

// certify makes a host certificate for any name.
func certify(t *testing.T, key, authority ssh.Signer) ssh.Signer {
	t.Helper()
	certificate := &ssh.Certificate{CertType: ssh.HostCert, ValidBefore: ssh.CertTimeInfinity, Key: key.PublicKey()}
	if err := certificate.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// TestKnownHostsIsReplacedMeanwhile has a writer replace the file between a long and a short one, both of which trust the device,
// while clients connect.
func TestKnownHostsIsReplacedMeanwhile(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	line := knownhosts.Line([]string{device.Address}, device.Key) + "\n"
	file := writeFile(t, line)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			text := strings.Repeat("# a comment\n", 1000*(i%2)) + line
			if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
				t.Error(err)
			}
			if err := os.Rename(file+".new", file); err != nil {
				t.Error(err)
			}
		}
	}()
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 50 {
				client := session.NewClient(session.Options{
					Target: &config.Target{Name: "router1", Address: device.Address, Auth: "lab"},
					Auth:   &config.Auth{Username: netconftest.User, Password: netconftest.Password, KnownHostsFile: file},
				})
				if _, err := client.Connect(deadline(t), nil); err != nil {
					t.Error(err)
				}
				client.Close(context.Background())
			}
		})
	}
	clients.Wait()
	close(stop)
	<-stopped
}
