package module_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

const plainModule = `
namespaces: {a: "urn:a", err: "urn:err:*"}
reads: [{rpc: <get-a/>}]
roots: ["", /a:results/item]
errors: [/err:error]
rows: [{path: /a:one, key: [name], labels: {thing: name, text: text}, metrics: {lab_value: v, lab_info: name}}]`

func thing(name string, v int) string {
	return fmt.Sprintf(`<one xmlns="urn:a"><name>%s</name><v>%d</v></one>`, name, v)
}

// TestErrors holds that errors are found wherever in a reply they are, and cost no row beside them.
func TestErrors(t *testing.T) {
	const denied = `<rpc-error><error-type>application</error-type><error-tag>access-denied</error-tag><error-severity>error</error-severity>
		<error-app-tag>tag</error-app-tag><error-path xmlns:p="urn:p">/p:x</error-path><error-message xml:lang="en"> No &amp; no </error-message></rpc-error>`
	deniedWant := netconf.RPCErrors{{Type: "application", Tag: "access-denied", Severity: "error", AppTag: "tag", Path: "/p:x", Message: "No & no"}}
	const warning = `<rpc-error><error-severity> warning </error-severity><error-message>hm</error-message></rpc-error>`
	warningWant := netconf.RPCErrors{{Severity: "warning", Message: "hm"}}
	m := lab(t, plainModule)
	for name, tc := range map[string]struct {
		reply    string
		errors   netconf.RPCErrors
		warnings netconf.RPCErrors
		want     []string
	}{
		"alone":                  {`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">` + denied + `</rpc-reply>`, deniedWant, nil, nil},
		"prefixed":               {`<nc:rpc-reply><nc:rpc-error><nc:error-tag>in-use</nc:error-tag></nc:rpc-error></nc:rpc-reply>`, netconf.RPCErrors{{Tag: "in-use"}}, nil, nil},
		"two":                    {`<rpc-reply>` + denied + denied + `</rpc-reply>`, append(deniedWant, deniedWant...), nil, nil},
		"beside data":            {`<rpc-reply>` + denied + `<data>` + thing("x", 1) + `</data></rpc-reply>`, deniedWant, nil, []string{`lab_value{thing="x"} 1`, `lab_info{thing="x"} 1`}},
		"in data":                {`<rpc-reply><data>` + thing("x", 1) + denied + thing("y", 2) + `</data></rpc-reply>`, deniedWant, nil, []string{`lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`, `lab_info{thing="x"} 1`, `lab_info{thing="y"} 1`}},
		"in a row":               {envelope(`<one xmlns="urn:a"><name>x</name><v>` + denied + `</v></one>`), deniedWant, nil, []string{`lab_info{thing="x"} 1`}},
		"in what is not read":    {envelope(`<results xmlns="urn:b"><in>` + denied + `</in></results>` + thing("x", 1)), deniedWant, nil, []string{`lab_value{thing="x"} 1`, `lab_info{thing="x"} 1`}},
		"a warning":              {`<rpc-reply>` + warning + `<data>` + thing("x", 1) + `</data></rpc-reply>`, nil, warningWant, []string{`lab_value{thing="x"} 1`, `lab_info{thing="x"} 1`}},
		"both":                   {`<rpc-reply>` + warning + denied + `</rpc-reply>`, deniedWant, warningWant, nil},
		"empty":                  {`<rpc-reply><rpc-error/></rpc-reply>`, netconf.RPCErrors{{}}, nil, nil},
		"bad element":            {`<rpc-reply><rpc-error><error-info><bad-element>INVALID:x</bad-element></error-info></rpc-error></rpc-reply>`, netconf.RPCErrors{{Message: `bad element "INVALID:x"`}}, nil, nil},
		"bad element, explained": {`<rpc-reply><rpc-error><error-info><bad-element>x</bad-element></error-info><error-message>why</error-message></rpc-error></rpc-reply>`, netconf.RPCErrors{{Message: "why"}}, nil, nil},
		"more than the message":  {`<rpc-reply><rpc-error><error-message>why</error-message><error-info><message>more</message></error-info></rpc-error></rpc-reply>`, netconf.RPCErrors{{Message: "why"}}, nil, nil},
		"module's own": {envelope(`<error xmlns="urn:err:7"><message>re1 is down</message></error><results xmlns="urn:a"><item><error xmlns="urn:err:8"><message>re0 too</message></error></item><item>` + thing("x", 1) + `</item></results>`),
			netconf.RPCErrors{{Message: "re1 is down"}, {Message: "re0 too"}}, nil, []string{`lab_value{thing="x"} 1`, `lab_info{thing="x"} 1`}},
		"the word alone": {envelope(`<one xmlns="urn:a"><name>rpc-error</name><out-rpc-errors>1</out-rpc-errors><error>1</error></one>`), nil, nil, []string{`lab_info{thing="rpc-error"} 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			table := m.Table(limits)
			defer table.Release()
			reply, err := table.Decode(strings.NewReader(tc.reply))
			if err != nil {
				t.Fatal(err)
			}
			opts := cmpopts.EquateEmpty()
			if diff := cmp.Diff(tc.errors, reply.Errors, opts, cmpopts.IgnoreUnexported(netconf.RPCError{})); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.warnings, reply.Warnings, opts, cmpopts.IgnoreUnexported(netconf.RPCError{})); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			wantLines(t, table.Result(decode.NewCache(nil), now, false), tc.want...)
		})
	}
	t.Run("endless", func(t *testing.T) {
		table := m.Table(limits)
		defer table.Release()
		reply, err := table.Decode(strings.NewReader(`<rpc-reply>` + strings.Repeat(denied, 10000) + `</rpc-reply>`))
		if err != nil || len(reply.Errors) == 0 || len(reply.Errors) > 1000 {
			t.Errorf("%d errors, %v; want some, but not all", len(reply.Errors), err)
		}
	})
}

// TestBrokenReplies holds that a reply that breaks off gives nothing, and leaves what earlier replies gave.
func TestBrokenReplies(t *testing.T) {
	m := lab(t, plainModule)
	broken := errors.New("connection lost")
	var syntax *xmlscan.SyntaxError
	for name, tc := range map[string]struct {
		reply io.Reader
		is    error
		as    any
	}{
		"truncated":      {strings.NewReader(`<rpc-reply><data>` + thing("y", 2) + `<one xmlns="urn:a"><name>z`), xmlscan.ErrTruncated, nil},
		"malformed":      {strings.NewReader(envelope(thing("y", 2) + `<one xmlns="urn:a"><name>z</one>`)), nil, &syntax},
		"empty":          {strings.NewReader(""), xmlscan.ErrTruncated, nil},
		"two documents":  {strings.NewReader(envelope(thing("y", 2)) + envelope(thing("z", 3))), nil, &syntax},
		"document type":  {strings.NewReader(`<!DOCTYPE x>` + envelope(thing("y", 2))), nil, &syntax},
		"reader's error": {io.MultiReader(strings.NewReader(`<rpc-reply><data>`+thing("y", 2)), iotest.ErrReader(broken)), broken, nil},
		"too large":      {strings.NewReader(envelope(thing("y", 2) + strings.Repeat(" ", 10000))), decode.ErrTooLarge, nil},
		"endless":        {io.MultiReader(strings.NewReader(`<rpc-reply><data>`+thing("y", 2)), endless{}), decode.ErrTooLarge, nil},
		"nothing comes":  {stuck{}, io.ErrNoProgress, nil},
	} {
		t.Run(name, func(t *testing.T) {
			table := m.Table(decode.Limits{ReplyBytes: 5000, Samples: 1000})
			defer table.Release()
			if _, err := table.Decode(strings.NewReader(envelope(thing("x", 1)))); err != nil {
				t.Fatal(err)
			}
			reply, err := table.Decode(tc.reply)
			if err == nil || tc.is != nil && !errors.Is(err, tc.is) || tc.as != nil && !errors.As(err, tc.as) {
				t.Errorf("error %v, want %v %T", err, tc.is, tc.as)
			}
			if reply.Bytes > 5000 {
				t.Errorf("%d bytes were taken, of at most 5000", reply.Bytes)
			}
			if _, err := table.Decode(strings.NewReader(envelope(thing("w", 4)))); err != nil {
				t.Fatal(err)
			}
			r := table.Result(decode.NewCache(nil), now, true)
			wantLines(t, r, `lab_value{thing="x"} 1`, `lab_info{thing="x"} 1`, `lab_value{thing="w"} 4`, `lab_info{thing="w"} 1`)
			wantSkipped(t, r, nil)
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, strings.Repeat("<x/>", 1+len(p)/4)), nil }

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestLimits holds that what is over a limit is left out and counted, and what is not stays.
func TestLimits(t *testing.T) {
	m := lab(t, plainModule)
	t.Run("reply", func(t *testing.T) {
		reply := envelope(thing("x", 1))
		table := m.Table(decode.Limits{ReplyBytes: int64(len(reply)), Samples: 1000})
		defer table.Release()
		got, err := table.Decode(strings.NewReader(reply))
		if err != nil || got.Bytes != int64(len(reply)) {
			t.Errorf("a reply of just as many bytes as are allowed: %d bytes, %v", got.Bytes, err)
		}
	})
	t.Run("samples", func(t *testing.T) {
		table := m.Table(decode.Limits{ReplyBytes: 1 << 20, Samples: 3})
		defer table.Release()
		if _, err := table.Decode(strings.NewReader(envelope(thing("x", 1) + thing("y", 2) + thing("z", 3) + thing("lost", 4)))); err != nil {
			t.Fatal(err)
		}
		r := table.Result(decode.NewCache(nil), now, false)
		if r.Samples != 3 || len(lines(r)) != 3 {
			t.Errorf("%d samples, %q; want 3", r.Samples, lines(r))
		}
		wantSkipped(t, r, map[string]int{decode.SkippedLimit: 4}) // three samples and a row
	})
	t.Run("info in several rows", func(t *testing.T) {
		table := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows:
  - {path: /a:one, labels: {thing: name}, metrics: {lab_value: v, lab_other: v, lab_total: v}}
  - {path: /a:three, labels: {thing: name, note: note}, metrics: {lab_info: name}}`).Table(decode.Limits{ReplyBytes: 1 << 20, Samples: 6})
		defer table.Release()
		if _, err := table.Decode(strings.NewReader(envelope(one + three + three))); err != nil {
			t.Fatal(err)
		}
		r := table.Result(decode.NewCache(nil), now, false)
		if r.Samples != 6 {
			t.Errorf("%d samples, want 6", r.Samples)
		}
	})
	t.Run("none", func(t *testing.T) {
		table := lab(t, infoModule).Table(decode.Limits{ReplyBytes: 1 << 20})
		defer table.Release()
		if _, err := table.Decode(strings.NewReader(envelope(one + two + three))); err != nil {
			t.Fatal(err)
		}
		wantLines(t, table.Result(decode.NewCache(nil), now, false))
	})
	long := strings.Repeat("x", 64<<10+1)
	t.Run("text", func(t *testing.T) {
		r := read(t, m, envelope(`<one xmlns="urn:a"><name>x</name><text>`+long+`</text><v>1</v></one>`))
		wantLines(t, r, `lab_value{thing="x"} 1`, `lab_info{thing="x"} 1`)
		wantSkipped(t, r, map[string]int{decode.SkippedLimit: 1})
	})
	t.Run("attribute", func(t *testing.T) {
		m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:one, key: [name], labels: {thing: name, text: {leaf: v, attribute: x}}, metrics: {lab_info: name}}]`)
		r := read(t, m, envelope(`<one xmlns="urn:a"><name>x</name><v x="`+long+`"/></one>`))
		wantLines(t, r, `lab_info{thing="x"} 1`)
		wantSkipped(t, r, map[string]int{decode.SkippedLimit: 1})
	})
}

// TestManyNamespaces holds that what a table remembers of namespaces stays right when the scanner begins to forget.
func TestManyNamespaces(t *testing.T) {
	m := lab(t, plainModule)
	table := m.Table(limits)
	defer table.Release()
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `<x xmlns="urn:x:%d"/>`, i)
	}
	for _, data := range []string{thing("x", 1) + b.String(), `<one xmlns="urn:b"><name>wrong</name></one>` + thing("y", 2), thing("z", 3)} {
		if _, err := table.Decode(strings.NewReader("<rpc-reply xmlns=''>" + data + "</rpc-reply>")); err != nil {
			t.Fatal(err)
		}
	}
	wantLines(t, table.Result(decode.NewCache(nil), now, false), `lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`, `lab_value{thing="z"} 3`,
		`lab_info{thing="x"} 1`, `lab_info{thing="y"} 1`, `lab_info{thing="z"} 1`)
}
