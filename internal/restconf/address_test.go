package restconf

import (
	"net/http"
	"testing"
)

func TestAddresses(t *testing.T) {
	for hostPort, want := range map[string]string{
		"192.0.2.1:443":        "https://192.0.2.1/restconf/data/a:b?fields=c(d;e)",
		"r1.example.net:8443":  "https://r1.example.net:8443/restconf/data/a:b?fields=c(d;e)",
		"[2001:db8::1]:443":    "https://[2001:db8::1]/restconf/data/a:b?fields=c(d;e)",
		"[fe80::1%eth0]:443":   "https://[fe80::1%25eth0]/restconf/data/a:b?fields=c(d;e)",
		"[fe80::1%eth0]:44443": "https://[fe80::1%25eth0]:44443/restconf/data/a:b?fields=c(d;e)",
	} {
		c := &Client{hostPort: hostPort, root: defaultRoot}
		got := c.url(request{path: "data/a:b", query: "fields=c(d;e)"})
		if _, err := http.NewRequest(http.MethodGet, got, nil); err != nil || got != want {
			t.Errorf("%s: %s, want %s; %v", hostPort, got, want, err)
		}
	}
}
