package session

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// errCertificateSeen ends a handshake once the device's certificates are known. Nothing of ours has been sent then.
var errCertificateSeen = errors.New("the certificates are known now")

// ScanCertificates returns the certificates that a TLS server shows, its own first, trusted or not. The proxy and the jump hosts on the way are logged
// in to. Errors are *Error.
func ScanCertificates(ctx context.Context, target *config.Target, via []config.NamedJumpHost) ([]*x509.Certificate, error) {
	dialer := NewDialer(1)
	defer dialer.Close()
	d := &dial{
		Options: Options{
			Target: target, Auth: &config.Auth{TLSConfig: &config.TLSConfig{}}, Dialer: dialer, Via: via,
			Timeouts: Timeouts{}.withDefaults(), Logger: slog.New(slog.DiscardHandler),
		},
		hostPort: target.HostPort(), timeouts: Timeouts{}.withDefaults(), accounts: &dialer.accounts,
	}
	release, err := d.enter(ctx)
	if err == nil {
		defer release()
		var shown []*x509.Certificate
		if shown, err = d.scanCertificates(ctx, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}); err == nil {
			return shown, nil
		}
	}
	return nil, &Error{Reason: reasonOf(err), Target: d.hostPort, Err: err}
}

// scanCertificates returns the certificates that a device shows. The error is nil if they are trusted by the settings.
func (d *dial) scanCertificates(ctx context.Context, settings *tls.Config) (shown []*x509.Certificate, err error) {
	conn, err := d.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	clock := startClock(ctx, d.timeouts.Login)
	defer clock.stop()
	defer context.AfterFunc(clock.ctx, func() { conn.Close() })()
	if settings.ServerName == "" {
		settings.ServerName = serverName(d.hostPort)
	}
	settings.VerifyConnection = func(state tls.ConnectionState) error {
		shown = state.PeerCertificates
		return errCertificateSeen
	}
	err = guard(func() error { return tls.Client(conn, settings).HandshakeContext(clock.ctx) })
	if errors.Is(err, errCertificateSeen) {
		return shown, nil
	}
	return unverified(err), d.tlsError(clock.ctx, conn, &tlsLogin{d: d}, err)
}

// showCertificate is ShowHostKey for a device that is known by its certificate. Whether it is trusted depends on the auth alone: nobody is asked.
func (d *dial) showCertificate(ctx context.Context) (*ShownKey, error) {
	settings, err := d.Dialer.keyring().TLS(d.Auth)
	if err != nil {
		return nil, credentialsError(d.Target.Auth, err)
	}
	shown, err := d.scanCertificates(ctx, settings)
	if len(shown) == 0 {
		return nil, err
	}
	digest := sha256.Sum256(shown[0].Raw)
	return &ShownKey{
		Type: "certificate " + cut(shown[0].Subject.String()), Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(digest[:]), Err: err,
	}, nil
}
