package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// The failure*.go files alone decide which reason a failure has and which remedy its text names: failure_proxy.go for jump hosts
// and proxies, failure_ssh.go and failure_tls.go for the handshakes, this file for the rest. The other files return plain errors and
// call the functions below.

// failure is an error with its reason. The Client adds the target's name.
type failure struct {
	reason Reason
	err    error
}

func (f *failure) Error() string { return cut(f.err.Error()) }
func (f *failure) Unwrap() error { return f.err }

// failed makes a failure; the arguments are those of fmt.Errorf.
func failed(reason Reason, format string, args ...any) error {
	return &failure{reason: reason, err: fmt.Errorf(format, args...)}
}

// reasonOf returns the reason of a failure, "" for nil. An error without a reason is a fault of the rpc.
func reasonOf(err error) Reason {
	var with *failure
	if errors.As(err, &with) {
		return with.reason
	}
	return ReasonOf(err)
}

var (
	errClientClosed     = errors.New("the session is closed, because the target was removed or changed, or the exporter stops")
	errKeepaliveTimeout = errors.New("the device did not answer a keepalive")
	errNoBanner         = errors.New("the device closed the connection before it sent an SSH banner; it may limit parallel logins " +
		"(MaxStartups) or the addresses it talks to, or not speak SSH at this port")
	errTooManyLogins = errors.New("the server limits parallel logins")
	errLoginRefused  = errors.New("login refused")
	errProxyDown     = errors.New("no connection to it") // by any target
	errProxyLogin    = fmt.Errorf("%w, because it refuses the login", errProxyDown)

	// What reading gives when the device ends the session between two messages and inside one.
	errClosed    = errors.New("the device closed the session")
	errTruncated = errors.New("the device closed the session in the middle of a message")
	errSend      = errors.New("the rpc could not be sent")
)

// MemoryError is the failure of a read that has to end, or may not begin, because of the memory for all devices. A context that is
// cancelled with it makes it the error of the client's methods.
func MemoryError(target string, err error) error {
	return &Error{Reason: ReasonMemory, Target: target, Err: fmt.Errorf("%w; raise --collector.memory-limit if the exporter may take more, "+
		"or ask the device for less", err)}
}

// caused returns the cause of the end of ctx if that is an Error, else err. One that err wraps stays as it is.
func caused(ctx context.Context, err error) error {
	var with *Error
	if err != nil && (errors.As(context.Cause(ctx), &with) || errors.As(err, &with)) {
		return with
	}
	return err
}

// lockError is the failure of a caller whose time ended while others used the session.
func lockError(err error) error {
	return failed(ReasonTimeout, "an earlier rpc to the device took all the time: %w", err)
}

// slotError is the failure of a caller whose time ended before a dial slot became free.
func slotError(slots int) error {
	return failed(ReasonQueue, "no dial slot became free in time: %d dials are in flight; raise --collector.max-dials if the "+
		"authentication server bears it", slots)
}

// accountError is the failure of a login that is not tried, because of earlier refusals or because others go first.
func accountError(err error) error {
	var waiting *account.Waiting
	if errors.As(err, &waiting) {
		return failed(ReasonQueue, "%w", err)
	}
	return failed(ReasonBackoff, "%w", err)
}

// lateError is the failure of a login that is not tried, because the read is about to end.
func lateError(left time.Duration) error {
	return failed(ReasonTimeout, "only %v were left for the login, which was not tried; raise the target's timeout if that repeats", left.Round(time.Millisecond))
}

// credentialsError is the failure to read an auth's secrets.
func credentialsError(auth string, err error) error {
	if outOfDescriptors(err) {
		return dialError(err)
	}
	return failed(ReasonAuth, "auth %q: %w", auth, err)
}

// trustError is the failure to read which host keys an auth trusts.
func trustError(err error) error {
	if outOfDescriptors(err) {
		return dialError(err)
	}
	return failed(ReasonHostKey, "host keys of auth %w", err)
}

// dialError is the failure to connect by TCP.
func dialError(err error) error { return serverError("the device's NETCONF server", err) }

// serverError is the failure to connect to a server by TCP.
func serverError(server string, err error) error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, ErrNotAllowed):
		return failed(ReasonRefused, "%w", err)
	case outOfDescriptors(err):
		return failed(ReasonQueue, "%w: raise the limit of open files (ulimit -n, LimitNOFILE=)", err)
	case errors.As(err, &dns):
		return failed(ReasonDNS, "%w: check the target's address and the resolver", err)
	case errors.Is(err, syscall.ECONNRESET):
		return failed(ReasonRefused, "%w: %w", err, errNoBanner)
	case errors.As(err, &timeout) && timeout.Timeout():
		return failed(ReasonTimeout, "no TCP connection in time: %w; check address, port and firewalls", err)
	}
	return failed(ReasonRefused, "%w; check address and port, and that %s runs", err, server)
}

// notCalledError is the failure of a session with a device that calls home and has none. If its last call was of no use, the reason is that of
// the call.
func notCalledError(last time.Time, lost error) error {
	const remedy = "check that it is up, its Call Home settings, and firewalls on its way here"
	var with *failure
	switch {
	case last.IsZero():
		return failed(ReasonTimeout, "the device has not called yet; %s", remedy)
	case errors.As(lost, &with):
		return failed(with.reason, "the device has not called since %s, and that call failed: %w", last.Format(time.RFC3339), lost)
	case lost != nil:
		return failed(ReasonTimeout, "the device has not called since %s, and that session ended: %v; %s", last.Format(time.RFC3339), lost, remedy)
	}
	return failed(ReasonTimeout, "the device has not called since %s; %s", last.Format(time.RFC3339), remedy)
}

// outOfDescriptors reports that the exporter has run out of file descriptors, which is not the fault of what it opens.
func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// rpcError is the failure of an rpc, of whose reply some may have arrived.
func rpcError(ctx context.Context, began time.Time, got progress, err error) error {
	after := time.Since(began).Round(time.Millisecond)
	switch {
	case ctx.Err() == nil:
		return failed(ReasonRPC, "%w", err)
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return failed(ReasonRPC, "the rpc was given up: %w", ctx.Err())
	case got.bytes == 0:
		return failed(ReasonTimeout, "no answer to the rpc within %v: %w; raise the target's timeout if the device needs longer", after, ctx.Err())
	}
	return failed(ReasonTimeout, "the reply was not complete within %v, after %d bytes: %w; raise the target's timeout, or ask for less",
		after, got.bytes, ctx.Err())
}
