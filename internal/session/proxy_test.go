package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// through returns an option that reaches a target by a proxy.
func through(url string) func(*session.Options) {
	return func(o *session.Options) { o.Target.ProxyURL = new(config.ProxyURL(url)) }
}

// kinds are the beginnings of a proxy's URL.
var kinds = []string{"socks5://", "socks5h://", "http://"}

// TestProxy reads a device through a proxy, which looks up its name.
func TestProxy(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
			proxy := netconftest.StartProxy(t, func(p *netconftest.Proxy) {
				p.Login, p.Resolves = "ann:secret", func(string) string { return device.Address }
			})
			trace := session.NewTrace()
			client := connect(t, "router1.far.example:830", through(kind+"ann:secret@"+proxy.Address))
			if _, err := client.Connect(deadline(t), trace); err != nil {
				t.Fatal(err)
			}
			if reply, err := get(deadline(t), client); err != nil || !strings.Contains(reply, "<data/>") {
				t.Errorf("the reply is %q, %v", reply, err)
			}
			if asked := proxy.Asked(); len(asked) != 1 || asked[0] != "router1.far.example:830" {
				t.Errorf("the proxy was asked for %q", asked)
			}
			for _, event := range trace.Events() {
				if strings.Contains(event.Detail, "secret") {
					t.Errorf("the timeline shows the password: %v", event)
				}
			}
		})
	}
}

// TestProxyFails has proxies fail in their ways, hostile ones among them.
func TestProxyFails(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	says := func(text string) func(*netconftest.Proxy) {
		return func(p *netconftest.Proxy) {
			p.Instead = func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 1000))
				_, _ = io.WriteString(conn, text)
			}
		}
	}
	endless := func(p *netconftest.Proxy) {
		p.Instead = func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			for err := error(nil); err == nil; {
				_, err = io.WriteString(conn, "X: "+strings.Repeat("x", 1000)+"\r\n")
			}
		}
	}
	silent := func(p *netconftest.Proxy) {
		p.Instead = func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	}
	refuses := func(code byte, status string) func(*netconftest.Proxy) {
		return func(p *netconftest.Proxy) { p.Refuse, p.Status = code, status }
	}
	login := func(p *netconftest.Proxy) { p.Login = "ann:right" }
	for name, tc := range map[string]struct {
		proxy  func(*netconftest.Proxy)
		kinds  []string
		reason session.Reason
		words  []string
	}{
		"a wrong password":        {login, []string{"socks5://ann:wrong@", "http://ann:wrong@"}, session.ReasonJump, []string{"refuses the login", "check user and password in proxy_url"}},
		"no password":             {login, kinds, session.ReasonJump, []string{"refuses the login", "check user and password in proxy_url"}},
		"another scheme":          {says("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n"), []string{"http://ann:wrong@"}, session.ReasonJump, []string{`it wants "NTLM, Negotiate", and only Basic is spoken`}},
		"the login in its answer": {says("HTTP/1.1 403 no Basic YW5uOndyb25n, no wrong\r\n\r\n"), []string{"http://ann:wrong@"}, session.ReasonJump, []string{"no Basic <secret>, no <secret>"}},
		"a rule":                  {refuses(2, "403 Forbidden"), kinds, session.ReasonJump, []string{"rules"}},
		"a fault of its own":      {refuses(1, "500 Oops"), kinds, session.ReasonJump, nil},
		"no such device":          {refuses(5, "503 Service Unavailable"), kinds, session.ReasonRefused, []string{"cannot connect to " + device.Address}},
		"no way to the device":    {refuses(4, "502 Bad Gateway"), kinds, session.ReasonRefused, []string{"cannot connect to " + device.Address}},
		"no answer of a device":   {refuses(6, "504 Gateway Timeout"), kinds, session.ReasonTimeout, []string{"firewalls behind it"}},
		"an SSH server":           {says("SSH-2.0-OpenSSH_9.9\r\n"), kinds, session.ReasonJump, nil},
		"a proxy that hangs up":   {says(""), kinds, session.ReasonJump, nil},
		"another version":         {says("\x04\x00"), []string{"socks5://"}, session.ReasonJump, nil},
		"an answer cut short":     {says("HTTP/1.1 200 OK\r\nX"), []string{"http://"}, session.ReasonJump, nil},
		"control characters":      {says("HTTP/1.1 403 \x1b[31m\r\n\r\n"), []string{"http://"}, session.ReasonJump, []string{`\x1b`}},
		"an endless header":       {endless, []string{"http://"}, session.ReasonJump, []string{"at most 16384 bytes"}},
		"a proxy that is silent":  {silent, kinds, session.ReasonTimeout, []string{"in time"}},
	} {
		for _, kind := range tc.kinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				proxy := netconftest.StartProxy(t, tc.proxy)
				client := connect(t, device.Address, through(kind+proxy.Address), func(o *session.Options) { o.Timeouts.Connect = 2 * time.Second })
				_, err := client.Connect(deadline(t), nil)
				wantError(t, err, tc.reason, append(tc.words, proxy.Address)...)
				if strings.Contains(err.Error(), "wrong") {
					t.Errorf("the error shows the proxy's password: %v", err)
				}
			})
		}
	}
	t.Run("nothing listens", func(t *testing.T) {
		_, err := connect(t, device.Address, through("http://127.0.0.1:1")).Connect(deadline(t), nil)
		wantError(t, err, session.ReasonJump, "proxy http://127.0.0.1:1", "connection refused")
	})
	if n := device.Offered.Load(); n > 0 {
		t.Errorf("the device got %d passwords", n)
	}
}

// TestDeadDevicesBehindProxy has a proxy, to which one logs in, connect to devices that answer nothing: others behind it need not wait for those.
func TestDeadDevicesBehindProxy(t *testing.T) {
	for _, kind := range []string{"socks5://", "http://"} {
		t.Run(kind, func(t *testing.T) {
			device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
			dead := make(chan struct{})
			proxy := netconftest.StartProxy(t, func(p *netconftest.Proxy) {
				p.Login, p.Resolves = "ann:secret", func(address string) string {
					if address != "good.example:830" {
						<-dead
					}
					return device.Address
				}
			})
			defer close(dead) // before the proxy ends
			dialer := session.NewDialer(20)
			patient := func(o *session.Options) { o.Dialer, o.Timeouts.Connect = dialer, time.Hour }
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for i := range 5 {
				client := connect(t, fmt.Sprintf("dead%d.example:830", i), through(kind+"ann:secret@"+proxy.Address), patient)
				all.Go(func() { _, _ = client.Connect(ctx, nil) })
			}
			eventually(t, func() bool { return len(proxy.Asked()) == 5 })
			if _, err := connect(t, "good.example:830", through(kind+"ann:secret@"+proxy.Address), patient).Connect(deadline(t), nil); err != nil {
				t.Error(err)
			}
			cancel()
			all.Wait()
		})
	}
}

// TestProxyLoginIsNotRepeated holds that many targets do not lock the account at the proxy.
func TestProxyLoginIsNotRepeated(t *testing.T) {
	for _, kind := range []string{"socks5://", "http://"} {
		proxy := netconftest.StartProxy(t, func(p *netconftest.Proxy) { p.Login = "ann:right" })
		dialer := newDialer(t, 8)
		var clients []*session.Client
		for range 20 {
			clients = append(clients, connect(t, "192.0.2.1", through(kind+"ann:wrong@"+proxy.Address), func(o *session.Options) { o.Dialer = dialer }))
		}
		for range 3 {
			for _, err := range connectTogether(t, clients) {
				wantError(t, err, session.ReasonJump, "proxy "+kind+proxy.Address)
			}
		}
		if n := proxy.Offered.Load(); n != 1 {
			t.Errorf("%s got %d wrong passwords, want 1", kind, n)
		}
	}
}

// TestProxyIsToldOnce has many targets behind a proxy that dies: the log has one line for all, and one when it is back.
func TestProxyIsToldOnce(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	var lines strings.Builder
	dialer := newDialer(t, 1) // one dial after the other, so that the log has one writer
	client := func(proxy string) error {
		_, err := connect(t, device.Address, through(proxy), func(o *session.Options) {
			o.Dialer, o.Logger = dialer, slog.New(slog.NewTextHandler(&lines, nil))
		}).Connect(deadline(t), nil)
		return err
	}
	working := netconftest.StartProxy(t)
	for range 3 {
		if err := client("http://127.0.0.1:1"); !session.Told(err) {
			t.Errorf("the log is said not to tell of %v", err)
		}
		if err := client("http://" + working.Address); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(lines.String(), "\n"); n != 1 || !strings.Contains(lines.String(), "proxy=http://127.0.0.1:1") {
		t.Errorf("the log has %d lines, want one on the first proxy:\n%s", n, lines.String())
	}
}

// TestSameAddressBehindTwoProxies has two devices of one address: what one refuses says nothing of the other.
func TestSameAddressBehindTwoProxies(t *testing.T) {
	dialer := newDialer(t, 4)
	var devices []*netconftest.Device
	var errs []error
	for range 2 {
		device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
		proxy := netconftest.StartProxy(t, func(p *netconftest.Proxy) { p.Resolves = func(string) string { return device.Address } })
		wrong := len(devices) == 0
		client := connect(t, "192.0.2.1", through("socks5://"+proxy.Address), func(o *session.Options) {
			o.Dialer = dialer
			if wrong {
				device.Change(func(d *netconftest.Device) {
					d.Config = &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, netconftest.ErrWrong }}
					d.Config.AddHostKey(netconftest.NewKey(t, "ed25519"))
				})
			}
		})
		_, err := client.Connect(deadline(t), nil)
		devices, errs = append(devices, device), append(errs, err)
	}
	wantError(t, errs[0], session.ReasonAuth)
	if errs[1] != nil {
		t.Errorf("the device of the same address behind the other proxy: %v", errs[1])
	}
}

// TestProxyBeforeJumpHost reaches the first jump host by the proxy, and the device by the jump host.
func TestProxyBeforeJumpHost(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	outer, inner := netconftest.StartJump(t), netconftest.StartJump(t)
	proxy := netconftest.StartProxy(t)
	dialer := newDialer(t, 4)
	way := behind(dialer, hop("outer", outer), hop("inner", inner))
	if _, err := connect(t, device.Address, through("socks5://"+proxy.Address), way).Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	if asked := proxy.Asked(); len(asked) != 1 || asked[0] != outer.Address {
		t.Errorf("the proxy was asked for %q, want the outer jump host %s", asked, outer.Address)
	}
	if _, err := connect(t, device.Address, way).Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
	if n := outer.Offered.Load(); n != 2 {
		t.Errorf("%d logins to the jump host, want one with the proxy and one without", n)
	}
	_, err := connect(t, device.Address, through("http://127.0.0.1:1"), way).Connect(deadline(t), nil)
	wantError(t, err, session.ReasonJump, "proxy http://127.0.0.1:1")
}

// TestAllowedBehindProxy holds that allowed_targets are checked on the address as written, and that a name is none.
func TestAllowedBehindProxy(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	proxy := netconftest.StartProxy(t)
	restricted := func(networks ...string) func(*session.Options) {
		return func(o *session.Options) { o.RequireAllowed, o.Auth.AllowedTargets = true, networks }
	}
	for address, remedy := range map[string]string{"192.0.2.1:830": "add its network there, or use an auth that may reach it", "localhost:830": "write the address, not a name"} {
		says := []string{"target router1", address, "address is outside allowed_targets of auth", remedy}
		_, err := connect(t, address, through("socks5://"+proxy.Address), restricted("127.0.0.0/8")).Connect(deadline(t), nil)
		if !errors.Is(err, session.ErrNotAllowed) {
			t.Errorf("%s: %v", address, err)
		}
		wantError(t, err, session.ReasonRefused, says...)
		o := session.Options{Target: &config.Target{Name: "router1", Address: address}, Auth: &config.Auth{}}
		through("socks5://" + proxy.Address)(&o)
		restricted("127.0.0.0/8")(&o)
		_, err = session.Resolve(context.Background(), o)
		if !errors.Is(err, session.ErrNotAllowed) {
			t.Errorf("%s: Resolve: %v", address, err)
		}
		wantError(t, err, session.ReasonRefused, says...)
	}
	if asked := proxy.Asked(); len(asked) > 0 {
		t.Errorf("the proxy was asked for %q", asked)
	}
	host, _, _ := net.SplitHostPort(device.Address)
	client := connect(t, device.Address, through("socks5://"+proxy.Address), restricted(host))
	if _, err := client.Connect(deadline(t), nil); err != nil { // the proxy need not be in the networks
		t.Error(err)
	}
}
