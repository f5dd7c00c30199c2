package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"
)

// mostKeys bounds what a Keyring keeps: keys change seldom, and a file that changes all the time is no key.
const mostKeys = 256

// Keyring reads private keys anew at each call, but opens each only once: a passphrase costs a tenth of a second of computing
// or more, by design, and a thousand targets may share a key. It is safe for concurrent use; nil keeps nothing.
type Keyring struct {
	mu     sync.Mutex
	opened map[[sha256.Size]byte]opened // by the digest of key and passphrase
}

type opened struct {
	signer ssh.Signer
	wrong  bool // the passphrase
}

// Signer returns the private key, its file and the passphrase's read anew; nil if the auth has none.
func (k *Keyring) Signer(a *Auth) (ssh.Signer, error) {
	if a.PrivateKeyFile == "" {
		return nil, nil
	}
	key, err := os.ReadFile(a.PrivateKeyFile)
	if err != nil {
		return nil, fmt.Errorf("private_key_file %w", fileError(a.PrivateKeyFile, err))
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
	passphrase, err := readSecret(a.PrivateKeyPassphraseFile)
	if err != nil {
		return nil, fmt.Errorf("private_key_passphrase_file %w", err)
	}
	found := k.open(key, []byte(passphrase))
	if found.wrong {
		return nil, fmt.Errorf("private_key_passphrase_file %s does not open private_key_file %s; put the right passphrase in it", a.PrivateKeyPassphraseFile, a.PrivateKeyFile)
	}
	return found.signer, nil
}

// open decrypts a key, or remembers how that went. Others wait meanwhile: they mostly want the same key.
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
		if k.opened == nil || len(k.opened) >= mostKeys {
			k.opened = map[[sha256.Size]byte]opened{}
		}
		found = decrypt()
		k.opened[id] = found
	}
	return found
}
