package faults

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// throughProxies are faults of proxies.
func throughProxies() []fault {
	cannot := "cannot connect to 127.0.0.1:"
	both := []fault{
		{name: "refused", begin: func(s *harness) {
			s.proxy.Down()
			s.restore = append(s.restore, func() {
				if err := s.proxy.Up(); err != nil {
					s.t.Error(err)
				}
			})
		}, want: failed("jump", "connection refused")},
		{name: "wants a login", begin: proxied(func(r *netconftest.ProxyRules) { r.Login = "ann:secret" }), want: failed("jump", "refuses the login")},
		{name: "silent", begin: instead(silent), silent: true, want: failed("timeout", "gave no connection to 127.0.0.1:")},
		{name: "hangs up", begin: instead(func(net.Conn) {}), want: failed("jump", "proxy ")},
		{name: "another server", begin: instead(sending("SSH-2.0-x\r\n")), want: failed("jump", "proxy ")},
		{name: "its connections end", begin: func(s *harness) { s.proxy.Drop() }, want: reopened},
		{name: "silent amid a session", begin: func(s *harness) {
			s.proxy.Swallows.Store(true)
			s.restore = append(s.restore, func() { s.proxy.Swallows.Store(false) })
		}, silent: true, want: outcome{reason: "timeout", says: "deadline exceeded", dials: dials{"timeout": 1}}},
		{name: "the device is down", begin: down, want: failed("refused", cannot)},
	}
	socks := []fault{
		{name: "another version", begin: instead(sending("\x04\x00")), want: failed("jump", "unexpected protocol version 4")},
		{name: "one byte each 100 ms", begin: instead(dripping("\x05\x00\x05\x00\x00\x03\xff" + strings.Repeat("x", 255))), silent: true,
			want: failed("timeout", "gave no connection to 127.0.0.1:")},
	}
	for code, want := range map[byte]outcome{
		1: failed("jump", "general SOCKS server failure"), 2: failed("jump", "check its rules"),
		3: failed("refused", cannot), 4: failed("refused", cannot), 5: failed("refused", cannot), 6: failed("timeout", "firewalls behind it"),
		7: failed("jump", "command not supported"), 8: failed("jump", "address type not supported"), 99: failed("jump", "unknown code: 99"),
	} {
		socks = append(socks, fault{name: fmt.Sprintf("reply %d", code), begin: proxied(func(r *netconftest.ProxyRules) { r.Refuse = code }), want: want})
	}
	http := []fault{
		{name: "control characters", begin: instead(sending("HTTP/1.1 403 \x1b[31m\r\n\r\n")), want: failed("jump", `\x1b`)},
		{name: "an answer cut short", begin: instead(func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1000)) // else the end is a reset
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX")
		}), want: failed("jump", "it gave no HTTP answer")},
		{name: "a header without end", begin: instead(func(conn net.Conn) {
			for _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n"); err == nil; _, err = io.WriteString(conn, "X: "+strings.Repeat("x", 1000)+"\r\n") {
			}
		}), want: failed("jump", "at most 16384 bytes")},
		{name: "one byte each 100 ms", begin: instead(dripping("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300))), silent: true,
			want: failed("timeout", "gave no connection to 127.0.0.1:")},
	}
	for status, want := range map[string]outcome{
		"403 Forbidden": failed("jump", "check its rules"), "407 Proxy Authentication Required": failed("jump", "refuses the login"),
		"500 Oops": failed("jump", "500 Oops"), "502 Bad Gateway": failed("refused", cannot), "503 Service Unavailable": failed("refused", cannot),
		"504 Gateway Timeout": failed("timeout", "firewalls behind it"), "302 Found": failed("jump", "302 Found"),
	} {
		http = append(http, fault{name: status, begin: proxied(func(r *netconftest.ProxyRules) { r.Status = status }), want: want})
	}
	var rows []fault
	for through, own := range map[way][]fault{socksProxy: socks, httpProxy: http} {
		for _, row := range slices.Concat(both, own) {
			row.name, row.through = string(through)+": "+row.name, through
			rows = append(rows, row)
		}
	}
	for _, over := range []config.Transport{config.TransportTLS, config.TransportRESTCONF} { // of which few differ
		for _, row := range both[:1] {
			row.name, row.through, row.over = fmt.Sprintf("%s: %s, to a device that speaks %s", httpProxy, row.name, over), httpProxy, over
			rows = append(rows, row)
		}
	}
	return rows
}

// proxied has the proxy answer otherwise.
func proxied(change func(*netconftest.ProxyRules)) func(*harness) {
	return func(s *harness) {
		var before netconftest.ProxyRules
		s.proxy.Change(func(r *netconftest.ProxyRules) {
			before = *r
			change(r)
		})
		s.restore = append(s.restore, func() {
			s.proxy.Change(func(r *netconftest.ProxyRules) { *r = before })
			s.proxy.Drop()
		})
		s.proxy.Drop()
	}
}

// instead has something else serve the connections to the proxy.
func instead(serve func(net.Conn)) func(*harness) {
	return proxied(func(r *netconftest.ProxyRules) { r.Instead = serve })
}

// dripping serves a connection by one byte each 100 ms.
func dripping(text string) func(net.Conn) {
	return func(conn net.Conn) {
		for i := range len(text) {
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
