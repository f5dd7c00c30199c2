package module_test

import "testing"

// TestPaths holds what a path selects.
func TestPaths(t *testing.T) {
	const things = `
namespaces: {a: "urn:a", b: "urn:b", v: "urn:v:*:end", any: "*"}
reads: [{get: [/a:top]}]
rows: [{path: PATH, key: [name], labels: {thing: name}, metrics: {lab_value: LEAF}}]`
	cases := map[string]struct {
		path, leaf string
		data       string
		want       []string
	}{
		"inherited":                  {"/a:top/list", "v", `<top xmlns="urn:a"><list><name>x</name><v>1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"inherited by leaves":        {"/a:top/b:list", "v", `<top xmlns="urn:a"><list xmlns="urn:b"><name>x</name><v>1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"leaf of another model":      {"/a:top/list", "b:v", `<top xmlns="urn:a"><list><name>x</name><v xmlns="urn:b">1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"back to the first model":    {"/a:top/b:in/a:list", "v", `<top xmlns="urn:a"><in xmlns="urn:b"><list xmlns="urn:a"><name>x</name><v>1</v></list></in></top>`, []string{`lab_value{thing="x"} 1`}},
		"any prefix":                 {"/a:top/list", "v", `<q:top xmlns:q="urn:a"><q:list><r:name xmlns:r="urn:a">x</r:name><q:v>1</q:v></q:list></q:top>`, []string{`lab_value{thing="x"} 1`}},
		"prefix that means another":  {"/a:top/list", "v", `<b:top xmlns:b="urn:a" xmlns:a="urn:b"><b:list><b:name>x</b:name><a:v>1</a:v></b:list></b:top>`, nil},
		"another namespace":          {"/a:top/list", "v", `<top xmlns="urn:b"><list><name>x</name><v>1</v></list></top>`, nil},
		"no namespace":               {"/a:top/list", "v", `<top xmlns=""><list><name>x</name><v>1</v></list></top>`, nil},
		"namespace lost below":       {"/a:top/list", "v", `<top xmlns="urn:a"><list><name>x</name><v xmlns="">1</v></list></top>`, nil},
		"leaf elsewhere":             {"/a:top/list", "v", `<top xmlns="urn:a"><v>9</v><list><name>x</name><in><v>8</v></in><v>1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"pattern":                    {"/v:top/list", "v", `<top xmlns="urn:v:22.2R1:end"><list><name>x</name><v>1</v></list></top><top xmlns="urn:v:end"><list><name>y</name><v>1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"namespaces below a pattern": {"/v:top/list", "v", `<top xmlns="urn:v:1:end"><list xmlns="urn:v:2:end"><name>x</name><v>1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"any namespace":              {"/any:top/list", "v", `<top xmlns="urn:x"><list><name>x</name><v>1</v></list></top><top xmlns=""><list><name>y</name><v>2</v></list></top><u:top><u:list><u:name>z</u:name><u:v>3</u:v></u:list></u:top>`, []string{`lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`, `lab_value{thing="z"} 3`}},
		"escaped namespace":          {"/a:top/list", "v", `<top xmlns="&#117;rn:&#x61;"><list><name>x</name><v>1</v></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"two roots of one name":      {"/b:top/list", "v", `<top xmlns="urn:a"><list><name>x</name><v>1</v></list></top><top xmlns="urn:b"><list><name>x</name><v>2</v></list></top>`, []string{`lab_value{thing="x"} 2`}},
		"deep leaf":                  {"/a:top", "list/in/v", `<top xmlns="urn:a"><name>x</name><list><in><v>1</v></in></list></top>`, []string{`lab_value{thing="x"} 1`}},
		"the row itself":             {"/a:top/list", ".", `<top xmlns="urn:a"><list>1</list></top>`, nil},
	}
	yaml := map[string]string{}
	for name, tc := range cases {
		yaml[name] = replace(things, "PATH", tc.path, "LEAF", tc.leaf)
	}
	modules := labs(t, yaml)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { wantLines(t, read(t, modules[name], envelope(tc.data)), tc.want...) })
	}
}

// TestEnvelopes holds what may be around the data: devices leave elements out, and use namespaces and prefixes of their own.
func TestEnvelopes(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:top, key: [name], labels: {thing: name}, metrics: {lab_value: v}}]`)
	const data, want = `<top xmlns="urn:a"><name>x</name><v>1</v></top>`, `lab_value{thing="x"} 1`
	for name, reply := range map[string]string{
		"RFC 6241":           envelope(data),
		"no data":            `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">` + data + `</rpc-reply>`,
		"NMDA":               `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-nmda">` + data + `</data></rpc-reply>`,
		"no namespace":       `<rpc-reply><data>` + data + `</data></rpc-reply>`,
		"prefixes":           `<nc:rpc-reply xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"><nc:data>` + data + `</nc:data></nc:rpc-reply>`,
		"unbound prefixes":   `<nc:rpc-reply><nc:data>` + data + `</nc:data></nc:rpc-reply>`,
		"data alone":         `<data xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">` + data + `</data>`,
		"nothing around":     data,
		"comments and space": "\n<?xml version=\"1.0\"?><!-- x --><rpc-reply>\n<!-- <data> --> text <data>\n" + data + "\n</data>\n</rpc-reply>\n",
		"data twice":         `<rpc-reply><data/><data>` + data + `</data></rpc-reply>`,
		"something before":   `<rpc-reply><junk><data><top xmlns="urn:a"><name>y</name><v>2</v></top></data></junk><data>` + data + `</data></rpc-reply>`,
	} {
		t.Run(name, func(t *testing.T) { wantLines(t, read(t, m, reply), want) })
	}
	for name, reply := range map[string]string{
		"empty":         envelope(""),
		"self-closed":   `<rpc-reply/>`,
		"one level off": envelope(`<wrapper>` + data + `</wrapper>`),
	} {
		t.Run(name, func(t *testing.T) { wantLines(t, read(t, m, reply)) })
	}
}

// TestRoots holds that a path is looked for below each of the roots.
func TestRoots(t *testing.T) {
	m := lab(t, `
namespaces: {any: "*"}
reads: [{rpc: <get-a/>}]
roots: ["", /any:results/item]
rows:
  - path: /any:info/entry
    labels: {thing: name, part: {first_of: [/any:results/item/re-name, {template: only}]}}
    metrics: {lab_pair: v}`)
	wantLines(t, read(t, m, `<rpc-reply><info xmlns="x"><entry><name>a</name><v>1</v></entry></info></rpc-reply>`),
		`lab_pair{part="only",thing="a"} 1`)
	wantLines(t, read(t, m, `<rpc-reply><results xmlns="y">
		<item><re-name>re0</re-name><info xmlns="x"><entry><name>a</name><v>1</v></entry></info></item>
		<item><info xmlns="x"><entry><name>a</name><v>2</v></entry></info><re-name>re1</re-name></item>
		<item><info xmlns="x"><entry><name>b</name><v>3</v></entry></info></item>
		</results></rpc-reply>`),
		`lab_pair{part="re0",thing="a"} 1`, `lab_pair{part="re1",thing="a"} 2`, `lab_pair{part="only",thing="b"} 3`)
}
