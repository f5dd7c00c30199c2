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

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

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
	case text == "open failed": // OpenSSH, where a socket cannot be had or finds no way; its log has the cause
		return failed(ReasonJump, "jump host %s cannot even try to connect to %s: %w; it has no way there, or no file descriptors left (its log says which): raise its "+
			"limit (ulimit -n), or set max_channels", name, hostPort, err)
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
	return proxyError(p, fmt.Errorf("no SOCKS5 connection to %s: %s; check the scheme in proxy_url, and the proxy's log", hostPort, text))
}

// connectError is the answer of an HTTP proxy that gives no connection.
func connectError(p *config.Proxy, hostPort string, response *http.Response) error {
	said := hideLogin(p, response.Status)
	switch response.StatusCode {
	case http.StatusProxyAuthRequired:
		if offered := strings.Join(response.Header.Values("Proxy-Authenticate"), ", "); offered != "" && !strings.Contains(strings.ToLower(offered), "basic") {
			return proxyError(p, fmt.Errorf("%w: it wants %q, and only Basic is spoken", errProxyLogin, cut(hideLogin(p, offered))))
		}
		return proxyError(p, fmt.Errorf("%w; check user and password in proxy_url", errProxyLogin))
	case http.StatusGatewayTimeout:
		return failed(ReasonTimeout, "proxy %v cannot connect to %s: %q; check address, port and firewalls behind it", p, hostPort, said)
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return failed(ReasonRefused, "proxy %v cannot connect to %s: %q; check address and port, and that the device's NETCONF server runs", p, hostPort, said)
	}
	return proxyError(p, fmt.Errorf("it answers %q for %s; check its rules, which may allow port 443 alone", said, hostPort))
}

// hideLogin takes the login to a proxy out of what that says.
func hideLogin(p *config.Proxy, text string) string {
	if p.User == "" {
		return text
	}
	return HideLogin(p.User, p.Password.Reveal()).Replace(text)
}
