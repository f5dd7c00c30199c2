package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// This file alone decides which reason a failure has and which remedy its text names. The other files return plain errors
// and call the functions below.

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
		"(MaxStartups) or the addresses it talks to")
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
func dialError(err error) error {
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
	return failed(ReasonRefused, "%w; check address and port, and that the device's NETCONF server runs", err)
}

// jumpError is the failure of a jump host, which is not the fault of the device behind it.
func jumpError(name string, err error) error {
	if reasonOf(err) == ReasonJump {
		return err // of one in front of it
	}
	return failed(ReasonJump, "jump host %s: %w", name, err)
}

// forwardError is the answer of a jump host that opens no channel to a device (RFC 4254 section 5.1).
func forwardError(name, hostPort string, err *ssh.OpenChannelError) error {
	text := strings.ToLower(err.Message)
	switch {
	case err.Reason == ssh.Prohibited:
		return failed(ReasonJump, "jump host %s does not allow to connect to %s: %w; check its AllowTcpForwarding and PermitOpen", name, hostPort, err)
	case err.Reason == ssh.ResourceShortage:
		return failed(ReasonJump, "jump host %s has no more channels: %w; raise its limit, or set max_channels", name, err)
	case err.Reason != ssh.ConnectionFailed:
		return failed(ReasonJump, "jump host %s: %w", name, err)
	case strings.Contains(text, "timed out"):
		return failed(ReasonTimeout, "no TCP connection in time from jump host %s to %s: %w; check address, port and firewalls behind it", name, hostPort, err)
	case strings.Contains(text, "resolve"), strings.Contains(text, "not known"):
		return failed(ReasonDNS, "jump host %s finds no address for %s: %w; names are looked up there", name, hostPort, err)
	}
	return failed(ReasonRefused, "jump host %s cannot connect to %s: %w; check address and port, and that the device's NETCONF server runs", name, hostPort, err)
}

// proxyError is the failure of a proxy, which is not the fault of the device behind it.
func proxyError(p *config.Proxy, err error) error {
	return failed(ReasonJump, "proxy %v: %w", p, err)
}

// proxyDialError is the failure to connect to a proxy.
func proxyDialError(p *config.Proxy, err error) error {
	if outOfDescriptors(err) {
		return dialError(err)
	}
	return proxyError(p, fmt.Errorf("%w: %w; check the address in proxy_url, and that the proxy runs", errProxyDown, err))
}

// proxyTimeout is the failure of a proxy that did not answer in time. It is the device's: a proxy answers once it has a connection.
func proxyTimeout(ctx context.Context, p *config.Proxy, hostPort string) error {
	return failed(ReasonTimeout, "proxy %v gave no connection to %s in time: %w; check address, port and firewalls behind it", p, hostPort, cmp.Or(context.Cause(ctx), context.DeadlineExceeded))
}

// socksError is the answer of a SOCKS5 proxy that gives no connection (RFC 1928 section 6), in the words of the library.
func socksError(ctx context.Context, p *config.Proxy, hostPort string, err error) error {
	var op *net.OpError // with both addresses
	if errors.As(err, &op) {
		err = op.Err
	}
	text := strings.TrimPrefix(err.Error(), "unknown error ")
	has := func(words string) bool { return strings.HasSuffix(text, words) }
	switch {
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return proxyTimeout(ctx, p, hostPort)
	case has("authentication failed"), has("no acceptable authentication methods"):
		return proxyError(p, fmt.Errorf("%w; check user and password in proxy_url", errProxyLogin))
	case has("not allowed by ruleset"):
		return proxyError(p, fmt.Errorf("it does not allow to connect to %s; check its rules", hostPort))
	case text == "connection refused", has("host unreachable"), has("network unreachable"):
		return failed(ReasonRefused, "proxy %v cannot connect to %s: %s; check address and port, and that the device's NETCONF server runs", p, hostPort, text)
	case has("TTL expired"):
		return failed(ReasonTimeout, "proxy %v cannot connect to %s: %s; check address, port and firewalls behind it", p, hostPort, text)
	}
	return proxyError(p, fmt.Errorf("no SOCKS5 connection to %s: %s", hostPort, text))
}

// connectError is the answer of an HTTP proxy that gives no connection.
func connectError(p *config.Proxy, hostPort string, response *http.Response) error {
	switch response.StatusCode {
	case http.StatusProxyAuthRequired:
		return proxyError(p, fmt.Errorf("%w; check user and password in proxy_url", errProxyLogin))
	case http.StatusGatewayTimeout:
		return failed(ReasonTimeout, "proxy %v cannot connect to %s: %q; check address, port and firewalls behind it", p, hostPort, response.Status)
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return failed(ReasonRefused, "proxy %v cannot connect to %s: %q; check address and port, and that the device's NETCONF server runs", p, hostPort, response.Status)
	}
	return proxyError(p, fmt.Errorf("it answers %q for %s; check its rules, which may allow port 443 alone", response.Status, hostPort))
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

// handshakeError is the failure of an SSH handshake or of a login.
func (d *dial) handshakeError(ctx context.Context, conn *connection, attempt *login, phase string, err error) error {
	var key *hostKeyError
	var negotiation *ssh.AlgorithmNegotiationError
	first := conn.received()
	ended := context.Cause(ctx)
	isSSH := strings.HasPrefix(first, "SSH-") || strings.Contains(first, "\nSSH-")
	switch {
	case attempt.notAdmitted != nil:
		return attempt.notAdmitted
	case errors.As(err, &key):
		return failed(ReasonHostKey, "%w", key)
	case errors.As(err, &negotiation):
		reason, remedy := ReasonNoNetconf, "update the device's SSH server"
		if negotiation.What == "host key" {
			reason, remedy = ReasonHostKey, "check the host keys that the auth trusts"
		}
		if !d.Auth.LegacyAlgorithms {
			remedy += ", or set legacy_algorithms: true in the auth if the device is old"
		}
		return failed(reason, "%s: %w; %s", d.hostPort, negotiation, remedy)
	case !isSSH && strings.Contains(first, "MaxStartups"): // OpenSSH, where an SSH banner should be
		return failed(ReasonRefused, "%s: %w: it sent %s; raise MaxStartups there, or lower --collector.max-dials", d.hostPort, errTooManyLogins, excerpt([]byte(first)))
	case !isSSH && first != "":
		return failed(ReasonNoNetconf, "%s is not an SSH server, it sent %s; NETCONF over SSH is usually on port 830",
			d.hostPort, excerpt([]byte(first)))
	case ended != nil && phase == "auth":
		return failed(ReasonTimeout, "%s did not answer the login in time: %w; check its authentication server", d.hostPort, ended)
	case ended != nil && isSSH:
		return failed(ReasonTimeout, "%s did not finish the SSH key exchange in time: %w; it may be overloaded", d.hostPort, ended)
	case ended != nil:
		return failed(ReasonTimeout, "%s accepts connections but sent no SSH banner in time: %w; it may be overloaded, or the port "+
			"not be SSH", d.hostPort, ended)
	case attempt.refused != nil:
		return failed(ReasonAuth, "auth %q: %w", d.Target.Auth, attempt.refused)
	case attempt.secretSent():
		return failed(ReasonAuth, "auth %q: %s ended the connection at login, after %s: %w; check username, password and key",
			d.Target.Auth, d.hostPort, strings.Join(attempt.tried, " "), err)
	case first == "":
		return failed(ReasonRefused, "%s: %w", d.hostPort, errNoBanner)
	}
	return failed(ReasonRefused, "%s: the SSH handshake failed: %w", d.hostPort, err)
}

// channelError is the failure of a server that lets us in and opens no channel.
func channelError(err error) error {
	return failed(ReasonNoNetconf, "the device opened no SSH channel: %w", err)
}

// subsystemError is the failure of a server that has no netconf subsystem.
func subsystemError(err error) error {
	return failed(ReasonNoNetconf, "the login worked, but there is no netconf subsystem: %w; enable NETCONF on the device, or "+
		"use the port of its NETCONF server (usually 830)", err)
}

// helloError is the failure of a session on which no hellos were exchanged.
func helloError(hostPort string, err error) error {
	switch reasonOf(err) {
	case ReasonNoNetconf, ReasonAuth, ReasonTLS: // the last two, of a device that verifies our certificate after the handshake
		return err
	}
	return failed(ReasonHello, "%s: %w", hostPort, err)
}

// shellError is the failure of a session on which the device sends text that is no XML at all.
func shellError(sent string, err error) error {
	return fmt.Errorf("a shell or menu answers in place of the NETCONF server, and sent %s; give the user no login command or menu of its own, "+
		"or use the port of the NETCONF server (usually 830): %w", sent, err)
}

// helloTimeout is why a session is closed on which the hellos took too long.
func helloTimeout(err error) error {
	return fmt.Errorf("no NETCONF hello in time: %w; the device may be at its limit of sessions", err)
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
