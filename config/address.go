package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// HostPort returns what is dialled: host:port, the default port filled in, IPv6 addresses in brackets.
func (t *Target) HostPort() string {
	host, port, err := splitAddress(t.Address)
	if err != nil {
		return t.Address // never of a loaded target; dialling it says what is wrong
	}
	if port == 0 {
		port = t.Over().DefaultPort()
		if t.Port != nil {
			port = *t.Port
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// splitAddress reads host, host:port, [v6], [v6]:port and bare IPv6 addresses. The port is 0 where there is none.
func splitAddress(address string) (host string, port int, err error) {
	if addr, err := netip.ParseAddr(address); err == nil {
		if last := address[strings.LastIndexByte(address, ':')+1:]; addr.Is6() && (strings.Contains(addr.Zone(), ":") || slices.Contains(likelyPorts(), last)) {
			return "", 0, fmt.Errorf("is an IPv6 address that seems to end in a port; write [%s]:%s in quotes, or [%s] if it has none",
				strings.TrimSuffix(address, ":"+last), last, address)
		}
		return address, 0, nil
	}
	host, text, found := address, "", false
	if inner, ok := strings.CutPrefix(address, "["); ok {
		var after string
		host, after, ok = strings.Cut(inner, "]")
		text, found = strings.CutPrefix(after, ":")
		if ip, err := netip.ParseAddr(host); !ok || err != nil || !ip.Is6() || (!found && after != "") {
			return "", 0, errors.New("is not an IPv6 address in brackets; write [ADDRESS]:PORT")
		}
	} else {
		host, text, found = strings.Cut(address, ":")
		if !isHost(host) || strings.Contains(text, "/") {
			return "", 0, errors.New("is not an address; write a host name or an IP address, and a port if need be: HOST, HOST:PORT, [IPV6]:PORT")
		}
	}
	if !found {
		return host, 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return "", 0, errors.New("has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT")
	}
	return host, n, nil
}

// likelyPorts are what people write behind an IPv6 address and take for its port: those of NETCONF over SSH and TLS and of Call Home.
func likelyPorts() []string { return []string{"830", "2022", "4334", "4335", "6513"} }

// isHost reports whether text is a host name or an IPv4 address, and not a URL or 10.0.0.256.
func isHost(host string) bool {
	if host == "" || len(host) > 253 || strings.ContainsAny(host[:1], ".-") || strings.Contains(host, "..") ||
		strings.ContainsFunc(host, func(r rune) bool { return !isHostRune(r) }) {
		return false
	}
	last := host[strings.LastIndexByte(strings.TrimSuffix(host, "."), '.')+1:]
	if strings.Trim(last, "0123456789.") != "" {
		return true
	}
	_, err := netip.ParseAddr(host) // a last label of digits alone is no name (RFC 1123 section 2.1)
	return err == nil
}

func isHostRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_.-", r)
}
