package session

import (
	"context"
	"crypto/x509"
	"time"
)

// CertificateExpiry tells when the first of the certificates expires that each side shows. It is zero where there is none.
type CertificateExpiry struct{ Ours, Device time.Time }

// Expiry is when the first of some certificates expires; zero for none.
func Expiry(certificates []*x509.Certificate) (first time.Time) {
	for _, c := range certificates {
		if first.IsZero() || c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return first
}

// noteDeviceCertificate keeps when the certificates expire that the device sent, if it sent any.
func (d *dial) noteDeviceCertificate(sent []*x509.Certificate) {
	if expiry := Expiry(sent); !expiry.IsZero() {
		d.deviceExpiry = expiry
	}
}

// ourExpiry is when the first of the certificates expires that we send; zero for none.
func (c *credentials) ourExpiry() time.Time {
	if c.tls == nil {
		return time.Time{}
	}
	var sent []*x509.Certificate
	for _, raw := range c.tls.Certificates[0].Certificate {
		if parsed, err := x509.ParseCertificate(raw); err == nil {
			sent = append(sent, parsed)
		}
	}
	return Expiry(sent)
}

// noteOurs keeps when our certificate expires. The caller holds the lock.
func (c *Client) noteOurs(with *credentials) {
	if with.tls == nil {
		return
	}
	c.oursRead = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expiry.Ours = with.ourExpiry()
}

// oursEvery is how often our certificate is looked at while a session lasts. It may have been renewed, and the next login will show the new one.
const oursEvery = 5 * time.Minute

// lookAtOurs notes that our certificate was renewed. The caller holds the lock.
func (c *Client) lookAtOurs() {
	if c.oursRead.IsZero() || time.Since(c.oursRead) < oursEvery {
		return
	}
	c.oursRead = time.Now() // one that cannot be read now is for the next login to tell of
	if with, err := readCertificate(c.options.Auth, c.options.Dialer.keyring()); err == nil {
		c.noteOurs(with)
	}
}

// expiresSoon is when the alert on certificates begins.
const expiresSoon = 14 * 24 * time.Hour

// lookAtTheirs closes a session whose device's certificate expires soon, so that the next one shows whether it was renewed. A session whose
// device's certificate has expired goes on: another one could not be opened. A device that calls is not made to call again. The caller holds
// the lock.
func (c *Client) lookAtTheirs() {
	s := c.session
	if s == nil || c.options.Target.CallHome || time.Since(s.opened) < c.options.Timeouts.CertificateAgain {
		return
	}
	c.mu.Lock()
	left := time.Until(c.expiry.Device)
	c.mu.Unlock()
	if left < 0 || left > expiresSoon { // of a device without a certificate, it was long ago
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, time.Second)
	defer cancel()
	s.close(ctx)
	c.forget(s)
}
