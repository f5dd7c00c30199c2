package faults

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// restconfDevice is a healthy device that speaks RESTCONF. Its answer to the request for the state of the interfaces is its behaviour's, if it has one.
func restconfDevice(at func() http.HandlerFunc) *netconftest.RESTCONF {
	const library = "/restconf/data/ietf-yang-library:modules-state"
	return &netconftest.RESTCONF{Username: netconftest.User, Password: netconftest.Password, Answers: map[string]string{
		library + "/module-set-id": `<module-set-id xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">1</module-set-id>`,
		library: `<modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"><module><name>ietf-interfaces</name><revision>2014-05-08</revision>` +
			`<namespace>urn:ietf:params:xml:ns:yang:ietf-interfaces</namespace><conformance-type>implement</conformance-type></module></modules-state>`,
		"/restconf/data/ietf-interfaces:interfaces-state": state,
		"/restconf/data/ietf-interfaces:interfaces":       descriptions,
	}, Handle: func(w http.ResponseWriter, r *http.Request) bool {
		wrong := at()
		if wrong == nil || !strings.HasSuffix(r.URL.Path, ":interfaces-state") {
			return false
		}
		wrong(w, r)
		return true
	}}
}

// answers makes the RESTCONF device answer the request for the state of the interfaces in another way.
func answers(wrong http.HandlerFunc) func(*harness) {
	return func(s *harness) {
		s.webBehaviour.Store(&wrong)
		s.restore = append(s.restore, func() { s.webBehaviour.Store(nil) })
	}
}

// body is an answer of a status, a media type and a text.
func body(status int, mediaType, text string) func(*harness) {
	return answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // the client may have gone
	})
}

// overRESTCONF are faults of devices that speak RESTCONF.
func overRESTCONF() []fault {
	const xml = "application/yang-data+xml"
	begins := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", xml)
		_, _ = io.WriteString(w, state[:strings.Index(state, "</interface>")])
		w.(http.Flusher).Flush()
	}
	refused := outcome{up: 1, session: 1, reason: "rpc", says: "the line card is away"}
	rows := []fault{
		{name: "the connection closed while idle", begin: func(s *harness) { s.web.DropConnections() }, want: reopened},
		{name: "password changed", begin: func(s *harness) {
			s.web.SetPassword("another")
			s.restore = append(s.restore, func() {
				s.web.SetPassword(netPassword + "2")
				s.write("password", netPassword+"2") // a changed one is tried at once
			})
		}, want: outcome{reason: "auth", then: "backoff", says: "login refused", dials: dials{"auth": 1}}},
		{name: "an error", begin: answers(func(w http.ResponseWriter, _ *http.Request) {
			(&netconftest.RESTCONF{}).Error(w, 500, "operation-failed", "the line card is away")
		}), want: refused},
		{name: "an error in JSON", begin: body(500, "application/yang-data+json", `{"ietf-restconf:errors":{"error":[{"error-type":"application","error-tag":"operation-failed","error-message":"the line card is away"}]}}`), want: refused},
		{name: "no such data", begin: body(404, "text/html", "not found"), want: served.with(func(o *outcome) { o.rows = 0 })},
		{name: "no content", begin: answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }), want: served.with(func(o *outcome) { o.rows = 0 })},
		{name: "a page to log in", begin: body(200, "text/html", "<html><form>"), want: broken(0, "rpc", "a page of its web interface")},
		{name: "JSON alone", begin: body(200, "application/yang-data+json", "{}"), want: broken(0, "rpc", "speaks JSON alone")},
		{name: "not well-formed XML", begin: body(200, xml, `<interfaces-state `+ns+`><interface></interfaces-state>`), want: broken(1, "rpc", "not well-formed XML at byte")},
		{name: "a bad gateway", begin: body(502, "text/html", ""), want: broken(0, "refused", "the device answers 502 Bad Gateway")},
		{name: "overloaded", begin: func(s *harness) {
			answers(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "4")
				w.WriteHeader(503)
			})(s)
			s.restore = append(s.restore, s.awaitUp)
		}, want: outcome{reason: "backoff", says: "wants no request before then", dials: dials{}}},
		{name: "silence", begin: answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), silent: true, want: broken(0, "timeout", "no answer to GET")},
		{name: "half an answer, then silence", begin: answers(func(w http.ResponseWriter, r *http.Request) { begins(w); <-r.Context().Done() }), silent: true, want: broken(0, "timeout", "not complete")},
		{name: "half an answer, then closed", begin: answers(func(w http.ResponseWriter, _ *http.Request) { begins(w); panic(http.ErrAbortHandler) }), want: broken(0, "rpc", "the answer to GET")},
		{name: "one byte each 100 ms", begin: answers(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", xml)
			for i := 0; i < len(state) && r.Context().Err() == nil; i++ {
				_, _ = io.WriteString(w, state[i:i+1])
				w.(http.Flusher).Flush()
				time.Sleep(100 * time.Millisecond)
			}
		}), silent: true, want: broken(0, "timeout", "not complete")},
		{name: "an answer that never ends", begin: answers(func(w http.ResponseWriter, _ *http.Request) {
			begins(w)
			for _, err := io.WriteString(w, "<interface>"); err == nil; _, err = io.WriteString(w, strings.Repeat("x", 10_000)) {
			}
		}), want: broken(1, "rpc", "larger than max_reply_bytes")},
		{name: "a bomb of gzip", begin: answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", xml)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, state[:len(state)-len("</interfaces-state>")])
			for block := strings.Repeat(" ", 1<<20); ; {
				if _, err := io.WriteString(z, block); err != nil {
					return
				}
			}
		}), want: broken(1, "rpc", "larger than max_reply_bytes")},
		{name: "a redirection elsewhere", begin: answers(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://192.0.2.1/", http.StatusFound)
		}), want: broken(0, "rpc", "which is not followed")},
	}
	for i := range rows {
		rows[i].name, rows[i].over = "RESTCONF: "+rows[i].name, config.TransportRESTCONF
	}
	return rows
}
