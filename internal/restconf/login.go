package restconf

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// end tells the account how a login by certificate alone ended: err is nil after an answer.
func (l *link) end(c *Client, err error) {
	if l.entry == nil {
		return
	}
	switch {
	case err == nil:
		l.entry.Succeeded()
	case session.ReasonFor(context.Background(), err) == session.ReasonAuth:
		l.entry.Refused(err)
		c.held()
	default:
		l.entry.HungUp(err)
	}
	l.entry = nil
}

// held notes when a login that was just refused is tried again.
func (c *Client) held() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loginRetry, _ = session.NewAttempt(c.options, nil).Check(c.credentials.account, c.known)
}

// check returns an error while a login must not be tried.
func (c *Client) check(attempt *session.Attempt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	until, err := attempt.Check(c.credentials.account, c.known)
	if err != nil {
		c.loginRetry = until
	}
	return err
}

// count counts the result of a dial, or the failure to open the session on an existing connection. What was not tried is not counted.
func (c *Client) count(ctx context.Context, err error) {
	c.freeSlot()
	dialled := c.dialled
	c.dialled = false
	c.mu.Lock()
	defer c.mu.Unlock()
	switch reason := session.ReasonFor(ctx, err); {
	case err == nil && dialled:
		c.dials[session.ResultOK]++
		c.loginRetry = time.Time{}
	case err != nil && reason != session.ReasonBackoff:
		c.dials[reason]++
	}
}

// admit waits until the login may be sent.
func (c *Client) admit(ctx context.Context, trace *session.Trace) (*account.Login, error) {
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	return session.NewAttempt(c.options, trace).Admit(ctx, c.credentials.account, known)
}

// judge tells the account how a login ended, and returns the failure that it is. The answer is nil if there was none. A login on which the
// answer has no word goes on: servers may say that something is not there, or not to be had, before they look at who asks.
func (c *Client) judge(entry *account.Login, r request, a *answer, err error) error {
	switch {
	case errors.Is(err, errNoConnection) && r.login:
		entry.Cancelled() // the request is sent again, as another login
	case errors.Is(err, errNoConnection):
		c.entry = entry // it goes on, on another connection
	case err != nil && session.ReasonFor(context.Background(), err) == session.ReasonAuth: // our certificate
		entry.Refused(err)
		c.held()
	case err != nil && (c.proven || !r.login):
		entry.Cancelled() // the device is silent, which is no word on the login; if it stays so, the next one counts
	case err != nil && c.credentials.password != "":
		entry.Unanswered(err)
	case err != nil:
		entry.HungUp(err)
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden && r.login:
		err = c.refusal(a)
		if err == nil {
			c.accepted = true
			entry.Succeeded()
			return nil
		}
		entry.Refused(err)
		c.held()
	case a.status >= 300:
		c.entry = entry
	default:
		c.accepted = true
		entry.Succeeded()
	}
	return err
}

// settle ends a login on which no answer had a word.
func (c *Client) settle(err error) {
	entry := c.entry
	c.entry = nil
	switch {
	case entry == nil:
	case err == nil:
		entry.Succeeded()
	default:
		entry.Cancelled()
	}
}

// refusal is the failure of a login that an answer refuses. It is nil for errors of RESTCONF by which a device that knows the user says that
// they may not read this resource (RFC 8040, section 7: 403, or 401 as well); then the answer can still be read. Refused logins have errors
// of RESTCONF too, on many servers, but of the protocol and not of the application.
func (c *Client) refusal(a *answer) error {
	var read bytes.Buffer
	found, own := parseErrors(a.status, a.mediaType, io.TeeReader(a, &read))
	if own && (a.status == http.StatusForbidden || c.accepted && found[0].Tag == netconf.ErrAccesDenied && found[0].Type == "application") {
		a.plain, a.bytes = io.MultiReader(&read, a.plain), 0
		return nil
	}
	c.hide(found)
	a.end(nil)
	remedy := "check username and password"
	switch scheme := otherScheme(a.header); {
	case c.credentials.password == "":
		remedy = "the device does not take the certificate for a login, or wants a username and a password besides"
	case scheme != "":
		remedy = fmt.Sprintf("the device wants the authentication scheme %q, and only Basic is spoken; allow that there", scheme)
	}
	return session.Failed(session.ReasonAuth, "auth %q: login refused for user %q: %s; %s", c.options.Target.Auth, c.credentials.username, cmp.Or(found[0].Message, string(found[0].Tag)), remedy)
}

// otherScheme is the authentication scheme that an answer wants (RFC 9110, section 11.6.1); "" if Basic is one of those, or none is named.
func otherScheme(header http.Header) (other string) {
	for _, challenge := range header.Values("WWW-Authenticate") {
		for part := range strings.SplitSeq(challenge, ",") {
			scheme, parameters, _ := strings.Cut(strings.TrimSpace(part), " ")
			switch {
			case strings.EqualFold(scheme, "basic"):
				return ""
			case other == "" && !strings.Contains(scheme, "=") && !strings.HasPrefix(strings.TrimSpace(parameters), "="):
				other = bound(scheme)
			}
		}
	}
	return other
}

// ofCertificates finds what a text says of certificates.
var ofCertificates = regexp.MustCompile(`(?i)\bcert(ificate)?\b`)

// refusedCertificate is the failure that the first answer on a connection is if it is 400 because of our certificate, or because we sent none:
// web servers that verify it after the handshake say so, and many of them answer nothing more then.
func (c *Client) refusedCertificate(a *answer) error {
	text, _ := io.ReadAll(io.LimitReader(a, maxErrorBody)) // what could be read has to do
	a.plain, a.bytes = io.MultiReader(bytes.NewReader(text), a.plain), 0
	if !ofCertificates.Match(text) || ofCertificates.MatchString(a.request.String()) { // of what was asked for
		return nil
	}
	found, _ := a.errors()
	if c.credentials.certificate == nil {
		return session.Failed(session.ReasonAuth, "auth %q: %s wants a certificate of ours: %s; set cert_file and key_file in its tls_config", c.options.Target.Auth, c.hostPort, found[0].Message)
	}
	return session.Failed(session.ReasonAuth, "auth %q: login refused: %s refuses our certificate: %s; have the device trust its authority, or renew it",
		c.options.Target.Auth, c.hostPort, found[0].Message)
}

// refusedLater counts a login that is refused amid a session: the password was changed. It returns nil for an answer that refuses only
// what was asked for.
func (c *Client) refusedLater(ctx context.Context, a *answer) error {
	failure := c.refusal(a)
	if failure == nil {
		return nil
	}
	if entry, err := c.admit(ctx, nil); err == nil {
		entry.Refused(failure)
		c.held()
	}
	c.count(ctx, failure)
	return failure
}
