package session_test

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"crypto/ed25519"
	"crypto/rand"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

var errWrong = errors.New("wrong")

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

// TestLogin lets devices ask for secrets in their ways. The key is the auth's, and the counts are those of secrets sent.
func TestLogin(t *testing.T) {
	keyFile, key := writeKey(t, "")
	lockedFile, locked := writeKey(t, "open this")
	passphrase := writeFile(t, "open this\n")
	isKey := func(d *device, want ssh.PublicKey, then error) func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return func(_ ssh.ConnMetadata, given ssh.PublicKey) (*ssh.Permissions, error) {
			if string(given.Marshal()) == string(want.Marshal()) {
				return nil, then
			}
			return nil, errWrong
		}
	}
	interactive := func(d *device, rounds ...[]string) func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
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
					want := password
					if echos[i] {
						want = user
					} else {
						d.offered.Add(1)
					}
					if answer != want {
						return nil, errWrong
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
		device  func(*device)
		auth    func(*session.Options)
		offered int32
		reason  session.Reason
		words   []string
	}{
		{"password", func(*device) {}, nil, 1, "", nil},
		{"wrong password", func(*device) {}, wrong, 1, "auth", []string{`auth "lab"`, `user "monitor"`, "accepts [password]", "tried [password]"}},
		{"wrong password, both methods", func(d *device) { d.config.KeyboardInteractiveCallback = interactive(d, []string{"Password: "}) },
			wrong, 1, "auth", []string{"tried [password]"}},
		{"keyboard-interactive alone", func(d *device) {
			d.config.PasswordCallback = nil
			d.config.KeyboardInteractiveCallback = interactive(d, []string{"Password: "})
		}, nil, 1, "", nil},
		{"several prompts", func(d *device) {
			d.config.PasswordCallback = nil
			d.config.KeyboardInteractiveCallback = interactive(d, nil, []string{"Username: ", "Password: "}, []string{"Again: "}, nil)
		}, nil, 2, "", nil},
		{"wrong password, asked again and again", func(d *device) {
			d.config.PasswordCallback = nil
			d.config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				for range 3 {
					if _, err := ask("", "", []string{"Password: "}, []bool{false}); err != nil {
						return nil, err
					}
					d.offered.Add(1)
				}
				return nil, errWrong
			}
		}, wrong, 1, "auth", []string{"tried [keyboard-interactive]"}},
		{"key", func(d *device) { d.config.PublicKeyCallback = isKey(d, key, nil) }, withKey, 0, "", nil},
		{"key with a passphrase", func(d *device) { d.config.PublicKeyCallback = isKey(d, locked, nil) }, func(o *session.Options) {
			o.Auth.Password, o.Auth.PrivateKeyFile, o.Auth.PrivateKeyPassphraseFile = "", lockedFile, passphrase
		}, 0, "", nil},
		{"key refused, password taken", func(d *device) { d.config.PublicKeyCallback = isKey(d, locked, nil) }, withKey, 1, "", nil},
		{"key and password", func(d *device) {
			needed := &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{PasswordCallback: d.config.PasswordCallback}}
			d.config.PasswordCallback = nil
			d.config.PublicKeyCallback = isKey(d, key, needed)
		}, withKey, 1, "", nil},
		{"password and keyboard-interactive", func(d *device) {
			d.config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				d.offered.Add(1)
				return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{
					KeyboardInteractiveCallback: interactive(d, []string{"Password: "}), PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, errWrong }}}
			}
		}, nil, 2, "", nil},
		{"nothing that the device accepts", func(d *device) {
			d.config.PasswordCallback = nil
			d.config.PublicKeyCallback = isKey(d, key, nil)
		}, nil, 0, "auth", []string{"accepts [publickey]", "has [password keyboard-interactive]", "tried []"}},
		{"no login needed", func(d *device) { d.config.NoClientAuth = true }, nil, 0, "", nil},
		{"login without an answer", func(d *device) {
			d.config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				d.offered.Add(1)
				time.Sleep(2 * time.Second)
				return nil, errWrong
			}
		}, nil, 1, "timeout", []string{"did not answer the login"}},
		{"hung up on after the password", func(d *device) {
			d.config.MaxAuthTries = 1
			d.config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
				d.offered.Add(1)
				return nil, errWrong
			}
		}, wrong, 1, "auth", []string{"password"}},
		{"a password file that is not there", func(*device) {}, func(o *session.Options) { o.Auth.PasswordFile = "/nonexistent/secret" }, 0, "auth",
			[]string{"/nonexistent/secret", `auth "lab"`}},
		{"no secret at all", func(*device) {}, func(o *session.Options) { o.Auth.Password = "" }, 0, "auth", []string{"set password"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			device := startDevice(t, serveOK(hello11), test.device)
			client := connect(t, device.address, func(o *session.Options) {
				o.Timeouts.Login = time.Second
				if test.auth != nil {
					test.auth(o)
				}
			})
			_, err := client.Connect(deadline(t), nil)
			wantReason(t, err, test.reason, test.words...)
			if n := device.offered.Load(); n != test.offered {
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

// TestHostKey checks host keys in the three ways, on a device that has two.
func TestHostKey(t *testing.T) {
	ed, ec, other := newKey(t, "ed25519"), newKey(t, "ecdsa"), newKey(t, "ed25519")
	device := startDevice(t, serveOK(hello11), func(d *device) {
		d.config.AddHostKey(ed) // in place of the first one
		d.config.AddHostKey(ec)
	})
	host, _, _ := strings.Cut(device.address, ":")
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
	hint := "netconf_exporter hostkey " + device.address
	tests := []struct {
		name  string
		trust func(*session.Options)
		words []string // of the error; none: it works
	}{
		{"known, ed25519 only", known(device.address, ed), nil},
		{"known, ecdsa only", known(device.address, ec), nil},
		{"known, both", known(device.address, ed, ec), nil},
		{"known without a port", known(host, ed), nil},
		{"known, hashed", func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, knownhosts.HashHostname(knownhosts.Normalize(device.address))+" "+
				string(ssh.MarshalAuthorizedKey(ed.PublicKey())))
		}, nil},
		{"unknown", known("192.0.2.1:830", ed), []string{"is unknown", "SHA256:", hint}},
		{"empty file", known("192.0.2.1:830"), []string{"is unknown", "SHA256:", hint}},
		{"changed", known(device.address, other), []string{seen(ed), "not the one at", ":2", "replaced", hint}},
		{"revoked", func(o *session.Options) {
			o.Auth.KnownHostsFile = writeFile(t, "@revoked * "+string(ssh.MarshalAuthorizedKey(ed.PublicKey()))+
				knownhosts.Line([]string{device.address}, ed.PublicKey()))
		}, []string{seen(ed), "revoked at"}},
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
			client := connect(t, device.address, func(o *session.Options) {
				o.Auth.InsecureIgnoreHostKey = false
				test.trust(o)
			})
			before := device.offered.Load()
			_, err := client.Connect(deadline(t), nil)
			if test.words == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, session.ReasonHostKey, test.words...)
			if device.offered.Load() != before {
				t.Error("the password was sent all the same")
			}
		})
	}
}

// TestBackoff checks that a refused login is not tried again at once, unless the secret has changed.
func TestBackoff(t *testing.T) {
	secret := writeFile(t, "wrong\n")
	device := startDevice(t, serveOK(hello11))
	client := connect(t, device.address, func(o *session.Options) { o.Auth.Password, o.Auth.PasswordFile = "", secret })
	began := time.Now()
	_, err := client.Connect(deadline(t), nil)
	wantError(t, err, session.ReasonAuth)
	retry := client.Stats().LoginRetry
	if wait := retry.Sub(began); wait < 5*time.Minute || wait > 7*time.Minute {
		t.Errorf("retry after %v, want 5 to 6 min", wait)
	}
	for range 3 {
		trace := session.NewTrace()
		_, err = client.Connect(deadline(t), trace)
		wantError(t, err, session.ReasonBackoff, "not tried again before "+retry.UTC().Format(time.RFC3339), "login refused", "password")
		if events := trace.Events(); len(events) != 1 || events[0].Phase != "auth" {
			t.Errorf("trace %+v", events)
		}
	}
	if n := device.offered.Load(); n != 1 {
		t.Errorf("%d passwords sent, want 1", n)
	}
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	if stats := client.Stats(); !stats.LoginRetry.IsZero() || stats.Dials["auth"] != 1 || stats.Dials["ok"] != 1 || stats.Dials["backoff"] != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// TestBackoffGrows checks that the wait doubles up to its limit, and that the login is tried again after it.
func TestBackoffGrows(t *testing.T) {
	device := startDevice(t, serveOK(hello11))
	client := connect(t, device.address, func(o *session.Options) {
		o.Auth.Password = "wrong"
		o.Timeouts.LoginRetryFirst, o.Timeouts.LoginRetryMost = time.Millisecond, 4*time.Millisecond
	})
	for i := range 5 {
		_, err := client.Connect(deadline(t), nil)
		wantError(t, err, session.ReasonAuth)
		if n := device.offered.Load(); n != int32(i+1) {
			t.Fatalf("%d passwords sent, want %d", n, i+1)
		}
		time.Sleep(time.Until(client.Stats().LoginRetry))
	}
}
