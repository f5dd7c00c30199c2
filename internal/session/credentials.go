package session

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// credentials are an auth's secrets as they are now; files and environment are read for each login, so that a changed
// password is used without a reload.
type credentials struct {
	username string
	password string
	signers  []ssh.Signer
	digest   [sha256.Size]byte // tells whether anything changed, without keeping the secrets
}

func readCredentials(auth *config.Auth, keys *config.Keyring) (*credentials, error) {
	password, err := auth.PasswordValue()
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
		found.signers = append(found.signers, signer)
		key = signer.PublicKey().Marshal()
	}
	if password == "" && signer == nil {
		return nil, errors.New("neither password nor private key; set password, password_file, password_env or private_key_file")
	}
	digest := sha256.New()
	for _, part := range [][]byte{[]byte(auth.Username), []byte(password), key} {
		digest.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		digest.Write(part)
	}
	digest.Sum(found.digest[:0])
	return found, nil
}
