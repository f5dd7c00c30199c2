package session

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// credentials are the present secrets of an auth. Files and environment are read for each login, so that a changed password
// is used without a reload.
type credentials struct {
	username string
	password string
	signers  []ssh.Signer
	noSHA1   bool              // the key is an RSA key and must not sign with SHA-1
	digest   [sha256.Size]byte // tells whether anything changed, without keeping the secrets
}

// account is the account that the credentials are of.
func (c *credentials) account() account.Secret {
	return account.Secret{User: c.username, Digest: c.digest}
}

func readCredentials(auth *config.Auth, keys *config.Keyring) (*credentials, error) {
	password, err := keys.Password(auth)
	if err != nil {
		return nil, err
	}
	signer, err := keys.Signer(auth)
	if err != nil {
		return nil, err
	}
	found := &credentials{username: auth.Username, password: password}
	var key []byte
	if signer != nil {
		key = signer.PublicKey().Marshal()
		if rsa, ok := signer.(ssh.AlgorithmSigner); ok && signer.PublicKey().Type() == ssh.KeyAlgoRSA && !auth.LegacyAlgorithms {
			// The library would fall back to SHA-1 for servers that do not list signature algorithms (RFC 8308).
			found.noSHA1 = true
			if signer, err = ssh.NewSignerWithAlgorithms(rsa, []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512}); err != nil {
				return nil, err
			}
		}
		found.signers = append(found.signers, signer)
	}
	if password == "" && signer == nil {
		return nil, errors.New("neither password nor private key; set password, password_file, password_env, password_command or private_key_file")
	}
	found.digest = Secret(auth.Username, password, key).Digest
	return found, nil
}

// Secret is the account of a user name, a password and a public key or certificate, of which either may be empty.
func Secret(username, password string, key []byte) account.Secret {
	digest := sha256.New()
	for _, part := range [][]byte{[]byte(username), []byte(password), key} {
		digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		digest.Write(part)
	}
	s := account.Secret{User: username}
	digest.Sum(s.Digest[:0])
	return s
}
