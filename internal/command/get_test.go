package command_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const base = `xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"`

// get runs get against a device that gives one reply.
func get(t *testing.T, what, reply string) result {
	t.Helper()
	file := scripted(t, func(p *netconftest.Peer) {
		p.Greet(netconftest.Hello11)
		p.Answer(func(_, id string) string { return strings.ReplaceAll(reply, "ID", id) })
	})
	return run(t, &command.Get{Device: command.Device{Target: "router"}, What: what}, file)
}

func TestGetPrintsWhatTheReplyHolds(t *testing.T) {
	for name, c := range map[string]struct{ reply, want string }{
		"data": {
			`<rpc-reply ` + base + ` message-id="ID"><data><a xmlns="urn:a"><b>1</b><c/><d></d></a><e xmlns="urn:e">2</e></data></rpc-reply>`,
			"<a xmlns=\"urn:a\">\n  <b>1</b>\n  <c/>\n  <d/>\n</a>\n<e xmlns=\"urn:e\">2</e>\n",
		},
		"no data element, in the envelope's namespace": {
			`<rpc-reply ` + base + ` message-id="ID"><output><b>1</b></output></rpc-reply>`,
			"<output " + base + ">\n  <b>1</b>\n</output>\n",
		},
		"data of another namespace": {
			`<rpc-reply ` + base + ` message-id="ID"><n:data xmlns:n="urn:nmda"><a xmlns="urn:a"/></n:data></rpc-reply>`,
			"<a xmlns=\"urn:a\"/>\n",
		},
		"prefixes of the envelope, where they are used": {
			`<nc:rpc-reply xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:x="urn:x" xmlns:y="urn:y" message-id="ID"><nc:data>` +
				`<x:a y:k="v"><b xmlns="urn:b" xmlns:x="urn:inner"><x:c/></b></x:a><d xmlns="urn:d">y:up</d><e xmlns="urn:e">why:not</e></nc:data></nc:rpc-reply>`,
			"<x:a y:k=\"v\" xmlns:x=\"urn:x\" xmlns:y=\"urn:y\">\n  <b xmlns=\"urn:b\" xmlns:x=\"urn:inner\">\n    <x:c/>\n  </b>\n</x:a>\n" +
				"<d xmlns=\"urn:d\" xmlns:y=\"urn:y\">y:up</d>\n<e xmlns=\"urn:e\">why:not</e>\n",
		},
		"text": {
			`<rpc-reply ` + base + ` message-id="ID"><data><a xmlns="urn:a" k="&quot;&lt;"><b> two  words </b><c><![CDATA[<&>]]></c><d>  </d>` +
				"<e>\n  </e><f>one<g/>two</f></a></data></rpc-reply>",
			"<a xmlns=\"urn:a\" k=\"&#34;&lt;\">\n  <b> two  words </b>\n  <c>&lt;&amp;&gt;</c>\n  <d>  </d>\n  <e/>\n  <f>\n    one\n    <g/>\n    two\n  </f>\n</a>\n",
		},
		"a schema": {
			`<rpc-reply ` + base + ` message-id="ID"><data>module m {&lt;!-- --&gt; ` + "\n" + `}</data></rpc-reply>`,
			"module m {<!-- --> \n}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := get(t, "<get/>", c.reply)
			if r.err != nil {
				t.Fatal(r.err)
			}
			if diff := cmp.Diff(c.want, r.stdout.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGetTellsErrorsApart(t *testing.T) {
	const failure = `<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag>` +
		`<error-severity>SEVERITY</error-severity><error-message>the line card` + "\n" + `is gone</error-message></rpc-error>`
	reply := func(inside string) string {
		return `<rpc-reply ` + base + ` message-id="ID">` + inside + `</rpc-reply>`
	}

	t.Run("an error", func(t *testing.T) {
		r := get(t, "", reply(strings.ReplaceAll(failure, "SEVERITY", "error")))
		wantError(t, r.err, "target router", "operation-failed", "the line card is gone")
	})
	t.Run("two errors, and data", func(t *testing.T) {
		one := strings.ReplaceAll(failure, "SEVERITY", "error")
		r := get(t, "", reply(`<results><a/>`+one+`</results>`+one))
		var lines strings.Builder
		command.PrintError(&lines, r.err)
		const told = "operation-failed: the line card is gone"
		if want := "target router: the device answered with an error: " + told + "; " + told + "\n"; lines.String() != want {
			t.Errorf("the errors are told as\n%swant\n%s", lines.String(), want)
		}
		if !strings.Contains(r.stdout.String(), "<a/>") {
			t.Errorf("the data is missing:\n%s", r.stdout)
		}
	})
	t.Run("a warning", func(t *testing.T) {
		r := get(t, "", reply(`<data><a/></data>`+strings.ReplaceAll(failure, "SEVERITY", "warning")))
		if r.err != nil || !strings.Contains(r.stderr.String(), "warning") {
			t.Errorf("%v and %q; want a warning, and no error", r.err, r.stderr)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		r := get(t, "", reply(`<data/>`))
		if r.err != nil || !strings.Contains(r.stderr.String(), "the reply is empty") {
			t.Errorf("%v and %q; want a hint, and no error", r.err, r.stderr)
		}
	})
	t.Run("broken XML", func(t *testing.T) {
		wantError(t, get(t, "", reply(`<data><a></b></data>`)).err, "target router", "not well-formed XML")
	})
}

func TestGetByPath(t *testing.T) {
	devices, file := fleet(t, simulator.Config{Interfaces: 2})
	for what, want := range map[string]string{
		"/ietf-interfaces:interfaces-state":                         "<oper-status>",
		"/ietf-interfaces:interfaces/interface/{name,type}":         "<name>ethernet1/2</name>",
		`<get><filter type="subtree"><x xmlns="u"/></filter></get>`: "",
		"": "<interfaces-state ",
		"/ietf-interfaces:interfaces-state/interface[name='ethernet1/2']/oper-status": "<oper-status>",
	} {
		r := run(t, &command.Get{Device: command.Device{Target: "sim-0001"}, What: what}, file)
		if r.err != nil || !strings.Contains(r.stdout.String(), want) {
			t.Errorf("get %s gives %v and\n%s\nwithout %s", what, r.err, r.stdout, want)
		}
	}
	r := run(t, &command.Get{Device: command.Device{Target: "sim-0001"}, What: `/ietf-interfaces:interfaces-state/interface[name="ethernet1/2"]`}, file)
	if out := r.stdout.String(); r.err != nil || strings.Count(out, "<interface>") != 1 || !strings.Contains(out, "<name>ethernet1/2</name>") {
		t.Errorf("get of one entry gives %v and\n%s", r.err, out)
	}
	wantError(t, run(t, &command.Get{Device: command.Device{Target: "sim-0001"}, What: "/no-such-model:top"}, file).err, "no-such-model", "ietf-interfaces")

	before := devices[0].Logins()
	for _, refused := range []string{"<edit-config/>", "<kill-session/>", "<get/><get/>", "<get>", "interfaces"} {
		err := run(t, &command.Get{Device: command.Device{Target: "sim-0001"}, What: refused}, file).err
		if err == nil || errors.Unwrap(err) != nil && strings.Contains(err.Error(), "the device") {
			t.Errorf("get %s ends with %v, want a refusal of ours", refused, err)
		}
	}
	if devices[0].Logins() != before {
		t.Error("what is refused should not log in")
	}
}
