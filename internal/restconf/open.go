package restconf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

const (
	// capabilitiesPath is where a server lists what of RESTCONF it can do (RFC 8040, section 9.1).
	capabilitiesPath = "data/ietf-restconf-monitoring:restconf-state/capabilities"
	// libraryPath is the YANG library of RFC 8525, oldLibraryPath that of RFC 7895.
	libraryPath    = "data/ietf-yang-library:yang-library"
	oldLibraryPath = "data/ietf-yang-library:modules-state"
	// fieldsCapability announces the query parameter fields.
	fieldsCapability = "urn:ietf:params:restconf:capability:fields:1.0"
	// libraryFields are what is needed of a YANG library.
	libraryFields = "module-set(name;module(name;revision;namespace;deviation));datastore(name)"
)

func (c *Client) timeouts() session.Timeouts { return c.options.Timeouts.WithDefaults() }

// ensure opens the session. If it is open, ensure requests the identifier of the YANG library at the beginning of a read, which shows
// whether the login is still accepted and the device unchanged.
func (c *Client) ensure(ctx context.Context, trace *session.Trace, begins bool) error {
	c.mu.Lock()
	until, flood := c.notBefore, c.flood
	c.flood = nil
	c.mu.Unlock()
	if time.Now().Before(until) {
		err := c.wait(until)
		trace.End("queue", time.Now(), err, "")
		return err
	}
	if flood != nil {
		return session.Failed(session.ReasonRPC, "%w", flood)
	}
	isOpen := !c.verified.IsZero()
	if isOpen && (!begins || time.Since(c.verified) < verifiedFor) {
		return nil
	}
	credentials, err := c.readCredentials()
	if err != nil {
		trace.End("auth", time.Now(), err, "")
		return err
	}
	changed := c.credentials != nil && c.credentials.account != credentials.account
	if changed {
		c.unlink() // another certificate takes another connection
	}
	c.credentials, c.proven, c.accepted = credentials, isOpen && !changed, false
	before := c.device
	c.opening = true
	err = session.Guard(func() error { return c.open(ctx, trace) })
	c.opening = false
	c.settle(err)
	c.count(ctx, err)
	if err != nil {
		c.lose()
		return err
	}
	c.verified = time.Now()
	if isOpen && (before == c.device || before.contentID == "" && c.device.contentID == "") {
		return nil
	}
	clear(c.forms)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start = c.verified
	c.options.Logger.Debug("session opened", "target", c.options.Target.Name, "root", c.root)
	return nil
}

// open finds the root, logs in, and learns what the device is, unless that is known.
func (c *Client) open(ctx context.Context, trace *session.Trace) error {
	if !c.rootKnown {
		if err := c.findRoot(ctx, trace); err != nil {
			return err
		}
	}
	paths := []string{libraryPath + "/content-id", oldLibraryPath + "/module-set-id"}
	if known := cmp.Or(c.learning, c.device); known != nil && known.idPath == paths[1] {
		slices.Reverse(paths)
	}
	var id, idPath string
	found := false
	for i, path := range paths {
		got, err := c.small(ctx, trace, request{path: path, login: i == 0})
		if err != nil {
			return err
		}
		if got.status == http.StatusNotAcceptable || got.status == http.StatusUnsupportedMediaType {
			return session.Failed(session.ReasonHello, "%s answers %d %s to all media types of XML: %w", c.hostPort, got.status, http.StatusText(got.status), errJSONAlone)
		}
		found = found || got.status != http.StatusNotFound && got.status < http.StatusInternalServerError
		if got.status == http.StatusOK {
			if id, err = got.leaf(); err != nil {
				return err
			}
			idPath = path
			break
		}
	}
	if c.device.isStill(idPath, id, !c.verified.IsZero()) {
		return nil
	}
	began := time.Now()
	// Continue where the last attempt ran out of time: slow devices would never finish otherwise.
	if c.learning == nil || c.learning.idPath != idPath || c.learning.contentID != id {
		c.learning = &device{contentID: id, idPath: idPath}
	}
	d := c.learning
	d.found = d.found || found
	err := c.learn(ctx, trace, d)
	detail := fmt.Sprintf("RESTCONF at %s, %d capabilities", c.root, len(d.capabilities))
	if d.library != nil {
		detail += fmt.Sprintf(", %d YANG modules", len(d.library.Modules))
	}
	trace.End("hello", began, err, detail)
	if err == nil {
		d.learned = time.Now()
		c.device, c.learning = d, nil
	}
	return err
}

// relearn is how long what was learned is used if the device has no identifier for it, or could not tell all.
const relearn = time.Hour

// isStill reports whether the device is unchanged, by the identifier of its YANG library; without one, until the session ends.
func (d *device) isStill(idPath, id string, isOpen bool) bool {
	if d == nil || d.library == nil && d.failing != "" || d.idPath != idPath || d.contentID != id {
		return false
	}
	return id != "" && d.failing == "" || (isOpen || id != "") && time.Since(d.learned) < relearn
}

// findRoot requests the root of the API. Most devices need no login for that.
func (c *Client) findRoot(ctx context.Context, trace *session.Trace) error {
	r := request{path: hostMeta, accept: "application/xrd+xml, application/json;q=0.5", noSecret: true}
	got, err := c.small(ctx, trace, r)
	if err == nil && got.status == http.StatusUnauthorized {
		r.noSecret, r.login = false, true
		got, err = c.small(ctx, trace, r)
	}
	if errors.Is(err, errRedirected) { // many web interfaces redirect all unknown paths
		c.root, c.rootKnown = defaultRoot, true
		return nil
	}
	if err != nil {
		return err
	}
	root := defaultRoot
	if got.status == http.StatusOK {
		if root, err = parseHostMeta(got.text, c.origin()); err != nil {
			return session.Failed(session.ReasonHello, "%s: %w", c.hostPort, err)
		}
	}
	c.root, c.rootKnown = root, true
	return nil
}

// learn reads capabilities and YANG library.
func (c *Client) learn(ctx context.Context, trace *session.Trace, d *device) error {
	if !d.asked {
		got, err := c.small(ctx, trace, request{path: capabilitiesPath})
		if err == nil && got.status == http.StatusOK {
			d.found = true
			d.capabilities, err = got.leaves("capability")
		}
		if err == nil {
			d.noteFailing(got.answer)
		}
		if err != nil {
			return err
		}
		d.asked = true
	}
	d.fields = slices.ContainsFunc(d.capabilities, func(c string) bool { return strings.HasPrefix(c, fieldsCapability) })
	for _, path := range []string{libraryPath, oldLibraryPath} {
		if d.idPath != "" && !strings.HasPrefix(d.idPath, path+"/") {
			continue
		}
		var err error
		if d.library, err = c.readLibrary(ctx, trace, path, d); err != nil {
			return err
		}
		if d.library != nil {
			break
		}
	}
	if d.library == nil && d.idPath != "" && d.failing != "" {
		return session.Failed(session.ReasonHello, "%s has a YANG library and cannot tell it: it answers %s; see the device's log", c.hostPort, d.failing)
	}
	if !d.found && d.library == nil {
		if err := c.checkRoot(ctx, trace); err != nil {
			c.learning = nil
			return err
		}
	}
	d.names = libraryNames(d.library)
	if d.library != nil && slices.Contains(d.library.Datastores, "operational") {
		d.nmda = true
		d.capabilities = append(d.capabilities, yang.NMDANamespace) // as a device would announce it that speaks NETCONF
	}
	return nil
}

// checkRoot distinguishes a device whose user may see nothing from one without RESTCONF.
func (c *Client) checkRoot(ctx context.Context, trace *session.Trace) error {
	got, err := c.small(ctx, trace, request{path: c.root})
	switch {
	case err != nil:
		return err
	case got.status >= http.StatusInternalServerError:
		return session.Failed(session.ReasonHello, "%s answers %d %s to all that it is asked; see the device's log", c.hostPort, got.status, http.StatusText(got.status))
	case got.status != http.StatusNotFound && got.mediaType != "text/html":
		return nil
	}
	c.rootKnown = false // it is asked for again
	return session.Failed(session.ReasonNoNetconf, "%s: there is no RESTCONF at %s: the device answers %d %s; enable RESTCONF there, or correct the port",
		c.hostPort, cmp.Or(c.root, "/"), got.status, http.StatusText(got.status))
}

// noteFailing notes an answer by which the device says that it fails: what it could not tell now has to be asked for again.
func (d *device) noteFailing(a *answer) {
	if a.status >= http.StatusInternalServerError && a.status != http.StatusNotImplemented {
		d.failing = fmt.Sprintf("%d %s to GET %s", a.status, http.StatusText(a.status), a.request)
	}
}

// readLibrary reads the device's YANG library; nil if there is none at the path, or the user may not read it.
func (c *Client) readLibrary(ctx context.Context, trace *session.Trace, path string, d *device) (*yang.Library, error) {
	queries := []string{""}
	if d.fields && path == libraryPath {
		queries = []string{"fields=" + libraryFields, ""}
	}
	for _, query := range queries {
		a, err := c.send(ctx, trace, request{path: path, query: query})
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK {
			d.noteFailing(a)
			_, _ = a.errors() // the next way is tried
			continue
		}
		left := int64(*c.options.Target.MaxReplyBytes)
		a.left = &left
		if err := a.checkXML(); err != nil {
			return nil, session.Failed(session.ReasonHello, "%w", err)
		}
		library, err := yang.ParseLibrary(a)
		a.end(err)
		if err != nil {
			return nil, session.Failed(session.ReasonHello, "the YANG library: %w", a.broken(err))
		}
		return library, nil
	}
	return nil, nil
}
