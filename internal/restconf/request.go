package restconf

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// mediaXML is how data is asked for (RFC 8040, section 3.2).
const mediaXML = "application/yang-data+xml"

// mediaTypes are asked for one after the other, until the device accepts one: that of the RFC, and those of its drafts. Only one is named
// at a time, because some servers read the header word by word.
func mediaTypes() []string {
	return []string{mediaXML, "application/yang.data+xml", "application/vnd.yang.data+xml", "application/xml"}
}

// headerSize is how many octets of an answer are taken for its header.
const headerSize = 2 << 10

// request is one HTTP request.
type request struct {
	method   string // "": GET
	path     string // escaped; below the root of the API unless it begins with a slash
	query    string
	body     string // XML
	accept   string // "": the media type that the device takes
	within   string // the phase that it belongs to; "": rpc
	noSecret bool   // it is sent without a login
	login    bool   // it is the first of a session or of a read: the account is asked before it is sent
}

func (r request) String() string {
	if r.query != "" {
		return r.path + "?" + r.query
	}
	return r.path
}

// maxRedirects is how many redirections of one request are followed.
const maxRedirects = 3

// send sends a request and returns the answer, whatever its status, unless that says that the device cannot answer now. Errors are
// failures of the session.
func (c *Client) send(ctx context.Context, trace *session.Trace, r request) (*answer, error) {
	asked := r
	for redirected, refused := 0, 0; ; {
		a, err := c.exchange(ctx, trace, r)
		if err != nil {
			return nil, err
		}
		switch a.status {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			to, err := c.redirection(a)
			a.end(err)
			if redirected++; err == nil && redirected > maxRedirects {
				err = fmt.Errorf("%w: %s is redirected again and again, now to %q; check that RESTCONF is enabled there, and takes a login by HTTP Basic", errRedirected, asked, bound(c.redact(to.String())))
			}
			if err != nil {
				return nil, session.Failed(session.ReasonRPC, "%s: %w", c.hostPort, err)
			}
			r.path, r.query = to.EscapedPath(), to.RawQuery
			continue
		case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
			return nil, c.unavailable(a)
		case http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
			if r.accept == "" && refused < len(mediaTypes())-1 {
				a.end(nil)
				refused++
				c.media = (c.media + 1) % len(mediaTypes())
				continue
			}
		}
		return a, nil
	}
}

// redirection is where an answer redirects to. Only the device itself is followed: no one else is sent the login.
func (c *Client) redirection(a *answer) (*url.URL, error) {
	origin := c.origin()
	at, err := origin.Parse(a.header.Get("Location"))
	if err != nil || !sameOrigin(at, origin) || a.method == http.MethodPost {
		return nil, fmt.Errorf("%w: %s is redirected to %q, which is not followed; check that RESTCONF is enabled there, and if that is the device by another name or port, make it the target's address",
			errRedirected, a.request, bound(c.redact(a.header.Get("Location"))))
	}
	return at, nil
}

var errRedirected = errors.New("no answer")

// exchange sends a request on the open link, or on a new one if that has ended meanwhile. It may be sent twice: all only read.
func (c *Client) exchange(ctx context.Context, trace *session.Trace, r request) (*answer, error) {
	if r.method == "" {
		r.method = http.MethodGet
	}
	began := time.Now()
	for retried := false; ; retried = true {
		if c.link == nil {
			if err := c.connect(ctx, trace); err != nil {
				if !c.opening {
					c.count(ctx, err)
				}
				return nil, err
			}
		}
		a, err := c.exchangeAdmitted(ctx, trace, r)
		if errors.Is(err, errNoConnection) && !retried {
			c.unlink()
			continue
		}
		if errors.Is(err, errNoConnection) {
			err = c.exchangeError(ctx, r, began, err)
			defer c.unlink()
		}
		switch {
		case !c.opening && c.dialled:
			c.count(ctx, err)
		case !r.noSecret: // the login has ended
			c.freeSlot()
		}
		return a, err
	}
}

// exchangeAdmitted sends a request on the open link once it may be sent.
func (c *Client) exchangeAdmitted(ctx context.Context, trace *session.Trace, r request) (*answer, error) {
	if !r.login && (c.entry == nil || r.noSecret) {
		l := c.link
		a, err := c.exchangeOnce(ctx, trace, r)
		l.end(c, err)
		return a, err
	}
	entry := cmp.Or(c.entry, c.link.entry) // our certificate has been sent already
	c.entry, c.link.entry = nil, nil
	if entry == nil {
		var err error
		if entry, err = c.admit(ctx, trace); err != nil {
			return nil, err
		}
	}
	within, cancel := ctx, context.CancelFunc(func() {})
	if r.login {
		within, cancel = context.WithTimeout(ctx, c.timeouts().Login)
	}
	began := time.Now()
	a, err := c.exchangeOnce(within, trace, r)
	err = c.judge(entry, r, a, err)
	if r.login {
		trace.End("auth", began, err, "")
	}
	if err != nil {
		cancel()
		return nil, err
	}
	a.cancel = cancel
	return a, nil
}

// exchangeOnce sends a request on the open link. It returns errNoConnection if that has ended.
func (c *Client) exchangeOnce(ctx context.Context, trace *session.Trace, r request) (*answer, error) {
	began := time.Now()
	sent, err := http.NewRequestWithContext(ctx, r.method, c.url(r), bytes.NewReader([]byte(r.body)))
	if err != nil {
		return nil, session.Failed(session.ReasonRPC, "%s %s: %w", r.method, r, err)
	}
	if r.body == "" {
		sent.Body, sent.GetBody, sent.ContentLength = nil, nil, 0
	} else {
		sent.Header.Set("Content-Type", mediaXML)
	}
	sent.Header.Set("User-Agent", "netconf_exporter")
	sent.Header.Set("Accept-Encoding", "gzip")
	sent.Header.Set("Accept", mediaTypes()[c.media])
	if r.accept != "" {
		sent.Header.Set("Accept", r.accept)
	}
	sent.Header["Idempotency-Key"] = nil // it may be repeated on another connection; the header is not sent
	if c.credentials.password != "" && !r.noSecret {
		sent.SetBasicAuth(c.credentials.username, c.credentials.password)
	}
	response, err := c.link.transport.RoundTrip(sent)
	if err == nil && ctx.Err() != nil { // a server that sees us give up may answer
		_ = response.Body.Close()
		err = ctx.Err()
	}
	if err != nil {
		// On a link that was in use, the server may have closed it a moment ago.
		if errors.Is(err, errNoConnection) || c.link.used && ctx.Err() == nil {
			return nil, fmt.Errorf("%w: %w", errNoConnection, err)
		}
		if ctx.Err() == nil {
			err = c.link.cause(err)
		}
		c.unlink()
		return nil, c.exchangeError(ctx, r, began, err)
	}
	first := !c.link.used
	c.link.used = true
	c.link.tcp.Wait(false)
	c.link.tcp.Use(headerSize)
	a, err := newAnswer(response, c.link.tcp)
	if err != nil {
		c.unlink()
		return nil, session.Failed(session.ReasonRPC, "the answer to %s %s cannot be read: %w", r.method, r, err)
	}
	a.request, a.client, a.trace, a.began = r, c, trace, began
	if first && a.status == http.StatusBadRequest {
		if err := c.refusedCertificate(a); err != nil {
			c.unlink()
			return nil, err
		}
	}
	return a, nil
}

// url is the address of a request.
func (c *Client) url(r request) string {
	u := strings.TrimSuffix(c.origin().String(), "/") // which escapes the zone of an IPv6 address
	if !strings.HasPrefix(r.path, "/") {
		u += c.root + "/"
	}
	u += r.path
	if r.query != "" {
		u += "?" + r.query
	}
	return u
}

// origin is the address of the device as it is named to it.
func (c *Client) origin() *url.URL {
	host := strings.TrimSuffix(c.hostPort, ":443")
	return &url.URL{Scheme: "https", Host: host, Path: "/"}
}
