package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Keyring reads private keys and certificates at each call, but parses the same content only once: decrypting a key takes a tenth of a
// second or more, by design, a bundle of authorities takes milliseconds and memory, and many targets may use the same files. It is safe
// for concurrent use. A nil Keyring keeps nothing.
type Keyring struct {
	mu    sync.Mutex
	files *Files // nil until they are needed

	signers      parsed[ssh.Signer] // of keys with a passphrase
	authorities  parsed[*x509.CertPool]
	certificates parsed[*tls.Certificate]
}

// reader returns the Files that read the files.
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

// Password returns the auth's password: its own, its file's content, the variable's value, or what the command prints; "" if the auth has
// none. Files are read at each call, so that the next login uses a new password. A file that hangs costs one goroutine for all auths.
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
	if k == nil {
		k = new(Keyring)
	}
	signer, err = k.signers.of(func() (ssh.Signer, error) { return ssh.ParsePrivateKeyWithPassphrase(key, []byte(passphrase)) }, key, []byte(passphrase))
	if err != nil {
		return nil, fmt.Errorf("private_key_passphrase_file %s does not open private_key_file %s; put the right passphrase in it", a.PrivateKeyPassphraseFile, a.PrivateKeyFile)
	}
	return signer, nil
}
