package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// handshakeTLS is handshake for a call over TLS. It calls found with the certificates when the device asks for ours: by then it has proved
// that it has the private key.
func (c *call) handshakeTLS(found func([]*x509.Certificate) error) (taken bool) {
	var rest *tls.Config
	var state tls.ConnectionState
	c.tls = tls.Client(c.conn, &tls.Config{
		InsecureSkipVerify: true, // by found, with what each target trusts
		MinVersion:         tls.VersionTLS12,
		Renegotiation:      tls.RenegotiateNever,
		VerifyConnection:   func(s tls.ConnectionState) error { state = s; return nil },
		GetClientCertificate: func(wanted *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if err := guard(func() error { return found(state.PeerCertificates) }); err != nil {
				return nil, err
			}
			select {
			case rest = <-c.takenTLS:
			case <-c.ended:
				return nil, c.cause
			case <-time.After(takeWait):
				return nil, errNotTaken
			}
			if state.Version < rest.MinVersion || rest.MaxVersion != 0 && state.Version > rest.MaxVersion {
				return nil, fmt.Errorf("the device speaks %s, which min_version and max_version of the auth do not allow", tls.VersionName(state.Version))
			}
			return rest.GetClientCertificate(wanted)
		},
	})
	c.err = guard(c.tls.Handshake)
	if c.err == nil && rest == nil {
		c.err = errNoCertificateWanted
	}
	close(c.finished)
	return rest != nil
}

// negotiateTLS does the handshake with the device, or the rest of it where the device has called.
func (d *dial) negotiateTLS(ctx context.Context, conn *connection, settings *tls.Config) (*tls.Conn, error) {
	c := d.call
	if c == nil {
		client := tls.Client(conn, settings)
		return client, client.HandshakeContext(ctx)
	}
	select {
	case c.takenTLS <- settings:
		<-c.finished
		return c.tls, c.err
	case <-c.ended:
		return nil, c.cause
	}
}

// callerKeys are the names in a certificate, in the form of config.Target.CallerKeys.
func callerKeys(leaf *x509.Certificate) (keys []string) {
	for _, name := range leaf.DNSNames {
		keys = append(keys, config.CertificateKey(name))
	}
	for _, ip := range leaf.IPAddresses {
		keys = append(keys, config.CertificateKey(ip.String()))
	}
	return keys
}

// knows verifies the certificate of a caller by what the target's auth trusts.
func (c *Client) knows(chain []*x509.Certificate) error {
	trusted, err := c.options.Dialer.keyring().TLS(c.options.Auth)
	if err != nil {
		return credentialsError(c.options.Target.Auth, err)
	}
	between := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: trusted.RootCAs, Intermediates: between, DNSName: c.options.Target.CertificateName(c.options.Auth)})
	return err
}
