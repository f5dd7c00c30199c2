package module_test

import (
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// TestRows holds which entries become rows, which rows are one, and which labels they have.
func TestRows(t *testing.T) {
	const header = `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows:
`
	a := func(data string) string { return envelope(`<top xmlns="urn:a">` + data + `</top>`) }
	cases := map[string]struct {
		rows    string
		replies []string
		want    []string
		skipped map[string]int
	}{
		"the path listed first wins": {
			rows: `- {path: [/a:top/one, /a:top/two], key: [name], labels: {thing: name}, metrics: {lab_value: v, lab_other: o}}`,
			replies: []string{a(`<two><name>x</name><v>2</v><o>3</o></two><one><name>x</name><v>1</v></one>
				<two><name>y</name><v>4</v></two><one><name>z</name><v>5</v></one>`)},
			want: []string{`lab_value{thing="x"} 1`, `lab_other{thing="x"} 3`, `lab_value{thing="y"} 4`, `lab_value{thing="z"} 5`},
		},
		"over replies, in any order": {
			rows:    `- {path: [/a:top/one, /a:top/two], key: [name], labels: {thing: name}, metrics: {lab_value: v, lab_other: o}}`,
			replies: []string{a(`<two><name>x</name><v>2</v><o>3</o></two>`), a(`<one><name>x</name><v>1</v></one>`)},
			want:    []string{`lab_value{thing="x"} 1`, `lab_other{thing="x"} 3`},
		},
		"one path over replies": {
			rows:    `- {path: /a:top/one, key: [name], labels: {thing: name}, metrics: {lab_value: v, lab_other: o}}`,
			replies: []string{a(`<one><name>x</name><v>2</v></one>`), a(`<one><name>x</name><v>1</v><o>3</o></one>`)},
			want:    []string{`lab_value{thing="x"} 2`, `lab_other{thing="x"} 3`},
		},
		"an empty text gives way": {
			rows: `- {path: [/a:top/one, /a:top/two], key: [name], labels: {thing: name, text: text}, metrics: {lab_info: name, lab_value: v}}`,
			replies: []string{a("<one><name>x</name><text> \n </text><v/></one><one><name>y</name><text/></one>" +
				`<two><name>x</name><text>X</text><v>1</v></two><two><name>y</name><text>Y</text></two>`)},
			want: []string{`lab_info{text="X",thing="x"} 1`, `lab_value{thing="x"} 1`, `lab_info{text="Y",thing="y"} 1`},
		},
		"keys of several leaves": {
			rows: `- {path: /a:top/one, key: [p, q], labels: {thing: p, part: q}, metrics: {lab_pair: v}}`,
			replies: []string{a(`<one><p>ab</p><q>c</q><v>1</v></one><one><p>a</p><q>bc</q><v>2</v></one><one><p>a</p><v>3</v></one>
				<one><p>a</p><q/><v>4</v></one><one><p>a</p><q> </q><v>5</v></one>`)},
			want: []string{`lab_pair{part="c",thing="ab"} 1`, `lab_pair{part="bc",thing="a"} 2`},
		},
		"white space around keys": {
			rows:    `- {path: [/a:top/one, /a:top/two], key: [name], labels: {thing: name}, metrics: {lab_value: v, lab_other: o}}`,
			replies: []string{a("<one><name>\n x \n</name><v>1</v></one><two><name>x</name><o>2</o></two>")},
			want:    []string{`lab_value{thing="x"} 1`, `lab_other{thing="x"} 2`},
		},
		"repeated rows": {
			rows: `- {path: /a:top/one, key: [name], labels: {thing: name}, metrics: {lab_value: v, lab_other: o}}`,
			replies: []string{a(`<one><name>x</name><v>1</v></one><one><name>x</name><v>2</v></one><one><name>x</name><o>3</o></one>
				<one><name>x</name><v>4</v></one>`)},
			want:    []string{`lab_value{thing="x"} 1`, `lab_other{thing="x"} 3`},
			skipped: map[string]int{decode.SkippedDuplicate: 2},
		},
		"repeated rows and series of a list that repeats": {
			rows: `- {path: /a:top/one, key: [name], repeats: true, labels: {thing: name}, metrics: {lab_value: v}}
- {path: /a:top/two, repeats: true, labels: {thing: name, text: text}, metrics: {lab_other: v, lab_info: name}}`,
			replies: []string{a(`<one><name>x</name><v>1</v></one><one><name>x</name><v>2</v></one>
				<two><name>x</name></two><two><name>x</name><text>late</text><v>3</v></two><two><name>x</name><v>4</v></two>`)},
			want: []string{`lab_value{thing="x"} 1`, `lab_other{thing="x"} 3`, `lab_info{text="late",thing="x"} 1`},
		},
		"repeated series": {
			rows:    `- {path: /a:top/one, labels: {thing: name}, metrics: {lab_value: v}}`,
			replies: []string{a(`<one><name>x</name><v>1</v></one><one><name>x</name><v>2</v></one>`)},
			want:    []string{`lab_value{thing="x"} 1`}, skipped: map[string]int{decode.SkippedDuplicate: 1},
		},
		"rows without a name": {
			rows:    `- {path: /a:top/one, labels: {thing: name}, metrics: {lab_value: v}}`,
			replies: []string{a(`<one><v>1</v></one><one><name/><v>2</v></one>`)},
		},
		"a metric of the whole device": {
			rows:    `- {path: /a:top, metrics: {lab_alone: v}}`,
			replies: []string{a(`<v>1</v>`)}, want: []string{`lab_alone{} 1`},
		},
		"leaf-list entries": {
			rows:    `- {path: /a:top/one, key: [.], labels: {thing: .}, metrics: {lab_value: {leaf: ., decode: presence}}}`,
			replies: []string{a(`<one>x</one><one>y</one>`)}, want: []string{`lab_value{thing="x"} 1`, `lab_value{thing="y"} 1`},
		},
		"the first of repeated leaves": {
			rows:    `- {path: /a:top/one, key: [name], labels: {thing: name}, metrics: {lab_value: v}}`,
			replies: []string{a(`<one><name>x</name><v>1</v><v>2</v></one><one><name>y</name><v/><v>2</v></one>`)},
			want:    []string{`lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`},
		},
		"nested rows inherit labels that come late": {
			rows: `- {path: /a:top/one, key: [name], labels: {thing: name}, rows: [{path: in/part, key: [id], labels: {part: id}, metrics: {lab_pair: v}}]}`,
			replies: []string{a(`<one><in><part><v>1</v><id>p</id></part><part><id>q</id><v>2</v></part></in><name>x</name></one>
				<one><in><part><id>p</id><v>3</v></part></in><name>y</name></one>`)},
			want: []string{`lab_pair{part="p",thing="x"} 1`, `lab_pair{part="q",thing="x"} 2`, `lab_pair{part="p",thing="y"} 3`},
		},
		"the nearer label wins": {
			rows:    `- {path: /a:top/one, key: [name], labels: {thing: name}, metrics: {lab_value: v}, rows: [{path: part, labels: {thing: {template: "{/a:top/one/name}.{id}"}}, metrics: {lab_value: v}}]}`,
			replies: []string{a(`<one><name>x</name><v>1</v><part><id>0</id><v>2</v></part></one>`)},
			want:    []string{`lab_value{thing="x"} 1`, `lab_value{thing="x.0"} 2`},
		},
		"nested rows joined over lists": {
			rows: `- {path: [/a:top/one, /a:top/two], key: [name], labels: {thing: name}, rows: [{path: part, key: [id], labels: {part: id, note: note}, metrics: {lab_pair: v, lab_pair_info: id}}]}`,
			replies: []string{a(`<two><part><id>p</id><note>n</note><v>9</v></part><name>x</name></two>`),
				a(`<one><name>x</name><part><id>p</id><v>1</v></part></one><one><name>y</name><part><id>p</id></part></one>`)},
			want: []string{`lab_pair{part="p",thing="x"} 1`, `lab_pair_info{note="n",part="p",thing="x"} 1`, `lab_pair_info{part="p",thing="y"} 1`},
		},
		"three deep": {
			rows: `- {path: /a:top/one, key: [name], rows: [{path: two, key: [name], labels: {thing: name}, rows: [{path: three, labels: {part: name, note: /a:top/one/name}, metrics: {lab_pair_info: name}}]}]}`,
			replies: []string{a(`<one><name>1</name><two><three><name>3</name></three><name>2</name></two></one>
				<one><two><three><name>lost</name></three><name>2</name></two></one>`)},
			want: []string{`lab_pair_info{note="1",part="3",thing="2"} 1`},
		},
		"enclosing entries": {
			rows: `- {path: /a:top/vrf/list/one, key: [name], labels: {thing: name, part: /a:top/vrf/name}, metrics: {lab_pair: v}}`,
			replies: []string{a(`<vrf><name>red</name><list><one><name>x</name><v>1</v></one></list></vrf>
				<vrf><list><one><name>x</name><v>2</v></one></list><name>blue</name></vrf>
				<vrf><list><one><name>x</name><v>3</v></one></list></vrf>`)},
			want: []string{`lab_pair{part="red",thing="x"} 1`, `lab_pair{part="blue",thing="x"} 2`, `lab_pair{thing="x"} 3`},
		},
		"enclosing entries in the key": {
			rows: `- {path: /a:top/vrf/one, key: [/a:top/vrf/name, name], labels: {thing: name, part: /a:top/vrf/name}, metrics: {lab_pair: v}}`,
			replies: []string{a(`<vrf><one><name>x</name><v>1</v></one><name>red</name></vrf><vrf><one><name>x</name><v>2</v></one><name>blue</name></vrf>`),
				a(`<vrf><one><name>x</name><v>3</v></one><name>red</name></vrf>`)},
			want: []string{`lab_pair{part="red",thing="x"} 1`, `lab_pair{part="blue",thing="x"} 2`},
		},
		"the enclosing entry is a row too": {
			rows: `- {path: /a:top/one, key: [name], labels: {thing: name}, metrics: {lab_value: v}}
- {path: /a:top/one/part, key: [id], labels: {thing: /a:top/one/name, part: id}, metrics: {lab_pair: v}}`,
			replies: []string{a(`<one><part><id>p</id><v>1</v></part><name>x</name><v>2</v></one><one><part><id>p</id><v>3</v></part><v>4</v></one>`)},
			want:    []string{`lab_value{thing="x"} 2`, `lab_pair{part="p",thing="x"} 1`, `lab_pair{part="p"} 3`},
		},
		"a leaf in a sibling container of an enclosing entry": {
			rows:    `- {path: /a:top/vrf/one, labels: {thing: name, part: /a:top/vrf/global/name}, metrics: {lab_pair: v}}`,
			replies: []string{a(`<vrf><one><name>x</name><v>1</v></one><global><name>red</name></global></vrf>`)},
			want:    []string{`lab_pair{part="red",thing="x"} 1`},
		},
		"lists of which one lies in another entry": {
			rows:    `- {path: [/a:top/one, /a:top/node/one], key: [name], labels: {thing: name, note: /a:top/node/name}, metrics: {lab_info: name, lab_value: v}}`,
			replies: []string{a(`<one><name>x</name><v>1</v></one><node><name>n</name><one><name>x</name></one></node>`)},
			want:    []string{`lab_info{note="n",thing="x"} 1`, `lab_value{thing="x"} 1`},
		},
		"conditions": {
			rows: `- {path: /a:top/one, key: [name], when: {type: [eth, lag], up: "true"}, labels: {thing: name}, metrics: {lab_value: v}, rows: [{path: part, labels: {part: id}, metrics: {lab_pair: id}}]}`,
			replies: []string{a(`<one><name>1</name><type>p:eth</type><up>true</up><v>1</v><part><id>5</id></part></one>
				<one><name>2</name><type>vlan</type><up>true</up><v>1</v><part><id>6</id></part></one>
				<one><name>3</name><type>lag</type><up>false</up><v>1</v></one><one><name>4</name><up>true</up><v>1</v></one>`)},
			want: []string{`lab_value{thing="1"} 1`, `lab_pair{part="5",thing="1"} 5`},
		},
		"conditions that another list meets": {
			rows:    `- {path: [/a:top/one, /a:top/two], key: [name], when: {type: eth}, labels: {thing: name}, metrics: {lab_value: v}}`,
			replies: []string{a(`<one><name>x</name><v>1</v></one><one><name>y</name><v>1</v></one>`), a(`<two><name>x</name><type>eth</type></two>`)},
			want:    []string{`lab_value{thing="x"} 1`},
		},
		"rows left out": {
			rows:    `- {path: /a:top/one, key: [name], unless: {type: [vlan, "-"]}, labels: {thing: name}, metrics: {lab_value: v}}`,
			replies: []string{a(`<one><name>1</name><type>p:eth</type><v>1</v></one><one><name>2</name><type>vlan</type><v>2</v></one><one><name>3</name><v>3</v></one>`)},
			want:    []string{`lab_value{thing="1"} 1`, `lab_value{thing="3"} 3`},
		},
		"rows counted": {
			rows: `- {path: /a:top/one, labels: {thing: type}, metrics: {lab_value: {leaf: name, decode: presence, sum_rows: true}, lab_total: {leaf: v, sum_rows: true}}}
- {path: /a:top/none, labels: {thing: {template: lag}}, metrics: {lab_value: {leaf: ., values: {"*": 0}, sum_rows: true}}}`,
			replies: []string{a(`<none/><one><name>1</name><type>eth</type><v>10</v></one><one><name>2</name><type>vlan</type><v>x</v></one>
				<one><name>3</name><type>eth</type><v>30</v></one>`), a(`<one><name>4</name><type>eth</type></one>`)},
			want:    []string{`lab_value{thing="eth"} 3`, `lab_value{thing="vlan"} 1`, `lab_value{thing="lag"} 0`, `lab_total{thing="eth"} 40`},
			skipped: invalid,
		},
		"entries without elements around them": {
			rows: `- {path: /a:top/list, begins_with: name, labels: {thing: name}, metrics: {lab_value: v}, rows: [{path: part, labels: {part: id}, metrics: {lab_pair: id}}]}`,
			replies: []string{a(`<list><name>a</name><v>1</v><part><id>7</id></part><name>b</name><part><id>8</id></part><name>c</name><v>3</v></list>
				<list><v>9</v><name>d</name><v>4</v></list>`)},
			want: []string{`lab_value{thing="a"} 1`, `lab_pair{part="7",thing="a"} 7`, `lab_pair{part="8",thing="b"} 8`, `lab_value{thing="c"} 3`, `lab_value{thing="d"} 9`},
		},
		"rows by their place": {
			rows: `- {path: /a:top/one, limit: 2, unless: {type: vlan}, labels: {thing: {template: "{position()} of {type}"}, text: name}, metrics: {lab_info: name}}`,
			replies: []string{a(`<one><name>a</name><type>eth</type></one><one><name>b</name><type>vlan</type></one>
				<one><name>c</name><type>eth</type></one><one><name>d</name><type>eth</type></one>`)},
			want:    []string{`lab_info{text="a",thing="1 of eth"} 1`, `lab_info{text="c",thing="2 of eth"} 1`},
			skipped: map[string]int{decode.SkippedLimit: 1},
		},
		"value labels of several rows": {
			rows: `- {path: /a:top/one, key: [name], labels: {thing: name, text: text}, metrics: {lab_info: name}}
- {path: /a:top/two, key: [id], labels: {thing: name, text: text, note: note}, metrics: {lab_info: name}}`,
			replies: []string{a(`<one><name>x</name></one><one><name>y</name><text>Y</text></one>
				<two><id>1</id><name>x</name><text>first</text></two><two><id>2</id><name>x</name><text>second</text><note>n</note></two><two><id>3</id><name>y</name><text>late</text></two>`)},
			want: []string{`lab_info{note="n",text="first",thing="x"} 1`, `lab_info{text="Y",thing="y"} 1`},
		},
	}
	yaml := map[string]string{}
	for name, tc := range cases {
		yaml[name] = header + "  " + replace(tc.rows, "\n", "\n  ")
	}
	modules := labs(t, yaml)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := read(t, modules[name], tc.replies...)
			wantLines(t, r, tc.want...)
			wantSkipped(t, r, tc.skipped)
		})
	}
}

// TestLookups holds that a label finds in another list, of the same reply or another one, what belongs to its row.
func TestLookups(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}, {rpc: <get-b/>}]
roots: ["", /a:node]
lookups:
  kinds: {path: /a:top/kind, key: [name], value: text}
  names: {path: [/a:top/port, /a:top/alias], key: [{leaf: index, match: "^([0-9]+)"}, slot], value: {first_of: [{lookup: kinds, by: [name]}, name]}}
rows:
  - path: /a:top/neighbor
    labels:
      thing: {first_of: [{lookup: names, by: [port, {template: "1"}], skip: none}, port]}
    metrics: {lab_value: v}`)
	r := read(t, m,
		envelope(`<top xmlns="urn:a"><neighbor><port>7</port><v>1</v></neighbor><neighbor><port>8</port><v>2</v></neighbor><neighbor><port>9</port><v>3</v></neighbor>
			<neighbor><port>10</port><v>4</v></neighbor><neighbor><port>11</port><v>5</v></neighbor><neighbor><v>6</v></neighbor></top>`),
		envelope(`<node xmlns="urn:a"><top><kind><name>eth0</name><text>management</text></kind><alias><index>7</index><slot>1</slot><name>late</name></alias><port><index>7x</index><slot>1</slot><name>eth0</name></port>
			<port><index>8</index><slot>2</slot><name>eth1</name></port><port><index>9</index><name>eth2</name></port><port><index>10</index><slot>1</slot><name>none</name></port>
			<port><index>11</index><slot>1</slot></port><alias><index>11</index><slot>1</slot><name>lo</name></alias></top></node>`))
	wantLines(t, r, `lab_value{thing="management"} 1`, `lab_value{thing="8"} 2`, `lab_value{thing="9"} 3`, `lab_value{thing="10"} 4`, `lab_value{thing="lo"} 5`)
	wantSkipped(t, r, nil)
}
