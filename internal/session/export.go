package session

import (
	"context"
	"errors"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// This file exports to internal/restconf what both clients share: the failures, with the same texts and reasons. See also Attempt.

// ErrClosed is the failure of a client that was closed.
var ErrClosed = errClientClosed

// WithDefaults sets the fields that are 0.
func (t Timeouts) WithDefaults() Timeouts { return t.withDefaults() }

// Keys read the secrets of auths.
func (o Options) Keys() *config.Keyring { return o.Dialer.keyring() }

// Failed makes a failure with a reason; the other arguments are those of fmt.Errorf. Named makes it an *Error.
func Failed(reason Reason, format string, args ...any) error { return failed(reason, format, args...) }

// CredentialsFailure is the failure to read an auth's secrets.
func CredentialsFailure(auth string, err error) error { return credentialsError(auth, err) }

// LockFailure is the failure of a caller whose time ended while others used the session.
func LockFailure(err error) error { return lockError(err) }

// RPCFailure is the failure of an rpc, of whose reply a number of bytes have arrived. A failure that has a reason stays as it is.
func RPCFailure(ctx context.Context, began time.Time, bytes int64, err error) error {
	var with *failure
	if errors.As(err, &with) {
		return err
	}
	return rpcError(ctx, began, progress{bytes: bytes}, err)
}

// Guard runs f and makes an error of a panic.
func Guard(f func() error) error { return guard(f) }

// ReasonFor is the reason of a failure before it is named.
func ReasonFor(ctx context.Context, err error) Reason { return reasonOf(caused(ctx, err)) }

// Named makes an *Error of a failure. What a context was cancelled with by MemoryError takes its place.
func Named(ctx context.Context, target string, err error) error {
	var known *Error
	if err = caused(ctx, err); errors.As(err, &known) {
		return err
	}
	reason := reasonOf(err)
	var with *failure
	if errors.As(err, &with) && error(with) == err {
		err = with.err
	}
	return &Error{Reason: reason, Target: target, Err: err}
}
