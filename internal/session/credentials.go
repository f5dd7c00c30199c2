package session

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// credentials are the present secrets of an auth. Files and environment are read for each login, so that a changed password
// is used without a reload.
type credentials struct {
	username string // for people, of a certificate
	password string
	signers  []ssh.Signer
	noSHA1   bool              // the key is an RSA key and must not sign with SHA-1
	tls      *tls.Config       // of our certificate and what we trust; nil for SSH
	digest   [sha256.Size]byte // tells whether anything changed, without keeping the secrets
}

// account is the account that the credentials are of.
func (c *credentials) account() account.Secret {
	return account.Secret{User: c.username, Digest: c.digest}
}

// readCredentials reads what an auth logs in with over a transport.
func readCredentials(over config.Transport, auth *config.Auth, keys *config.Keyring) (*credentials, error) {
	if over == config.TransportTLS {
		return readCertificate(auth, keys)
	}
	return readSecrets(auth, keys)
}

// readCertificate reads our certificate.
func readCertificate(auth *config.Auth, keys *config.Keyring) (*credentials, error) {
	settings, err := keys.TLS(auth)
	if err != nil {
		return nil, err
	}
	if settings == nil || len(settings.Certificates) == 0 {
		return nil, errors.New("no certificate of ours; set cert_file and key_file in its tls_config")
	}
	own := settings.Certificates[0]
	return &credentials{username: "certificate " + cut(own.Leaf.Subject.String()), tls: settings, digest: sha256.Sum256(own.Leaf.Raw)}, nil
}

func readSecrets(auth *config.Auth, keys *config.Keyring) (*credentials, error) {
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
