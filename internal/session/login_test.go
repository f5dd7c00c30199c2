package session_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// writeKey writes a private key file, encrypted if there is a passphrase, and returns its path and public key.
func writeKey(t *testing.T, passphrase string) (file string, public ssh.PublicKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(key, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, string(pem.EncodeToMemory(block))), signer.PublicKey()
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestLogin has devices ask for secrets in several ways, and counts the secrets that are sent.
func TestLogin(t *testing.T) {
	keyFile, key := writeKey(t, "")
	lockedFile, locked := writeKey(t, "open this")
	passphrase := writeFile(t, "open this\n")
	isKey := func(d *netconftest.Device, want ssh.PublicKey, then error) func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return func(_ ssh.ConnMetadata, given ssh.PublicKey) (*ssh.Permissions, error) {
			if string(given.Marshal()) == string(want.Marshal()) {
				return nil, then
			}
			return nil, netconftest.ErrWrong
		}
	}
	interactive := func(d *netconftest.Device, rounds ...[]string) func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		return func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			for _, prompts := range rounds {
				echos := make([]bool, len(prompts))
				for i := range prompts {
					echos[i] = strings.HasPrefix(prompts[i], "User")
				}
				answers, err := ask("", "", prompts, echos)
				if err != nil {
					return nil, err
				}
				for i, answer := range answers {
					want := netconftest.Password
					if echos[i] {
						want = netconftest.User
					} else {
						d.Offered.Add(1)
					}
					if answer != want {
						return nil, netconftest.ErrWrong
					}
				}
			}
			return nil, nil
		}
	}
	wrong := func(o *session.Options) { o.Auth.Password = "not it" }
	withKey := func(o *session.Options) { o.Auth.PrivateKeyFile = keyFile }
	tests := []struct {
		name    string
		device  func(*netconftest.Device)
		auth    func(*session.Options)
		offered int32
		reason  session.Reason
		words   []string
	}{
		{"password", func(*netconftest.Device) {}, nil, 1, "", nil},
		{"wrong password", func(*netconftest.Device) {}, wrong, 1, "auth", []string{`auth "lab"`, `user "monitor"`, "accepts [password]", "tried [password]"}},
		{"wrong password, both methods", func(d *netconftest.Device) {
			d.Config.KeyboardInteractiveCallback = interactive(d, []string{"Password: "})
		},
			wrong, 1, "auth", []string{"tried [password]"}},
		{"keyboard-interactive alone", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = interactive(d, []string{"Password: "})
		}, nil, 1, "", nil},
		{"several prompts", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = interactive(d, nil, []string{"Username: ", "Password: "}, []string{"User: "}, nil)
		}, nil, 1, "", nil},
		{"a second hidden prompt", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = interactive(d, []string{"Password: "}, []string{"Token: "})
		}, nil, 1, "auth", []string{"tried [keyboard-interactive]"}},
		{"two hidden prompts at once", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = interactive(d, []string{"Password: ", "Token: "})
		}, nil, 0, "auth", []string{"tried [keyboard-interactive]"}},
		{"endless prompts for the username", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = interactive(d, slices.Repeat([][]string{{"User: "}}, 10_000)...)
		}, nil, 0, "auth", []string{"tried [keyboard-interactive]"}},
		{"wrong password, asked again and again", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				for i := range 20 {
					if _, err := ask("", "", []string{fmt.Sprintf("Password (attempt %d): ", i+1)}, []bool{false}); err != nil {
						return nil, err
					}
					d.Offered.Add(1)
				}
				return nil, netconftest.ErrWrong
			}
		}, wrong, 1, "auth", []string{"tried [keyboard-interactive]"}},
		{"key", func(d *netconftest.Device) { d.Config.PublicKeyCallback = isKey(d, key, nil) }, withKey, 0, "", nil},
		{"key with a passphrase", func(d *netconftest.Device) { d.Config.PublicKeyCallback = isKey(d, locked, nil) }, func(o *session.Options) {
			o.Auth.Password, o.Auth.PrivateKeyFile, o.Auth.PrivateKeyPassphraseFile = "", lockedFile, passphrase
		}, 0, "", nil},
		{"key refused, password taken", func(d *netconftest.Device) { d.Config.PublicKeyCallback = isKey(d, locked, nil) }, withKey, 1, "", nil},
		{"key and password", func(d *netconftest.Device) {
			needed := &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{PasswordCallback: d.Config.PasswordCallback}}
			d.Config.PasswordCallback = nil
			d.Config.PublicKeyCallback = isKey(d, key, needed)
		}, withKey, 1, "", nil},
		{"key accepted, and a password wanted that the auth lacks", func(d *netconftest.Device) {
			needed := &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{PasswordCallback: d.Config.PasswordCallback}}
			d.Config.PasswordCallback = nil
			d.Config.PublicKeyCallback = isKey(d, key, needed)
		}, func(o *session.Options) { o.Auth.Password, o.Auth.PrivateKeyFile = "", keyFile }, 0, "auth",
			[]string{"the key was accepted, and the device wants a password besides"}},
		{"password and keyboard-interactive", func(d *netconftest.Device) {
			d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				d.Offered.Add(1)
				return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{
					KeyboardInteractiveCallback: interactive(d, []string{"Password: "}), PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, netconftest.ErrWrong }}}
			}
		}, nil, 2, "", nil},
		{"nothing that the device accepts", func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			d.Config.PublicKeyCallback = isKey(d, key, nil)
		}, nil, 0, "auth", []string{"accepts [publickey]", "has [password keyboard-interactive]", "tried []"}},
		{"no login needed", func(d *netconftest.Device) { d.Config.NoClientAuth = true }, nil, 0, "", nil},
		{"login without an answer", func(d *netconftest.Device) {
			d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				d.Offered.Add(1)
				time.Sleep(2 * time.Second)
				return nil, netconftest.ErrWrong
			}
		}, nil, 1, "timeout", []string{"did not answer the login"}},
		{"hung up on after the password", func(d *netconftest.Device) {
			d.Config.MaxAuthTries = 1
			d.Config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				d.Offered.Add(1)
				return nil, netconftest.ErrWrong
			}
		}, wrong, 1, "auth", []string{"password"}},
		{"a password file that is not there", func(*netconftest.Device) {}, func(o *session.Options) { o.Auth.PasswordFile = "/etc/no-such-secret" }, 0, "auth",
			[]string{"/etc/no-such-secret", `auth "lab"`}},
		{"no secret at all", func(*netconftest.Device) {}, func(o *session.Options) { o.Auth.Password = "" }, 0, "auth", []string{"set password"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), test.device)
			client := connect(t, device.Address, func(o *session.Options) {
				o.Timeouts.Login = time.Second
				if test.auth != nil {
					test.auth(o)
				}
			})
			_, err := client.Connect(deadline(t), nil)
			wantReason(t, err, test.reason, test.words...)
			if n := device.Offered.Load(); n != test.offered {
				t.Errorf("%d secrets sent, want %d", n, test.offered)
			}
		})
	}
}

func wantReason(t *testing.T, err error, reason session.Reason, words ...string) {
	t.Helper()
	if reason == "" && err == nil {
		return
	}
	wantError(t, err, reason, words...)
}
