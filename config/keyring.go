package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxKeys bounds the keys that a Keyring keeps. Keys change seldom.
const maxKeys = 256

// Keyring reads private keys at each call, but decrypts each only once: that takes a tenth of a second or more, by design, and many
// targets may use the same key. It is safe for concurrent use. A nil Keyring keeps nothing.
type Keyring struct {
	mu     sync.Mutex
	files  *Files                       // nil until they are needed
	opened map[[sha256.Size]byte]opened // by the digest of key and passphrase
}

type opened struct {
	signer ssh.Signer
	wrong  bool // the passphrase
}

// reader returns what files are read with.
func (k *Keyring) reader() *Files {
	if k == nil {
		return new(Files)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.files == nil {
		k.files = new(Files)
	}
	return k.files
}

// Password is Auth.PasswordValue for many auths that may have the same file: a file that hangs costs one goroutine.
func (k *Keyring) Password(a *Auth) (string, error) { return a.password(k.reader()) }

// CheckKnownHosts reports whether the auth's known_hosts_file, if it has one, can be read.
func (k *Keyring) CheckKnownHosts(a *Auth) error {
	if a.KnownHostsFile == "" {
		return nil
	}
	if _, err := k.reader().read(a.KnownHostsFile); err != nil {
		return fmt.Errorf("known_hosts_file %w", fileError(a.KnownHostsFile, err))
	}
	return nil
}

// Signer reads the private key and its passphrase from their files; it returns nil if the auth has none.
func (k *Keyring) Signer(a *Auth) (ssh.Signer, error) {
	if a.PrivateKeyFile == "" {
		return nil, nil
	}
	key, err := k.reader().read(a.PrivateKeyFile)
	if err != nil {
		return nil, a.secretFileError("private_key_file", a.PrivateKeyFile, err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	var encrypted *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case !errors.As(err, &encrypted):
		return nil, fmt.Errorf("private_key_file %s does not hold a private key that can be read; use an unbroken key as ssh-keygen writes it, and not its .pub file", a.PrivateKeyFile)
	case a.PrivateKeyPassphraseFile == "":
		return nil, fmt.Errorf("private_key_file %s is protected by a passphrase; put that in a file and name it with private_key_passphrase_file", a.PrivateKeyFile)
	}
	passphrase, err := a.readSecret(k.reader(), "private_key_passphrase_file", a.PrivateKeyPassphraseFile)
	if err != nil {
		return nil, err
	}
	found := k.open(key, []byte(passphrase))
	if found.wrong {
		return nil, fmt.Errorf("private_key_passphrase_file %s does not open private_key_file %s; put the right passphrase in it", a.PrivateKeyPassphraseFile, a.PrivateKeyFile)
	}
	return found.signer, nil
}

// open decrypts a key, or returns the result of the last time. Other callers wait: most of them want the same key.
func (k *Keyring) open(key, passphrase []byte) opened {
	decrypt := func() opened {
		signer, err := ssh.ParsePrivateKeyWithPassphrase(key, passphrase)
		return opened{signer, err != nil}
	}
	if k == nil {
		return decrypt()
	}
	digest := sha256.New()
	for _, part := range [][]byte{key, passphrase} {
		_, _ = fmt.Fprintf(digest, "%d ", len(part))
		_, _ = digest.Write(part)
	}
	id := [sha256.Size]byte(digest.Sum(nil))
	k.mu.Lock()
	defer k.mu.Unlock()
	found, known := k.opened[id]
	if !known {
		if k.opened == nil || len(k.opened) >= maxKeys {
			k.opened = map[[sha256.Size]byte]opened{}
		}
		found = decrypt()
		k.opened[id] = found
	}
	return found
}
