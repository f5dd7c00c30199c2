package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
)

// ProxyURL is the URL of a proxy, such as socks5://user:password@127.0.0.1:1080; "" stands for none. However it is printed, logged or
// encoded, the user and the password come out as "<secret>".
type ProxyURL string

// Proxy is a server that opens connections for others.
type Proxy struct {
	Scheme   string // socks5, or http for the method CONNECT
	Address  string // HOST:PORT
	User     string // "": it asks for none
	Password Secret
}

// Proxy returns what the URL says; nil where there is none. The error quotes nothing of it.
func (p ProxyURL) Proxy() (*Proxy, error) {
	if p == "" {
		return nil, nil
	}
	u, err := url.Parse(string(p))
	if err != nil {
		return nil, errors.New("is not a URL; write it as in socks5://127.0.0.1:1080 or http://192.0.2.1:3128")
	}
	proxy := &Proxy{Scheme: u.Scheme}
	port := u.Port()
	switch u.Scheme {
	case "http":
		port = cmp.Or(port, "80")
	case "socks5", "socks5h": // the same, because names are always looked up by the proxy
		proxy.Scheme, port = "socks5", cmp.Or(port, "1080")
	default:
		return nil, errors.New("is of a kind that is not supported; write socks5:// or http:// before the address")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("names no server; write a scheme, an address and a port alone, as in socks5://127.0.0.1:1080")
	}
	proxy.Address = net.JoinHostPort(u.Hostname(), port)
	if u.User != nil {
		password, _ := u.User.Password()
		proxy.User, proxy.Password = u.User.Username(), Secret(password)
		if len(proxy.User) == 0 || len(proxy.User) > 255 || len(password) > 255 { // RFC 1929 section 2
			return nil, errors.New("has a user name or password that is empty or longer than 255 octets")
		}
	}
	return proxy, nil
}

// Reveal returns the URL with its user and password. It is for connecting, and for nothing else.
func (p ProxyURL) Reveal() string { return string(p) }

// String gives the URL without its user and password.
func (p ProxyURL) String() string {
	u, err := url.Parse(string(p))
	switch {
	case err != nil:
		return hidden
	case u.User == nil:
		return string(p)
	}
	return u.Scheme + "://" + hidden + "@" + u.Host + u.Path
}

// GoString is String.
func (p ProxyURL) GoString() string { return p.String() }

// Format gives String for every verb.
func (p ProxyURL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalYAML gives String.
func (p ProxyURL) MarshalYAML() (any, error) { return p.String(), nil }

// MarshalText gives String.
func (p ProxyURL) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// LogValue gives String.
func (p ProxyURL) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String names the proxy, as in socks5://127.0.0.1:1080, without user and password.
func (p *Proxy) String() string { return p.Scheme + "://" + p.Address }

// proxyURL checks the URL of a proxy.
func (v *validator) proxyURL(p ProxyURL, at Position) {
	if _, err := p.Proxy(); err != nil {
		v.add(at, "proxy_url %v (it is not shown, because it may hold a password)", err)
	}
}
