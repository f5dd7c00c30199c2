package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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
	verify := settings.VerifyConnection
	settings.VerifyConnection = func(state tls.ConnectionState) error {
		shown = state.PeerCertificates
		if verify != nil {
			if err := verify(state); err != nil {
				return err
			}
		}
		return errCertificateSeen
	}
	err = guard(func() error { return tls.Client(conn, settings).HandshakeContext(clock.ctx) })
	if errors.Is(err, errCertificateSeen) {
		return shown, nil
	}
	return unverified(err), d.tlsError(clock.ctx, conn, &tlsLogin{d: d}, err)
}

// showCertificate is ShowHostKey for a device that is known by its certificate.
func (d *dial) showCertificate(ctx context.Context) (*ShownKey, error) {
	settings, err := d.Dialer.keyring().TLS(d.Auth)
	if err != nil {
		return nil, credentialsError(d.Target.Auth, err)
	}
	if settings == nil {
		settings = &tls.Config{}
	}
	if d.Target.Over() == config.TransportTLS && !d.Auth.ChecksCertificates() {
		settings.RootCAs = x509.NewCertPool() // not the system's: such an auth trusts no certificate until somebody confirms it
	}
	TrustCertificates(settings, d.Target)
	shown, err := d.scanCertificates(ctx, settings)
	if len(shown) == 0 {
		return nil, err
	}
	key := &ShownKey{
		Type: CertificateType, Fingerprint: config.CertificateFingerprint(shown[0].Raw), About: describe(shown[0]) + ", for " + names(shown[0]), Err: err,
	}
	var untrusted *certificateError
	if errors.As(err, &untrusted) {
		key.Why, key.Unknown = untrusted.why, len(d.Target.CertificateFingerprints) == 0
	}
	return key, nil
}
