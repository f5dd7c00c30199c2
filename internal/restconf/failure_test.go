package restconf_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/restconf"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// respond makes a handler that answers one path itself.
func respond(path string, answer http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path && path != "*" {
			return false
		}
		answer(w, r)
		return true
	}
}

// status answers with a status, and a body of a media type.
func status(code int, mediaType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if mediaType != "" {
			w.Header().Set("Content-Type", mediaType)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// gzipped is n zeros inside of an element, compressed.
func gzipped(n int) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprintf(z, "<top xmlns='urn:lab'>")
	zeros := make([]byte, 1<<20)
	for ; n > 0; n -= len(zeros) {
		z.Write(bytes.ReplaceAll(zeros, []byte{0}, []byte{'0'})[:min(n, len(zeros))])
	}
	fmt.Fprintf(z, "</top>")
	z.Close()
	return b.String()
}

// TestFailures: what a server does in the place of answering, the reason that it is, and what the error says.
func TestFailures(t *testing.T) {
	const at, id = "/restconf/data/lab:top", "/restconf/data/ietf-yang-library:yang-library/content-id"
	stall := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tc := range map[string]struct {
		path   string
		answer http.HandlerFunc
		reason session.Reason
		says   string
	}{
		"refused login":    {id, status(401, "", "go away secret"), session.ReasonAuth, `auth "lab": login refused for user "u": 401 Unauthorized, and "go away <secret>"; check username and password`},
		"an empty refusal": {id, status(401, "application/yang-data+xml", `<errors><error><error-tag>access-denied</error-tag></error></errors>`), session.ReasonAuth, `login refused for user "u": access-denied; check username and password`},
		"another scheme": {id, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Digest realm="device, Basic", nonce="x"`)
			w.WriteHeader(401)
		}, session.ReasonAuth, `the device wants the authentication scheme "Digest", and only Basic is spoken`},
		"a library that cannot be told": {"/restconf/data/ietf-yang-library:yang-library", status(500, "", ""), session.ReasonHello, "has a YANG library and cannot tell it: it answers 500 Internal Server Error to GET data/ietf-yang-library:yang-library"},
		"errors alone":                  {"*", status(500, "", ""), session.ReasonHello, "answers 500 Internal Server Error to all that it is asked"},
		"asked too often":               {at, status(429, "", ""), session.ReasonRefused, "429 Too Many Requests: it is asked too often; raise the scrape interval, or max_age"},
		"a page to log in, redirected to": {id, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, id, http.StatusFound)
		}, session.ReasonRPC, "takes a login by HTTP Basic"},
		"forbidden login": {id, status(403, "text/html", "no"), session.ReasonAuth, `login refused for user "u": 403 Forbidden`},
		"refused amid a session, by an error of RESTCONF": {at, status(401, "application/yang-data+json", `{"ietf-restconf:errors": {"error": [{"error-type": "protocol", "error-tag": "access-denied", "error-message": "Access denied."}]}}`),
			session.ReasonAuth, `login refused for user "u": Access denied.; check username and password`},
		"refused amid a session":      {at, status(401, "", ""), session.ReasonAuth, "login refused"},
		"no RESTCONF":                 {"*", status(404, "text/html", "<html>not found</html>"), session.ReasonNoNetconf, "there is no RESTCONF at /restconf: the device answers 404 Not Found; enable RESTCONF there"},
		"a page to log in":            {id, status(200, "text/html; charset=utf-8", "<!DOCTYPE html><html><body>Login"), session.ReasonHello, "text/html in the place of application/yang-data+xml, a page of its web interface, maybe one to log in"},
		"a page in the place of data": {at, status(200, "text/html", "<html>"), session.ReasonRPC, "a page of its web interface"},
		"a page that says it is XML":  {at, status(200, "application/xml", "<html><body/></html>"), session.ReasonRPC, "it holds <html> in the place of <top>"},
		"JSON alone":                  {id, status(200, "application/yang-data+json", `{"x":1}`), session.ReasonHello, "the device's RESTCONF speaks JSON alone, which is not read"},
		"no media type that we take":  {id, status(406, "application/json", ``), session.ReasonHello, "the device's RESTCONF speaks JSON alone, which is not read"},
		"another media type":          {at, status(200, "application/octet-stream", "abc"), session.ReasonRPC, `it is application/octet-stream in the place of application/yang-data+xml: "abc"`},
		"no XML":                      {at, status(200, "application/xml", "Traceback"), session.ReasonRPC, `not well-formed XML at byte 9: text outside the root element: it begins with "Traceback"`},
		"a document type":             {at, status(200, "application/yang-data+xml", "<!DOCTYPE x [<!ENTITY y 'z'>]><top xmlns='urn:lab'/>"), session.ReasonRPC, "a document type"},
		"truncated":                   {at, status(200, "application/yang-data+xml", "<top xmlns='urn:lab'><entry>"), session.ReasonRPC, "closes <entry>"},
		"overloaded":                  {at, status(503, "", ""), session.ReasonRefused, "the device answers 503 Service Unavailable; check that its RESTCONF server runs"},
		"silence at login":            {id, stall, session.ReasonTimeout, "no answer to GET data/ietf-yang-library:yang-library/content-id within"},
		"silence":                     {at, stall, session.ReasonTimeout, "no answer to GET data/lab:top within"},
		"too large":                   {at, status(200, "application/yang-data+xml", "<top xmlns='urn:lab'>"+strings.Repeat("0", 2<<20)+"</top>"), session.ReasonRPC, decode.ErrTooLarge.Error()},
		"a redirection to another host": {at, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://192.0.2.1/x", http.StatusFound)
		}, session.ReasonRPC, `redirected to "https://192.0.2.1/x", which is not followed`},
		"a redirection to itself": {at, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, at, http.StatusFound) }, session.ReasonRPC, "redirected again and again"},
		"endless header": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 100<<10))
		}, session.ReasonRPC, ""},
		"an unknown encoding": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, "x")
		}, session.ReasonRPC, `content encoding "br"`},
		"a bomb": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/yang-data+xml")
			_, _ = io.WriteString(w, gzipped(16<<20))
		}, session.ReasonRPC, decode.ErrTooLarge.Error()},
		"broken gzip": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "<top xmlns='urn:lab'/>")
		}, session.ReasonRPC, "gzip"},
		"a header and no body": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/yang-data+xml")
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, session.ReasonTimeout, ""},
		"a body that drips": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/yang-data+xml")
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "<!-- -->")
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, session.ReasonTimeout, ""},
		"a connection that ends amid a body": {at, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/yang-data+xml")
			_, _ = io.WriteString(w, "<top xmlns='urn:lab'>")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, session.ReasonRPC, ""},
		"a body that is shorter than it says": {at, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/yang-data+xml")
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "<top xmlns='urn:lab'>")
		}, session.ReasonRPC, "data/lab:top"},
		"a connection that ends": {at, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, session.ReasonRPC, "GET data/lab:top was not answered"},
		"a root elsewhere":       {"/.well-known/host-meta", status(200, "application/xrd+xml", strings.Replace(xrd, `"/restconf"`, `"https://192.0.2.1/restconf"`, 1)), session.ReasonHello, "it has to be a path on the device itself"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", name, http2), func(t *testing.T) {
				t.Parallel()
				d := device("", "", map[string]string{at: top})
				d.Handle = respond(tc.path, tc.answer)
				if name == "refused login" || name == "forbidden login" {
					d.Username = ""
				}
				d.Start(t, func(s *httptest.Server) { s.EnableHTTP2 = http2 })
				o := options(t, d)
				*o.Target.MaxReplyBytes = 1 << 20
				c := newClient(t, o)
				patient := func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), time.Minute) }
				impatient := func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), 3*time.Second) }
				connecting, reading := patient, patient
				switch {
				case tc.reason == session.ReasonTimeout && tc.path == at:
					reading = impatient
				case tc.reason == session.ReasonTimeout:
					connecting = impatient
				}
				ctx, cancel := connecting()
				defer cancel()
				_, err := c.Connect(ctx, nil)
				if err == nil {
					ctx, cancel := reading()
					defer cancel()
					err = c.RPC(ctx, nil, get(`<top xmlns="urn:lab"/>`), wellFormed)
				}
				if session.ReasonOf(err) != tc.reason || err != nil && !strings.Contains(err.Error(), tc.says) {
					t.Fatalf("reason %q, want %q: %v; want %q", session.ReasonOf(err), tc.reason, err, tc.says)
				}
				var named *session.Error
				if err != nil && (!errors.As(err, &named) || named.Target != "r1") {
					t.Errorf("the error names no target: %v", err)
				}
				if err != nil && strings.Contains(err.Error(), "away secret") {
					t.Error("the error holds the password")
				}
			})
		}
	}
}

// TestRefusedLoginsAreCounted: a refused login is not tried again, a changed password is, and one that is changed on the device amid a
// session counts too.
func TestRefusedLoginsAreCounted(t *testing.T) {
	d := device("", "", map[string]string{"/restconf/data/lab:top": top}).Start(t, nil)
	o := options(t, d)
	c := newClient(t, o)
	if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
		t.Fatal(err)
	}
	d.SetPassword("another")
	if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); session.ReasonOf(err) != session.ReasonAuth {
		t.Errorf("want a refused login, got %v", err)
	}
	for range 3 {
		if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonBackoff {
			t.Errorf("want to wait, got %v", err)
		}
	}
	if d.Refused() != 1 {
		t.Errorf("%d logins were refused, want 1", d.Refused())
	}
	if retry := c.Stats().LoginRetry; time.Until(retry) < time.Minute {
		t.Errorf("the next login is at %v", retry)
	}
	o.Auth.Password = "another"
	if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
		t.Errorf("a changed password: %v", err)
	}
}

// TestRefusedBehindNotFound: a server that says that something is not there before it looks at who asks has not accepted the login, also if it
// closes the connection then.
func TestRefusedBehindNotFound(t *testing.T) {
	_, file, key := newCertificate(t, "exporter")
	for name, tc := range map[string]struct{ keepsAlive, certificate bool }{
		"one connection": {true, false}, "a connection for each": {false, false}, "a connection for each, and a certificate": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := device("", "", map[string]string{"/restconf/data/lab:top": top})
			d.Username = ""
			var refused atomic.Int32
			d.Handle = func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case strings.HasPrefix(r.URL.Path, "/.well-known/"):
					return false
				case strings.HasSuffix(r.URL.Path, "-id"):
					w.WriteHeader(http.StatusNotFound)
				default:
					refused.Add(1)
					w.WriteHeader(http.StatusUnauthorized)
				}
				return true
			}
			d.Start(t, func(s *httptest.Server) {
				s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
				s.Config.SetKeepAlivesEnabled(tc.keepsAlive)
			})
			o := options(t, d)
			if tc.certificate {
				o.Auth.TLSConfig.CertFile, o.Auth.TLSConfig.KeyFile = file, key
			}
			c := newClient(t, o)
			for i, want := range []session.Reason{session.ReasonAuth, session.ReasonBackoff, session.ReasonBackoff} {
				if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); session.ReasonOf(err) != want {
					t.Errorf("read %d: want %s, got %v", i+1, want, err)
				}
			}
			if refused.Load() != 1 {
				t.Errorf("the login was refused %d times, want once", refused.Load())
			}
			if logins := o.Dialer.Logins(); logins.UnderWay > 0 {
				t.Errorf("%d logins are under way", logins.UnderWay)
			}
		})
	}
}

// TestMayNotRead: a device that knows the user and refuses what they ask for, by either status that RFC 8040 has for it, refuses no login.
func TestMayNotRead(t *testing.T) {
	const denied = `<errors xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><error><error-type>application</error-type><error-tag>access-denied</error-tag></error></errors>`
	for name, tc := range map[string]struct {
		path    string // that holds this
		status  int
		allowed bool
	}{
		"403 to data":    {"lab:top", 403, false},
		"401 to data":    {"lab:top", 401, false},
		"403 to library": {"ietf-yang-library", 403, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := device("", "", map[string]string{"/restconf/data/ietf-x:top": top})
			d.Handle = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, tc.path) {
					return false
				}
				status(tc.status, "application/yang-data+xml", denied)(w, r)
				return true
			}
			d.Start(t, nil)
			c := newClient(t, options(t, d))
			asked := `<top xmlns="urn:lab"/>`
			if tc.allowed { // without a library the name of the module is taken from the namespace
				asked = `<top xmlns="urn:ietf:params:xml:ns:yang:ietf-x"/>`
			}
			for range 3 {
				reply, err := rpc(t, c, get(asked))
				if err != nil || strings.Contains(reply, "access-denied") == tc.allowed {
					t.Errorf("%v, %s", err, reply)
				}
				c.Doubt()
			}
			if retry := c.Stats().LoginRetry; !retry.IsZero() {
				t.Errorf("the login is held until %v", retry)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for after, tc := range map[string]struct {
		code        int
		least, most time.Duration
	}{
		"3600": {429, 50 * time.Minute, time.Hour}, "3500": {503, 50 * time.Minute, time.Hour},
		"99999999999999999999": {429, 23 * time.Hour, 24 * time.Hour}, "Fri, 31 Dec 9999 23:59:59 GMT": {503, 23 * time.Hour, 24 * time.Hour},
	} {
		code := tc.code
		t.Run(after, func(t *testing.T) {
			d := device("", "", nil)
			d.Handle = respond("/restconf/data/lab:top", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(code)
			})
			d.Start(t, nil)
			c := newClient(t, options(t, d))
			_, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`))
			if session.ReasonOf(err) != session.ReasonBackoff || !strings.Contains(err.Error(), "not asked before ") || !strings.Contains(err.Error(), fmt.Sprint(code)) {
				t.Errorf("got %v", err)
			}
			before := len(d.Requests())
			if _, err := c.Connect(t.Context(), nil); session.ReasonOf(err) != session.ReasonBackoff {
				t.Errorf("got %v", err)
			}
			if got := d.Requests()[before:]; len(got) > 0 {
				t.Errorf("requests before the time: %v", got)
			}
			if wait := time.Until(c.Stats().LoginRetry); wait < tc.least || wait > tc.most {
				t.Errorf("the next request is in %v", wait)
			}
		})
	}
}

// TestConnections: the connection is kept, one that the device has closed is replaced, and the session goes on.
func TestConnections(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprint("HTTP/2 ", http2), func(t *testing.T) {
			d := device("", "", map[string]string{"/restconf/data/lab:top": top})
			var conns atomic.Int32
			d.Start(t, func(s *httptest.Server) {
				s.EnableHTTP2 = http2
				s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateNew {
						conns.Add(1)
					}
				}
			})
			c := newClient(t, options(t, d))
			trace := session.NewTrace()
			if _, err := c.Connect(t.Context(), trace); err != nil {
				t.Fatal(err)
			}
			start := c.Stats().Start
			for range 3 {
				if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
					t.Fatal(err)
				}
			}
			if conns.Load() != 1 {
				t.Errorf("%d connections, want 1", conns.Load())
			}
			d.DropConnections()
			if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
				t.Fatal(err)
			}
			stats := c.Stats()
			if conns.Load() != 2 || !stats.Start.Equal(start) || !stats.Established || stats.Dials[session.ResultOK] != 2 {
				t.Errorf("%d connections, want 2; session since %v, want %v; %v", conns.Load(), stats.Start, start, stats)
			}
			var phases []string
			for _, e := range trace.Events() {
				if e.Within == "" {
					phases = append(phases, e.Phase)
				}
			}
			if got := strings.Join(phases, " "); got != "queue tcp tls auth hello" {
				t.Errorf("phases %s", got)
			}
		})
	}
}

// silentAt makes a device say nothing to a request for a path, once silent is set, and tell asked of that.
func silentAt(path string, silent *atomic.Bool, asked chan<- bool) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if !silent.Load() || r.URL.Path != path {
			return false
		}
		asked <- true
		<-r.Context().Done()
		return true
	}
}

// connectUntil connects, and gives up when the device was asked for what it is silent at.
func connectUntil(t *testing.T, c *restconf.Client, asked <-chan bool) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-asked:
			cancel()
		case <-done:
		}
	}()
	_, err := c.Connect(ctx, nil)
	return err
}

// TestSilenceAtTheLogin: a device that falls silent is not taken for one that refuses the login, until it is silent at the next one too.
func TestSilenceAtTheLogin(t *testing.T) {
	var silent atomic.Bool
	asked := make(chan bool, 10)
	d := device("", "", nil)
	d.Handle = silentAt("/restconf/data/ietf-yang-library:yang-library/content-id", &silent, asked)
	d.Start(t, nil)
	c := newClient(t, options(t, d))
	if err := connectUntil(t, c, asked); err != nil {
		t.Fatal(err)
	}
	silent.Store(true)
	c.Doubt()
	for i, held := range []bool{false, false, true} {
		if err := connectUntil(t, c, asked); err == nil || (session.ReasonOf(err) == session.ReasonBackoff) != held {
			t.Errorf("read %d: %v", i+1, err)
		}
	}
}

// TestSlowDevices: a device that cannot tell what it is in the time of one read goes on with that in the next one.
func TestSlowDevices(t *testing.T) {
	var silent atomic.Bool
	silent.Store(true)
	asked := make(chan bool, 10)
	d := device("", "", nil)
	d.Handle = silentAt("/restconf/data/ietf-yang-library:yang-library", &silent, asked)
	d.Start(t, nil)
	c := newClient(t, options(t, d))
	if err := connectUntil(t, c, asked); err == nil {
		t.Fatal("it is connected")
	}
	silent.Store(false)
	before := len(d.Requests())
	if err := connectUntil(t, c, asked); err != nil {
		t.Fatal(err)
	}
	if got := d.Requests()[before:]; len(got) != 2 {
		t.Errorf("it was asked for %v", got)
	}
}
