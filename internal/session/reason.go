package session

import (
	"context"
	"errors"
	"fmt"
)

// Reason is why a target gave no data: the value of the label reason of netconf_scrape_failure.
type Reason string

// The reasons, in the order in which a read can meet them.
const (
	ReasonQueue     Reason = "queue"      // no free dial slot in time, no file descriptor left, or other logins of the account go first
	ReasonJump      Reason = "jump"       // the jump host or the proxy cannot be reached or logged in to, or does not forward
	ReasonDNS       Reason = "dns"        // the name has no address
	ReasonRefused   Reason = "refused"    // connection refused, host unreachable, closed before or during the SSH handshake
	ReasonTimeout   Reason = "timeout"    // no answer in time: to the connection, in the SSH handshake, at login, or to an rpc
	ReasonHostKey   Reason = "host_key"   // the host key is unknown, changed or of a kind we do not accept
	ReasonTLS       Reason = "tls"        // no TLS, or the device's certificate is not trusted, has expired or is another's
	ReasonAuth      Reason = "auth"       // the login was refused, or its secrets cannot be read
	ReasonBackoff   Reason = "backoff"    // not tried, because recent logins of the device or the account were refused
	ReasonNoNetconf Reason = "no_netconf" // not an SSH server, or one without a netconf subsystem
	ReasonHello     Reason = "hello"      // no NETCONF hello, or one that cannot be understood
	ReasonRPC       Reason = "rpc"        // the session was lost during a reply, or the reply is broken

	ReasonMemory Reason = "memory" // the device took too much of the memory for all devices, or none was free

	// ResultOK stands beside the reasons as a key of Stats.Dials.
	ResultOK Reason = "ok"
)

// Results returns the values of the label of netconf_session_dials_total: ResultOK and all reasons.
func Results() []Reason { return append([]Reason{ResultOK}, Reasons()...) }

// Reasons returns all reasons in order.
func Reasons() []Reason {
	return []Reason{ReasonQueue, ReasonJump, ReasonDNS, ReasonRefused, ReasonTimeout, ReasonHostKey, ReasonTLS, ReasonAuth, ReasonBackoff,
		ReasonNoNetconf, ReasonHello, ReasonRPC, ReasonMemory}
}

// ErrNotAllowed is wrapped by the error of a dial to an address outside the auth's allowed_targets.
var ErrNotAllowed = errors.New("address is outside allowed_targets")

// Error is what every method of a Client returns when it fails.
type Error struct {
	Reason Reason
	Target string // the target's name
	Err    error  // what failed and what to do about it
}

// Error names the target, what failed and what to do, in about 1 KiB.
func (e *Error) Error() string { return fmt.Sprintf("target %s: %s", e.Target, cut(e.Err.Error())) }

// Unwrap returns what failed.
func (e *Error) Unwrap() error { return e.Err }

// told is an error of a jump host or a proxy that its log line tells of, for all targets behind it.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// Told reports whether the log tells of an error for all targets behind the jump host or the proxy at once.
func Told(err error) bool { return errors.As(err, new(told)) }

// ReasonOf returns the reason of an error, and "" for nil. For an error without a reason it returns "timeout" if a deadline caused
// it, else "rpc".
func ReasonOf(err error) Reason {
	var with *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &with):
		return with.Reason
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout
	}
	return ReasonRPC
}
