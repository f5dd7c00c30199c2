package session

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// errHostKeyScanned ends a handshake once the host key is known.
var errHostKeyScanned = errors.New("the host key is known now")

// ScanHostKeys returns the host keys of an SSH server, one of each type, without logging in to it. The proxy and the jump hosts on the way
// are logged in to. Errors are *Error.
func ScanHostKeys(ctx context.Context, target *config.Target, via []config.NamedJumpHost) ([]ssh.PublicKey, error) {
	dialer := NewDialer(1)
	defer dialer.Close()
	hostPort := target.HostPort()
	d := &dial{
		Options: Options{
			Target: target, Auth: &config.Auth{LegacyAlgorithms: true}, Dialer: dialer, Via: via,
			Timeouts: Timeouts{}.withDefaults(), Logger: slog.New(slog.DiscardHandler),
		},
		hostPort: hostPort, timeouts: Timeouts{}.withDefaults(), credentials: &credentials{}, accounts: &dialer.accounts,
	}
	release, err := d.enter(ctx)
	if err != nil {
		return nil, &Error{Reason: reasonOf(err), Target: hostPort, Err: err}
	}
	defer release()
	algorithms := append(ssh.SupportedAlgorithms().HostKeys, ssh.InsecureAlgorithms().HostKeys...)
	algorithms = slices.DeleteFunc(algorithms, isCertificate)
	var found []ssh.PublicKey
	for len(algorithms) > 0 {
		key, err := d.scanHostKey(ctx, algorithms)
		var none *ssh.AlgorithmNegotiationError
		switch {
		case err == nil:
			found = append(found, key)
			algorithms = without(algorithms, key.Type())
			continue
		case len(found) > 0 && errors.As(err, &none):
			return found, nil // those were all
		}
		return found, &Error{Reason: reasonOf(err), Target: hostPort, Err: err}
	}
	return found, nil
}

// scanHostKey returns the key that the server shows if these algorithms are offered.
func (d *dial) scanHostKey(ctx context.Context, algorithms []string) (key ssh.PublicKey, err error) {
	conn, err := d.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	_, err = d.handshake(ctx, conn, &hostKeyPolicy{algorithms: algorithms, check: func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		key = shown
		return errHostKeyScanned
	}})
	if key != nil {
		return key, nil
	}
	return nil, err
}
