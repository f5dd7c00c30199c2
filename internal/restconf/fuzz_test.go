package restconf

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// FuzzFilter: whatever a device answers and whatever a filter asks for, what the filter gives is a part of a document that can be read, or
// an error; and it selects nothing that is not in the answer.
func FuzzFilter(f *testing.F) {
	const answer = `<?xml version="1.0" encoding="ISO-8859-1"?><t:top xmlns:t="urn:a" a='"&lt;'><t:e><t:n>a</t:n><b xmlns="urn:b">&#60;x&gt;</b></t:e><t:e><![CDATA[<]]></t:e></t:top>`
	for _, filter := range []string{
		`<top xmlns="urn:a"/>`, `<top xmlns="urn:a"><e><n/></e></top>`, `<top xmlns="urn:a"><e><n>a</n></e></top>`, `<top xmlns="urn:a"><e><n>a</n><b xmlns="urn:b"/></e></top>`, ``,
	} {
		f.Add([]byte(answer), filter, false)
		f.Add([]byte("<data>"+answer[strings.Index(answer, "<t:top"):]+"</data>"), filter, true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, text string, unwrap bool) {
		o, err := parseOperation(`<get><filter type="subtree">` + text + `</filter></get>`)
		if err != nil {
			return
		}
		out, err := io.ReadAll(newFilter(bytes.NewReader(answer), o.filter, unwrap))
		if err != nil {
			return
		}
		var s xmlscan.Scanner
		s.Reset(io.MultiReader(strings.NewReader("<all>"), bytes.NewReader(out), strings.NewReader("</all>")))
		for {
			kind, err := s.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("%v:\n%q\nof %q", err, out, answer)
			}
			if kind == xmlscan.Start && s.Depth() > 1 && !bytes.Contains(answer, s.Name()) && string(s.Name()) != "data" {
				t.Fatalf("<%s> is not in the answer %q", s.Name(), answer)
			}
		}
	})
}

// FuzzAnswers: what else a device answers costs an error at most.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`<errors xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf"><error><error-tag>invalid-value</error-tag></error></errors>`))
	f.Add([]byte(`{"ietf-restconf:errors": {"error": [{"error-tag": "invalid-value"}]}}`))
	f.Add([]byte(`{"errors": {"error": {"error-tag": "x"}}}`))
	f.Add([]byte(`<XRD><Link rel='restconf' href='/restconf'/></XRD>`))
	f.Add([]byte(`{"links": [{"rel": "restconf", "href": "//x/%zz"}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, mediaType := range []string{"", mediaXML, "application/yang-data+json"} {
			found, _ := parseErrors(400, mediaType, bytes.NewReader(answer))
			if len(found) == 0 || len(found) > maxErrors {
				t.Fatalf("%d errors of %q", len(found), answer)
			}
			var out bytes.Buffer
			writeErrors(&out, found)
			var s xmlscan.Scanner
			s.Reset(io.MultiReader(strings.NewReader("<all>"), &out, strings.NewReader("</all>")))
			for {
				if _, err := s.Next(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%v: %+v", err, found)
				}
			}
		}
		client := &Client{hostPort: "192.0.2.1:443"}
		if root, err := parseHostMeta(answer, client.origin()); err == nil && root != "" && root[0] != '/' {
			t.Fatalf("root %q", root)
		}
		_ = parseSchemas(bytes.NewReader(answer), map[schemaName]string{})
		_, _, _ = readHead(bytes.NewReader(answer))
	})
}
