// Package guard decides who may change the targets: nobody unless the admin API is enabled, no page of another site, and nobody who
// reaches the exporter under a name that is not its own (DNS rebinding).
package guard

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Options say what is allowed.
type Options struct {
	Enabled         bool     // --web.enable-admin-api
	ListenAddresses []string // --web.listen-address
	ExternalURL     *url.URL // --web.external-url; nil: none
	Passwords       bool     // --web.config.file asks for a user name and a password
}

// Guard checks requests. It is immutable.
type Guard struct {
	Options
	hosts  map[string]bool // names and addresses that are the exporter's own, beside those of the loopback
	origin *http.CrossOriginProtection
}

// Refusal says why a request is refused.
type Refusal struct{ message string }

func (r *Refusal) Error() string { return r.message }

// ErrDisabled is returned for every request while nothing may be changed.
var ErrDisabled = &Refusal{"changes are switched off; start the exporter with --web.enable-admin-api"}

// New returns a Guard.
func New(o Options) (*Guard, error) {
	g := &Guard{Options: o, hosts: map[string]bool{}, origin: http.NewCrossOriginProtection()}
	for _, address := range o.ListenAddresses {
		if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
			if ip, err := netip.ParseAddr(host); err != nil || !ip.IsUnspecified() {
				g.hosts[canonical(host)] = true
			}
		}
	}
	if o.ExternalURL != nil {
		g.hosts[canonical(o.ExternalURL.Hostname())] = true
		if err := g.origin.AddTrustedOrigin(o.ExternalURL.Scheme + "://" + o.ExternalURL.Host); err != nil {
			return nil, fmt.Errorf("--web.external-url: %w", err)
		}
	}
	return g, nil
}

// ParseExternalURL reads the value of --web.external-url; "" is none.
func ParseExternalURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, fmt.Errorf("--web.external-url=%s is not the address of a web page; write it as in https://exporter.example/netconf/", text)
	}
	return u, nil
}

// Check says why a request may change nothing, nor see what only those who may change things see; nil if it may. Errors are
// *Refusal.
func (g *Guard) Check(r *http.Request) error {
	if !g.Enabled {
		return ErrDisabled
	}
	if !g.isOurs(r.Host) {
		return &Refusal{fmt.Sprintf("the exporter is not known as %q; use an address of the loopback, or name this one with --web.external-url", r.Host)}
	}
	if err := g.origin.Check(r); err != nil {
		return &Refusal{"the request comes from a page of another site; send it from a page of the exporter, or from no page at all"}
	}
	return nil
}

// isOurs reports whether a Host header is of the loopback, listened on by name, or that of the external URL.
func (g *Guard) isOurs(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name := canonical(host)
	if ip, err := netip.ParseAddr(name); err == nil && ip.Unmap().IsLoopback() {
		return true
	}
	return name == "localhost" || g.hosts[name]
}

// canonical is a host as it is compared: in lower case, without brackets and final dot.
func canonical(host string) string {
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// Person is who sends a request: the name that was logged in with, or that of the client's certificate, and the address that it
// comes from.
func (g *Guard) Person(r *http.Request) (who, from string) {
	if user, _, ok := r.BasicAuth(); ok && g.Passwords {
		who = user
	} else if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		who = r.TLS.VerifiedChains[0][0].Subject.CommonName
	}
	return who, r.RemoteAddr
}
