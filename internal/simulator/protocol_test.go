package simulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestHello(t *testing.T) {
	for name, test := range map[string]struct {
		config     simulator.Config
		with, sans []string
	}{
		"state": {
			simulator.Config{},
			[]string{base11, "ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08&amp;features=", "yang-library:1.0?revision=2016-06-21&amp;module-set-id="},
			[]string{"yang-library:1.1", "nmda"},
		},
		"nmda": {
			simulator.Config{Form: simulator.FormNMDA},
			[]string{base11, "yang-library:1.1?revision=2019-01-04&amp;content-id="},
			[]string{"ietf-interfaces", "nmda"},
		},
		"base 1.0": {simulator.Config{Base10: true}, []string{"netconf:base:1.0"}, []string{base11}},
	} {
		t.Run(name, func(t *testing.T) {
			hello := dial(t, start(t, test.config).Devices()[0]).hello
			wellFormed(t, hello)
			for _, text := range append(test.with, "<session-id>1</session-id>") {
				if !strings.Contains(hello, text) {
					t.Errorf("no %s in %s", text, hello)
				}
			}
			for _, text := range test.sans {
				if strings.Contains(hello, text) {
					t.Errorf("%s in %s", text, hello)
				}
			}
		})
	}
}

func TestFraming(t *testing.T) {
	for name, test := range map[string]struct {
		config     simulator.Config
		announce   string
		chunked    bool
		chunkAtMax int
	}{
		"one chunk":       {simulator.Config{}, base11, true, 1 << 20},
		"chunks of 1":     {simulator.Config{ChunkSize: 1}, base11, true, 1},
		"chunks of 1024":  {simulator.Config{ChunkSize: 1024}, base11, true, 1024},
		"client is 1.0":   {simulator.Config{}, "urn:example", false, 0},
		"simulator is1.0": {simulator.Config{Base10: true}, base11, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Interfaces = 10
			c := dial(t, start(t, test.config).Devices()[0], test.announce)
			for range 2 {
				if got := c.rpc("<get/>"); strings.Count(got, "<statistics>") != 10 {
					t.Errorf("not 10 interfaces in %s", got)
				}
			}
			if c.chunked != test.chunked || c.chunk > test.chunkAtMax {
				t.Errorf("chunked %v with chunks up to %d, want %v and %d", c.chunked, c.chunk, test.chunked, test.chunkAtMax)
			}
		})
	}
}

func TestAttributesOfTheRPCComeBack(t *testing.T) {
	c := dial(t, start(t, simulator.Config{}).Devices()[0])
	c.send(`<nc:rpc xmlns:nc="` + base + `" xmlns:x='urn:x"' x:trace="a&amp;b" message-id="&lt;7>"><nc:get><nc:filter/></nc:get></nc:rpc>`)
	want := `<rpc-reply xmlns="` + base + `" xmlns:nc="` + base + `" xmlns:x="urn:x&quot;" x:trace="a&amp;b" message-id="&lt;7&gt;"><data></data></rpc-reply>`
	if got := c.mustRead(); !strings.HasSuffix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCloseSession(t *testing.T) {
	d := start(t, simulator.Config{}).Devices()[0]
	c := dial(t, d, base11)
	if got := c.rpc("<close-session/>"); got != "<ok/>" {
		t.Error(got)
	}
	if rest, err := c.read(); err == nil || d.Sessions() != 0 {
		t.Errorf("session goes on: %q, %d open", rest, d.Sessions())
	}
}

func TestErrors(t *testing.T) {
	operational := `<get-data xmlns="` + nmda + `"><datastore xmlns:ds="` + datastores + `">ds:operational</datastore>%s</get-data>`
	for name, test := range map[string]struct{ form, operation, tag, subject string }{
		"kill-session":         {"state", "<kill-session><session-id>1</session-id></kill-session>", "operation-not-supported", ""},
		"edit-config":          {"state", "<edit-config/>", "operation-not-supported", ""},
		"edit-data":            {"nmda", `<edit-data xmlns="` + nmda + `"/>`, "operation-not-supported", ""},
		"get-data without it":  {"state", fmt.Sprintf(operational, ""), "unknown-namespace", "get-data"},
		"unknown operation":    {"state", `<reboot xmlns="urn:example"/>`, "unknown-namespace", "reboot"},
		"unknown parameter":    {"state", "<get><colour/></get>", "unknown-element", "colour"},
		"no operation":         {"state", "", "missing-element", "rpc"},
		"no source":            {"state", "<get-config/>", "missing-element", "source"},
		"candidate":            {"state", "<get-config><source><candidate/></source></get-config>", "operation-not-supported", "candidate"},
		"xpath":                {"state", `<get><filter type="xpath" select="/"/></get>`, "bad-attribute", "type"},
		"filter of get":        {"nmda", fmt.Sprintf(operational, "<filter/>"), "unknown-element", "filter"},
		"no datastore":         {"nmda", `<get-data xmlns="` + nmda + `"/>`, "missing-element", "datastore"},
		"datastore without ns": {"nmda", `<get-data xmlns="` + nmda + `"><datastore>operational</datastore></get-data>`, "invalid-value", "datastore"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, start(t, simulator.Config{Form: test.form}).Devices()[0], base11)
			got := c.rpc(test.operation)
			if !strings.HasPrefix(got, "<rpc-error>") || !strings.Contains(got, "<error-tag>"+test.tag+"</error-tag>") ||
				test.subject != "" && !strings.Contains(got, ">"+test.subject+"</bad-") {
				t.Errorf("want %s of %s, got %s", test.tag, test.subject, got)
			}
			if got := c.rpc("<get/>"); !strings.HasPrefix(got, "<data>") {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}

func TestEnvelopeErrors(t *testing.T) {
	for name, test := range map[string]struct{ message, tag string }{
		"not XML":       {"<rpc", "malformed-message"},
		"two documents": {"<a/><b/>", "malformed-message"},
		"no message-id": {`<rpc xmlns="` + base + `"><get/></rpc>`, "missing-attribute"},
		"no namespace":  {`<rpc message-id="1"><get/></rpc>`, "unknown-element"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, start(t, simulator.Config{}).Devices()[0], base11)
			c.send(test.message)
			got := c.mustRead()
			wellFormed(t, got)
			if !strings.Contains(got, "<error-tag>"+test.tag+"</error-tag>") {
				t.Errorf("want %s, got %s", test.tag, got)
			}
		})
	}
}
