package restconf

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// exchangeError is the failure of a request that was not answered.
func (c *Client) exchangeError(ctx context.Context, r request, began time.Time, err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	c.flooded(nil) // if it was a flood, this error says so
	reason := session.ReasonRPC
	if c.verified.IsZero() {
		reason = session.ReasonHello
	}
	switch {
	case session.IsCertificateAlert(err), c.verified.IsZero() && c.credentials.certificate != nil && session.IsAlert(err):
		return session.NewAttempt(c.options, nil).CertificateRefusal(c.credentials.certificate, err)
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.Canceled):
		return session.Failed(session.ReasonTimeout, "%s: no answer to %s %s within %v: %w; raise the target's timeout if the device needs longer",
			c.hostPort, r.method, r, time.Since(began).Round(time.Millisecond), ctx.Err())
	case strings.Contains(err.Error(), "malformed HTTP"):
		return session.Failed(session.ReasonNoNetconf, "%s does not speak HTTP: %w; check the port", c.hostPort, errors.New(c.redact(err.Error())))
	}
	return session.Failed(reason, "%s: %s %s was not answered: %w", c.hostPort, r.method, r, err)
}

// unavailable is the failure of a device that cannot answer now. If it sends Retry-After, that is noted.
func (c *Client) unavailable(a *answer) error {
	said := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	a.end(errors.New(said))
	until := retryAfter(a.header, time.Now())
	if until.IsZero() && a.status == http.StatusTooManyRequests {
		return session.Failed(session.ReasonRefused, "%s: the device answers %s: it is asked too often; raise the scrape interval, or max_age", c.hostPort, said)
	}
	if until.IsZero() {
		return session.Failed(session.ReasonRefused, "%s: the device answers %s; check that its RESTCONF server runs, and that it is not overloaded", c.hostPort, said)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notBefore, c.wants = until, said
	return c.wait(until)
}

// wait is the failure while the device wants no requests.
func (c *Client) wait(until time.Time) error {
	return session.Failed(session.ReasonBackoff, "not asked before %s: the device answered %s, and wants no request before then (Retry-After)",
		until.UTC().Format(time.RFC3339), c.wants)
}
