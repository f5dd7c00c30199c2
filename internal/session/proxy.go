package session

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/proxy"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// maxProxyAnswer bounds the header with which an HTTP proxy answers.
const maxProxyAnswer = 16 << 10

// proxy is the proxy on the way to the target or to its first jump host; nil if there is none.
func (o Options) proxy() *config.Proxy {
	if o.Target.ProxyURL == nil || o.Target.CallHome {
		return nil
	}
	p, _ := o.Target.ProxyURL.Proxy() // the configuration is valid
	return p
}

// resolvedElsewhere reports whether names are looked up by a jump host or a proxy.
func (o Options) resolvedElsewhere() bool { return len(o.Via) > 0 || o.proxy() != nil }

// dialProxy connects through the proxy. The time for that begins when the login to the proxy, if there is one, may be sent.
func (d *dial) dialProxy(ctx context.Context, dialer *net.Dialer, p *config.Proxy) (*connection, error) {
	if err := d.checkAllowed(); err != nil {
		return nil, err
	}
	began := time.Now()
	conn, err := d.loginProxy(ctx, dialer, p)
	if d.Dialer != nil {
		err = d.Dialer.proxies.tell(d.Logger, p, err)
	}
	d.trace.end("tcp", began, err, "from proxy "+p.String())
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn}, nil
}

// proxies are those that failed the last time. The log tells of one once, for all targets behind it.
type proxies struct {
	mu     sync.Mutex
	failed map[string]bool
}

// tell logs that a proxy does not work, or that it works again, and returns err.
func (f *proxies) tell(logger *slog.Logger, p *config.Proxy, err error) error {
	down := errors.Is(err, errProxyDown) && !errors.Is(err, context.Canceled)
	answered := err == nil || reasonOf(err) == ReasonRefused || reasonOf(err) == ReasonJump
	f.mu.Lock()
	known := f.failed[p.String()]
	if f.failed == nil {
		f.failed = map[string]bool{}
	}
	switch {
	case down:
		f.failed[p.String()] = true
	case answered:
		delete(f.failed, p.String())
	}
	f.mu.Unlock()
	switch {
	case down && !known:
		logger.Warn("the proxy failed; the targets behind it are not reached", "proxy", p.String(), "err", err)
	case known && !down && answered:
		logger.Info("the proxy is back", "proxy", p.String())
	}
	if down {
		return told{err}
	}
	return err
}

// passedAfter is how long an HTTP proxy that has our login says nothing until that is taken for passed: it is connecting to the device then.
const passedAfter = time.Second

// loginProxy connects to the proxy and asks it for a connection to the target. Its refusals of a login count as those of devices do.
func (d *dial) loginProxy(ctx context.Context, dialer *net.Dialer, p *config.Proxy) (net.Conn, error) {
	if p.User == "" {
		return d.askProxy(ctx, dialer, p, nil)
	}
	login, err := d.admitToProxy(ctx, p)
	if err != nil {
		return nil, err
	}
	passed := login.Succeeded
	if p.Scheme == "http" { // it answers when it has a connection, or none, and the device may be dead
		passed = func() {}
		defer time.AfterFunc(passedAfter, login.Passed).Stop()
	}
	conn, err := d.askProxy(ctx, dialer, p, passed)
	switch {
	case errors.Is(err, errProxyLogin):
		login.Refused(err)
	case err == nil, reasonOf(err) == ReasonRefused: // it tried
		login.Succeeded()
	default:
		login.Cancelled()
	}
	return conn, err
}

// admitToProxy waits until the login may be sent to the proxy. As with a device, who waits gives back the dial slot.
func (d *dial) admitToProxy(ctx context.Context, p *config.Proxy) (*account.Login, error) {
	if d.freeSlot != nil {
		defer time.AfterFunc(slotWait, d.freeSlot).Stop()
	}
	asked := time.Now()
	secret := account.Secret{User: p.User, Digest: sha256.Sum256([]byte(p.User + "\x00" + p.Password.Reveal()))}
	login, err := d.accounts.Begin(ctx, secret, p.String())
	switch {
	case errors.As(err, new(*account.Held)):
		err = proxyError(p, fmt.Errorf("%w: %w", errProxyDown, err))
	case err != nil:
		err = accountError(err)
	}
	if err != nil || time.Since(asked) > time.Millisecond {
		d.trace.end("queue", asked, err, "waited for other logins to the proxy")
	}
	return login, err
}

// askProxy asks the proxy for a connection. passed is called when a SOCKS5 proxy has taken the login.
func (d *dial) askProxy(ctx context.Context, dialer *net.Dialer, p *config.Proxy, passed func()) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Connect)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", p.Address)
	if err != nil {
		return nil, proxyDialError(p, err)
	}
	if p.Scheme == "http" {
		return askHTTP(ctx, conn, p, d.hostPort)
	}
	return askSOCKS(ctx, &socksLogin{Conn: conn, passed: passed}, p, d.hostPort)
}

// socksLogin watches for the answer to a login: the fourth octet that the proxy sends is 0 (RFC 1929).
type socksLogin struct {
	net.Conn
	passed func() // nil: there is no login
	read   int
}

// Read implements io.Reader.
func (s *socksLogin) Read(b []byte) (int, error) {
	const status = 3
	n, err := s.Conn.Read(b)
	if at := status - s.read; s.passed != nil && at >= 0 && at < n && b[at] == 0 {
		s.passed()
	}
	s.read = min(s.read+n, status+1)
	return n, err
}

// askSOCKS asks a SOCKS5 proxy for a connection (RFC 1928). If that fails, it closes conn.
func askSOCKS(ctx context.Context, conn net.Conn, p *config.Proxy, hostPort string) (net.Conn, error) {
	var login *proxy.Auth
	if p.User != "" {
		login = &proxy.Auth{User: p.User, Password: p.Password.Reveal()}
	}
	socks, err := proxy.SOCKS5("tcp", p.Address, login, opened{conn})
	if err == nil {
		conn, err = socks.(proxy.ContextDialer).DialContext(ctx, "tcp", hostPort)
	}
	if err != nil {
		return nil, socksError(ctx, p, hostPort, err)
	}
	return conn, nil
}

// opened dials a connection that is there already.
type opened struct{ net.Conn }

func (o opened) Dial(string, string) (net.Conn, error)                         { return o.Conn, nil }
func (o opened) DialContext(context.Context, string, string) (net.Conn, error) { return o.Conn, nil }

// askHTTP asks an HTTP proxy for a connection (RFC 9110 section 9.3.6). If that fails, it closes conn.
func askHTTP(ctx context.Context, conn net.Conn, p *config.Proxy, hostPort string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	request := &http.Request{Method: http.MethodConnect, Host: hostPort, URL: &url.URL{Opaque: hostPort}, Header: http.Header{"User-Agent": {"netconf_exporter"}}}
	if p.User != "" {
		login := base64.StdEncoding.EncodeToString([]byte(p.User + ":" + p.Password.Reveal()))
		request.Header.Set("Proxy-Authorization", "Basic "+login)
	}
	header := bufio.NewReader(io.LimitReader(conn, maxProxyAnswer))
	var response *http.Response
	err := request.Write(conn)
	if err == nil {
		response, err = http.ReadResponse(header, request)
	}
	switch {
	case err != nil && ctx.Err() != nil, !stop():
		err = proxyTimeout(ctx, p, hostPort)
	case err != nil:
		err = proxyError(p, fmt.Errorf("it gave no HTTP answer of at most %d bytes: %w; check the scheme in proxy_url, and the proxy's log", maxProxyAnswer, err))
	case response.StatusCode/100 != 2:
		err = connectError(p, hostPort, response)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	early := make([]byte, header.Buffered()) // a device may speak first
	_, _ = io.ReadFull(header, early)
	return &resumed{conn, io.MultiReader(bytes.NewReader(early), conn)}, nil
}

// resumed is a connection of which some has been read already.
type resumed struct {
	net.Conn
	from io.Reader
}

func (r *resumed) Read(p []byte) (int, error) { return r.from.Read(p) }
