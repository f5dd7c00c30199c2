package restconf

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// credentials are the present secrets of an auth. Files and environment are read for each read of the device, so that a changed password
// is used without a reload.
type credentials struct {
	username, password string
	account            account.Secret
	certificate        *tls.Certificate // nil: none
	tls                *tls.Config
	hidden             *strings.Replacer // takes the secrets out of what a device sends back
}

func (c *Client) readCredentials() (*credentials, error) {
	auth := c.options.Auth
	password, err := c.options.Keys().Password(auth)
	if err != nil {
		return nil, session.CredentialsFailure(c.options.Target.Auth, err)
	}
	settings, err := c.options.Keys().TLS(auth)
	if err != nil {
		return nil, session.CredentialsFailure(c.options.Target.Auth, err)
	}
	if settings == nil {
		settings = &tls.Config{}
	}
	if settings.ServerName == "" {
		host, _, _ := net.SplitHostPort(c.hostPort) // it has been checked
		host, _, _ = strings.Cut(host, "%")         // the zone of an IPv6 address
		settings.ServerName = strings.TrimSuffix(host, ".")
	}
	session.TrustCertificates(settings, c.options.Target)
	settings.NextProtos = []string{"h2", "http/1.1"}
	found := &credentials{username: auth.Username, password: password, tls: settings}
	var certificate []byte
	if len(settings.Certificates) > 0 {
		found.certificate = &settings.Certificates[0]
		certificate = found.certificate.Certificate[0]
		c.noteOurs(found.certificate)
		if found.username == "" {
			found.username = found.certificate.Leaf.Subject.String()
		}
	}
	found.account = session.Secret(found.username, password, certificate)
	if password != "" {
		found.hidden = session.HideLogin(auth.Username, password)
	}
	return found, nil
}

// noteOurs keeps when our certificate expires.
func (c *Client) noteOurs(own *tls.Certificate) {
	var sent []*x509.Certificate
	for _, raw := range own.Certificate {
		if parsed, err := x509.ParseCertificate(raw); err == nil {
			sent = append(sent, parsed)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expiry.Ours = session.Expiry(sent)
}

// hide takes our secrets out of the errors of a device.
func (c *Client) hide(found netconf.RPCErrors) {
	for i := range found {
		e := &found[i]
		e.Message, e.Path, e.AppTag = c.redact(e.Message), c.redact(e.Path), c.redact(e.AppTag)
	}
}

// redact takes our secrets out of a text that the device has a part in: a server may show the request that it does not like.
func (c *Client) redact(text string) string {
	if c.credentials == nil || c.credentials.hidden == nil {
		return text
	}
	return c.credentials.hidden.Replace(text)
}
