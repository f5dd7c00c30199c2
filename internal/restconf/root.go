package restconf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// hostMeta is where a server says what the root of its API is (RFC 8040, section 3.1; RFC 6415).
const hostMeta = "/.well-known/host-meta"

// defaultRoot is the root of the API on servers that do not say it. All that are known have it there.
const defaultRoot = "/restconf"

// parseHostMeta returns the path of the API's root from a host-meta document, in XML or JSON: defaultRoot if the document has none.
func parseHostMeta(document []byte, origin *url.URL) (string, error) {
	href := xrdLink(document)
	if trimmed := bytes.TrimLeft(document, "\ufeff \t\r\n"); bytes.HasPrefix(trimmed, []byte("{")) {
		href = jrdLink(trimmed)
	}
	if href == "" {
		return defaultRoot, nil
	}
	root, err := origin.Parse(href)
	if err != nil || !sameOrigin(root, origin) || root.RawQuery != "" {
		return "", fmt.Errorf("%s says that the root of RESTCONF is %q; it has to be a path on the device itself", hostMeta, bound(href))
	}
	return strings.TrimRight(root.EscapedPath(), "/"), nil
}

// xrdLink is the target of the link with the relation restconf: <XRD><Link rel="restconf" href="/restconf"/></XRD>.
func xrdLink(document []byte) string {
	var s xmlscan.Scanner
	s.ResetBytes(document)
	for {
		kind, err := s.Next()
		if err != nil {
			return ""
		}
		if kind != xmlscan.Start || string(xmlscan.Local(s.Name())) != "Link" {
			continue
		}
		var rel, href string
		for _, a := range s.Attrs() {
			switch string(a.Name) {
			case "rel":
				rel = string(s.AppendValue(nil, a))
			case "href":
				href = string(s.AppendValue(nil, a))
			}
		}
		if rel == "restconf" {
			return href
		}
	}
}

// jrdLink is the same in JSON: {"links": [{"rel": "restconf", "href": "/restconf"}]}.
func jrdLink(document []byte) string {
	var jrd struct {
		Links []struct{ Rel, Href string }
	}
	if json.Unmarshal(document, &jrd) != nil {
		return ""
	}
	for _, link := range jrd.Links {
		if link.Rel == "restconf" {
			return link.Href
		}
	}
	return ""
}

// sameOrigin reports whether two URLs have the same scheme, host and port (RFC 6454).
func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if u.Port() == "" && u.Scheme == "https" {
			return "443"
		}
		return u.Port()
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b) && a.User == nil
}
