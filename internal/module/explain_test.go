package module_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// explain gives what a module makes of replies, with an explanation.
func explain(t testing.TB, m *module.Module, replies ...string) decode.Result {
	t.Helper()
	table := m.Table(limits)
	defer table.Release()
	table.Explain()
	for _, reply := range replies {
		if _, err := table.Decode(strings.NewReader(reply)); err != nil {
			t.Fatal(err)
		}
	}
	return table.Result(decode.NewCache(nil), now, false)
}

const fans = `
namespaces: {a: "urn:a", b: "urn:b"}
reads: [{get: [/a:fans]}]
rows:
  - path: [/a:fans/fan]
    key: [name]
    labels: {thing: name, mac: address}
    unless: {class: empty}
    metrics:
      lab_state: status
      lab_value: {leaf: speed, scale: 0.5}
      lab_ratio: b:load
      lab_total: counters/turns
      lab_info: name
`

func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		reply string
		want  []string
		not   []string
	}{
		"another name": {
			`<data><fans xmlns="urn:a"><fan-list><name>1</name></fan-list><fan-list/><fan-list/></fans></data>`,
			[]string{"rows /a:fans/fan: 0 elements; the reply has /a:fans/fan-list (3)", "no samples: lab_info, lab_ratio, lab_state, lab_total, lab_value"}, nil,
		},
		"another name at the top": {
			`<data><fan-list xmlns="urn:a"/><other xmlns="urn:c"/><plain/></data>`,
			[]string{"rows /a:fans/fan: 0 elements; the reply has /plain (1), /a:fan-list (1), /{urn:c}other (1)"}, nil,
		},
		"another namespace": {
			`<data><fans xmlns="urn:b"><fan/></fans></data>`,
			[]string{"rows /a:fans/fan: 0 elements; the reply has /b:fans (1)"}, nil,
		},
		"an empty list": {`<data><fans xmlns="urn:a"/></data>`, []string{"rows /a:fans/fan: 0 elements; the reply has /a:fans (1), without fan"}, nil},
		"nothing":       {`<data/>`, []string{"rows /a:fans/fan: 0 elements; the reply is empty"}, []string{"samples: "}},
		"leaves": {
			`<data><fans xmlns="urn:a"><fan><name>1</name><status>up</status><oper>1</oper><counters><x/><turns>5</turns></counters></fan>` +
				`<fan><name>2</name><status/></fan></fans></data>`,
			[]string{
				"rows /a:fans/fan: 2 elements", "  leaves: name 2, status 2, counters/turns 1", "  in none of them: address, class, b:load, speed",
				"not read: /a:fans/fan/oper (1)", "not read: /a:fans/fan/counters/x (1)",
				"samples: lab_info 2, lab_state 1, lab_total 1", `left out: lab_state: leaf status: "" is not one of down, up (thing="2")`,
			}, nil,
		},
		"values": {
			`<data><fans xmlns="urn:a" xmlns:b="urn:b">` + strings.Repeat(`<fan><name>NAME</name><status>OK</status></fan>`, 59) +
				`<fan><name>hot</name><speed>fast</speed><b:load>18446744073709551616</b:load><counters><turns>-324</turns></counters></fan>` +
				`<fan><name>cold</name><b:load>-0.5</b:load></fan></fans></data>`,
			[]string{
				`left out: lab_state: leaf status: "OK" ×59 is not one of down, up (such as thing="n1")`,
				`left out: lab_value: leaf speed: "fast" is not a number (thing="hot")`,
				`left out: lab_ratio: leaf b:load: "18446744073709551616" is above 1 (thing="hot")`,
				`left out: lab_ratio: leaf b:load: "-0.5" is below 0 (thing="cold")`,
				`left out: lab_total: leaf counters/turns: "-324" is not a counter: a whole number from 0 to 2^64-1 (thing="hot")`,
			}, nil,
		},
		"rows": {
			`<data><fans xmlns="urn:a"><fan><name>1</name><speed>2</speed></fan><fan><name>1</name><speed>3</speed></fan><fan><name>1</name><speed>4</speed></fan>` +
				`<fan><speed>3</speed></fan><fan><name>2</name><class>empty</class></fan></fans></data>`,
			[]string{
				`left out: rows /a:fans/fan: duplicate key name="1" ×2`, "  left out: rows /a:fans/fan: 1 have no key (name)",
				"  left out: rows /a:fans/fan: 1 do not meet the module's conditions, or are inside of rows that give nothing",
			}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			reply := c.reply
			for n := 1; strings.Contains(reply, "NAME"); n++ {
				reply = strings.Replace(reply, "NAME", fmt.Sprint("n", n), 1)
			}
			lines := explain(t, lab(t, fans), reply).Explanation
			for _, want := range c.want {
				if !slices.Contains(lines, want) {
					t.Errorf("no line %q in\n%s", want, strings.Join(lines, "\n"))
				}
			}
			for _, not := range c.not {
				if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, not) }) {
					t.Errorf("a line %q in\n%s", not, strings.Join(lines, "\n"))
				}
			}
		})
	}
}

// TestExplainIsBounded has a device make up names and texts.
func TestExplainIsBounded(t *testing.T) {
	var reply strings.Builder
	reply.WriteString(`<data><fans xmlns="urn:a">`)
	long := strings.Repeat("ü", 5000)
	for i := range 5000 {
		fmt.Fprintf(&reply, `<fan><name>%d</name><status>%d%s</status><made-up-%d%s/></fan><x%d xmlns="urn:%s"/>`, i, i, long[:200], i, long[:200], i, long)
	}
	reply.WriteString(`</fans></data>`)
	result := explain(t, lab(t, fans), reply.String())
	if size := len(strings.Join(result.Explanation, "\n")); size > 40_000 {
		t.Errorf("the explanation has %d octets", size)
	}
	if n := leftOutIn(t, result.Explanation); n != 5000 {
		t.Errorf("%d values were left out according to the explanation, and 5000 in truth", n)
	}
	if !slices.ContainsFunc(result.Explanation, func(l string) bool { return strings.HasPrefix(l, "left out: lab_state: other values ×4992") }) {
		t.Error(strings.Join(result.Explanation, "\n"))
	}
}

// TestExplainOnceAsked reads with one table first with and then without an explanation.
func TestExplainOnceAsked(t *testing.T) {
	m := lab(t, fans)
	if explain(t, m, `<data/>`).Explanation == nil {
		t.Error("there is no explanation")
	}
	for range 20 {
		if lines := read(t, m, `<data/>`).Explanation; lines != nil {
			t.Error("an explanation that nobody asked for:", lines)
		}
	}
}

// TestExplainRecordings compares explanations with what is counted, for replies of real devices.
func TestExplainRecordings(t *testing.T) {
	modules := load(t)
	explained := 0
	for name, c := range corpus.Cases(t) {
		m := modules[c.Module]
		if m == nil {
			continue
		}
		var replies []string
		for _, file := range c.Replies {
			replies = append(replies, corpus.Recording(t, file))
		}
		got := explain(t, m, replies...)
		want := 0
		for _, reason := range []string{decode.SkippedInvalid, decode.SkippedImplausible, decode.SkippedDuplicate} {
			want += got.Skipped[reason]
		}
		explained += want
		if n := leftOutIn(t, got.Explanation); n != want {
			t.Errorf("%s: %d values are explained and %v counted:\n%s", name, n, got.Skipped, strings.Join(got.Explanation, "\n"))
		}
	}
	if explained == 0 {
		t.Error("no recorded reply has a value that is left out")
	}
}

var times = regexp.MustCompile(` ×(\d+)`)

// leftOutIn adds up the values that an explanation says were left out.
func leftOutIn(t *testing.T, lines []string) (sum int) {
	for _, line := range lines {
		if !strings.HasPrefix(line, "left out: ") || strings.Contains(line, "has more than 1 KiB") {
			continue
		}
		n := 1
		if m := times.FindStringSubmatch(line); m != nil {
			var err error
			if n, err = strconv.Atoi(m[1]); err != nil {
				t.Fatal(err)
			}
		}
		sum += n
	}
	return sum
}
