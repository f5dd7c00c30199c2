package session_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestAlgorithms has devices that support only one old algorithm of each kind. They are refused unless legacy algorithms are
// allowed.
func TestAlgorithms(t *testing.T) {
	plain := []string{ssh.CipherAES128CTR} // which needs a MAC
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	keyFile := writeFile(t, string(pem.EncodeToMemory(block)))
	host, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sha1, err := ssh.NewSignerWithAlgorithms(host.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		config func(*netconftest.Device)
		key    bool
		reason session.Reason
		words  []string
	}{
		{"key exchange with SHA-1", func(d *netconftest.Device) { d.Config.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1} }, false,
			"no_netconf", []string{"key exchange", "curve25519-sha256", "diffie-hellman-group14-sha1"}},
		{"key exchange with 1024 bits", func(d *netconftest.Device) { d.Config.KeyExchanges = []string{ssh.InsecureKeyExchangeDH1SHA1} }, false,
			"no_netconf", []string{"diffie-hellman-group1-sha1"}},
		{"AES in CBC", func(d *netconftest.Device) { d.Config.Ciphers = []string{ssh.InsecureCipherAES128CBC} }, false, "no_netconf", []string{"aes128-cbc"}},
		{"3DES in CBC", func(d *netconftest.Device) { d.Config.Ciphers = []string{ssh.InsecureCipherTripleDESCBC} }, false, "no_netconf", []string{"3des-cbc"}},
		{"MAC with SHA-1", func(d *netconftest.Device) { d.Config.Ciphers, d.Config.MACs = plain, []string{ssh.HMACSHA1} }, false, "no_netconf", []string{"hmac-sha1"}},
		{"host key with SHA-1", func(d *netconftest.Device) { d.Config = d.NewConfig(sha1) }, false, "host_key", []string{"ssh-rsa"}},
		{"RSA login with SHA-1", func(d *netconftest.Device) {
			d.Config.PublicKeyAuthAlgorithms = []string{ssh.KeyAlgoRSA}
			d.Config.PasswordCallback = nil
			d.Config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }
		}, true, "auth", []string{"RSA keys with SHA-1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), test.config)
			adjust := func(o *session.Options) {
				if test.key {
					o.Auth.Password, o.Auth.PrivateKeyFile = "", keyFile
				}
			}
			_, err := connect(t, device.Address, adjust).Connect(deadline(t), nil)
			wantError(t, err, test.reason, append(test.words, "legacy_algorithms: true")...)
			legacy := connect(t, device.Address, adjust, func(o *session.Options) { o.Auth.LegacyAlgorithms = true })
			if _, err := legacy.Connect(deadline(t), nil); err != nil {
				t.Errorf("with legacy_algorithms: %v", err)
			}
		})
	}
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.Config.PasswordCallback = nil
		d.Config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }
	})
	modern := connect(t, device.Address, func(o *session.Options) { o.Auth.Password, o.Auth.PrivateKeyFile = "", keyFile })
	if _, err := modern.Connect(deadline(t), nil); err != nil {
		t.Errorf("an RSA key with SHA-2: %v", err)
	}
}
