package netconftest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"

	"golang.org/x/crypto/chacha20poly1305"
)

// RefuseBy makes a device over TLS end each connection by an alert of its choice, once it has seen our certificate: in the handshake of TLS 1.2,
// after that of 1.3. Servers do so that take the certificate itself and refuse what it stands for.
func (l *TLSLab) RefuseBy(version uint16, alert byte) func(*Device) {
	return func(d *Device) {
		base := d.TLS
		d.TCP = func(tcp net.Conn) {
			var secrets bytes.Buffer
			config := base.Clone()
			config.ClientAuth, config.MinVersion, config.MaxVersion = tls.RequireAnyClientCert, version, version
			config.SessionTicketsDisabled, config.KeyLogWriter = true, &secrets
			config.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error {
				d.Refused.Add(1)
				if version > tls.VersionTLS12 {
					return nil
				}
				_, _ = tcp.Write([]byte{21, 3, 3, 0, 2, 2, alert})
				return errors.New("refused")
			}
			conn := tls.Server(tcp, config)
			if conn.Handshake() == nil {
				record, err := sealAlert(conn.ConnectionState().CipherSuite, secrets.String(), alert)
				if err != nil {
					l.t.Error(err)
				}
				_, _ = tcp.Write(record)
			}
			_, _ = io.Copy(io.Discard, tcp) // what is not read would reset the connection, and the alert be lost
		}
	}
}

// sealAlert is the first record that a server of TLS 1.3 sends after its handshake: a fatal alert (RFC 8446, sections 5.2 and 7.3).
func sealAlert(suite uint16, secrets string, alert byte) ([]byte, error) {
	found := regexp.MustCompile(`SERVER_TRAFFIC_SECRET_0 \w+ (\w+)`).FindStringSubmatch(secrets)
	if found == nil {
		return nil, errors.New("no secret of the server is in the log of keys")
	}
	secret, err := hex.DecodeString(found[1])
	if err != nil {
		return nil, err
	}
	size, sealer := 16, func(key []byte) (cipher.AEAD, error) {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	}
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
	case tls.TLS_CHACHA20_POLY1305_SHA256:
		size, sealer = 32, chacha20poly1305.New
	default:
		return nil, fmt.Errorf("%s is not known here", tls.CipherSuiteName(suite))
	}
	expand := func(label string, n int) []byte {
		info := fmt.Sprintf("\x00%c%ctls13 %s\x00", n, 6+len(label), label)
		out, e := hkdf.Expand(sha256.New, secret, info, n)
		err = errors.Join(err, e)
		return out
	}
	key, nonce := expand("key", size), expand("iv", 12)
	if err != nil {
		return nil, err
	}
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	content := []byte{2, alert, 21}
	header := []byte{23, 3, 3, 0, byte(len(content) + aead.Overhead())}
	return aead.Seal(header, nonce, content, header), nil
}
