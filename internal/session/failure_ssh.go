package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

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
		return failed(ReasonHostKey, "%w; see `%s`", key, d.hostKeyCommand())
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
		return failed(ReasonNoNetconf, "%s is not an SSH server, it sent %s; %s is usually on port %d",
			d.hostPort, excerpt([]byte(first)), d.protocol(), d.usualPort())
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

// hostKeyCommand prints the keys or certificates of what was connected to, if a person runs it where the exporter runs.
func (d *dial) hostKeyCommand() string {
	command := "netconf_exporter hostkey"
	if over := d.Target.Over(); over != config.TransportSSH {
		command += " --transport=" + string(over)
	}
	if n := len(d.Via); n > 0 {
		command += " --proxy-jump=" + d.Via[n-1].Name
	} else if p := d.proxy(); p != nil {
		command += " --proxy-url=" + p.String()
	}
	return command + " " + d.hostPort
}
