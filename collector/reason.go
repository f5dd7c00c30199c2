package collector

import "github.com/netconf-exporter/netconf_exporter/internal/session"

// Reason says in one word why a scrape gave no data, or not all: the values of the label reason of netconf_scrape_failure.
type Reason = session.Reason

// The reasons, in the order in which a read can meet them.
const (
	ReasonQueue     = session.ReasonQueue     // no free dial slot in time, or no file descriptor left
	ReasonDNS       = session.ReasonDNS       // the name has no address
	ReasonRefused   = session.ReasonRefused   // connection refused, host unreachable, closed before or amid the SSH handshake
	ReasonTimeout   = session.ReasonTimeout   // silence: while connecting, in the SSH handshake, at login, or after an rpc
	ReasonHostKey   = session.ReasonHostKey   // the host key is unknown, changed or of a kind that is not accepted
	ReasonTLS       = session.ReasonTLS       // no TLS, or the device's certificate is not trusted, has expired or is another's
	ReasonAuth      = session.ReasonAuth      // the login was refused, or its secrets cannot be read
	ReasonBackoff   = session.ReasonBackoff   // not tried, because a login was refused a short while ago
	ReasonNoNetconf = session.ReasonNoNetconf // not an SSH server, or one without a netconf subsystem
	ReasonHello     = session.ReasonHello     // no NETCONF hello, or one that cannot be understood
	ReasonRPC       = session.ReasonRPC       // an rpc-error, a session that was lost in mid-reply, or a reply that is broken
	ReasonJump      = session.ReasonJump      // the jump host or the proxy cannot be reached or logged in to, or does not forward
	ReasonMemory    = session.ReasonMemory    // the device took too much of the memory for all devices, or none was free
)

// Reasons returns all reasons in order.
func Reasons() []Reason { return session.Reasons() }

// Event is one step of a read. Its times are relative to the first event's read.
type Event = session.Event

// ErrNotAllowed is wrapped by Scrape.Err when a target that is not configured has an address outside its auth's
// allowed_targets.
var ErrNotAllowed = session.ErrNotAllowed
