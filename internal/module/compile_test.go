package module_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// TestMistakes holds the message for each mistake in a module. In what follows, the first line of a module is line 3 of m.yml.
func TestMistakes(t *testing.T) {
	const (
		namespaces = `namespaces: {a: "urn:a", b: "urn:b"}`
		reads      = "\nreads: [{get: [/a:x]}]"
		rows       = "\nrows: [{path: /a:x, metrics: {lab_alone: v}}]"
		start      = namespaces + reads + "\nrows:\n" // rows begin at line 6
	)
	cases := map[string]struct {
		yaml string
		want string // messages, one a line
	}{
		"nothing": {"provides: x", `m.yml:2: module m: there is nothing under reads; say what to ask the device for, such as ` + "`reads: [{get: [/p:container]}]`" + `
m.yml:2: module m: there is nothing under rows; say where the metrics are in the reply`},
		"status":                    {namespaces + "\nstatus: good" + reads + rows, `m.yml:4: module m: status "good" is neither supported nor untested`},
		"read of nothing":           {namespaces + "\nreads: [{}]" + rows, `m.yml:4: module m: a read needs exactly one of get, get_data, get_config and rpc`},
		"read of two":               {namespaces + "\nreads: [{get: [/a:x], get_config: [/a:x]}]" + rows, `m.yml:4: module m: a read needs exactly one of get, get_data, get_config and rpc`},
		"read of everything":        {namespaces + "\nreads: [{get: []}]" + rows, `m.yml:4: module m: a read without a path asks for everything the device has; name what is needed`},
		"read, relative":            {namespaces + "\nreads: [{get: [x]}]" + rows, `m.yml:4: module m: path "x": the path of a read begins with "/"`},
		"read, no prefix":           {namespaces + "\nreads: [{get: [/x]}]" + rows, `m.yml:4: module m: path "/x": "x" needs a namespace prefix, as the first node of an absolute path does`},
		"read, unknown prefix":      {namespaces + "\nreads:\n- get:\n  - /a:x\n  - /q:x" + rows, `m.yml:7: module m: path "/q:x": prefix "q" is not under namespaces; add it there`},
		"read, all":                 {namespaces + "\nreads: [{get: [/]}]" + rows, `m.yml:4: module m: path "/": "" needs a namespace prefix, as the first node of an absolute path does`},
		"read, slash at end":        {namespaces + "\nreads: [{get: [/a:x/]}]" + rows, `m.yml:4: module m: path "/a:x/" ends in /; take that off`},
		"read, predicate":           {namespaces + "\nreads: [{get: [\"/a:x[name='y']\"]}]" + rows, `m.yml:4: module m: path "/a:x[name='y']": "x[name='y']" is not the name of a node`},
		"read, XPath":               {namespaces + "\nreads: [{get: [\"//a:x\"]}]" + rows, `m.yml:4: module m: path "//a:x": // is not possible; name each node from the top, with one / between them`},
		"read, brace open":          {namespaces + "\nreads: [{get: [\"/a:x/{y\"]}]" + rows, `m.yml:4: module m: path "/a:x/{y": braces end a path, and one is not closed`},
		"read, brace inside":        {namespaces + "\nreads: [{get: [\"/a:x/{y}/z\"]}]" + rows, `m.yml:4: module m: path "/a:x/{y}/z": braces end a path, and one is not closed`},
		"read, brace closed twice":  {namespaces + "\nreads: [{get: [\"/a:x/{y}}\"]}]" + rows, `m.yml:4: module m: path "/a:x/{y}}": "y}" is not the name of a node`},
		"read, brace behind a name": {namespaces + "\nreads: [{get: [\"/a:x{y}\"]}]" + rows, `m.yml:4: module m: path "/a:x{y}": "x{y}" is not the name of a node`},
		"read, empty braces":        {namespaces + "\nreads: [{get: [\"/a:x/{}\"]}]" + rows, `m.yml:4: module m: path "/a:x/{}": "" is not the name of a node`},
		"read, injection":           {namespaces + "\nreads: [{get: [\"/a:x/><y\"]}]" + rows, `m.yml:4: module m: path "/a:x/><y": "><y" is not the name of a node`},

		"edit":             {namespaces + "\nreads:\n- rpc: <edit-config/>" + rows, `m.yml:5: module m: operation <edit-config> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"commit":           {namespaces + "\nreads: [{rpc: <commit/>}]" + rows, `m.yml:4: module m: operation <commit> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"prefixed":         {namespaces + "\nreads: [{rpc: '<get:kill-session xmlns:get=\"x\"/>'}]" + rows, `m.yml:4: module m: operation <kill-session> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"capitals":         {namespaces + "\nreads: [{rpc: <GET-x/>}]" + rows, `m.yml:4: module m: operation <GET-x> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"getting":          {namespaces + "\nreads: [{rpc: <getting/>}]" + rows, `m.yml:4: module m: operation <getting> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"no operation":     {namespaces + "\nreads: [{rpc: <get-/>}]" + rows, `m.yml:4: module m: operation <get-> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"comment before":   {namespaces + "\nreads: [{rpc: '<!-- <get-x/> --><delete-config/>'}]" + rows, `m.yml:4: module m: operation <delete-config> is refused: only reading is possible, with get or an operation whose name begins with get- or show-`},
		"two":              {namespaces + "\nreads: [{rpc: <get-x/><kill-session/>}]" + rows, `m.yml:4: module m: the rpc is one element of XML: not well-formed XML at byte 8: a second root element <kill-session>`},
		"words":            {namespaces + "\nreads: [{rpc: show interfaces}]" + rows, `m.yml:4: module m: the rpc is one element of XML: not well-formed XML at byte 15: text outside the root element`},
		"blank":            {namespaces + "\nreads: [{rpc: ' '}]" + rows, `m.yml:4: module m: the rpc is one element of XML: XML ends before its root element is closed`},
		"cut off":          {namespaces + "\nreads: [{rpc: '<get-x><y>'}]" + rows, `m.yml:4: module m: the rpc is one element of XML: XML ends before its root element is closed`},
		"closes the rpc":   {namespaces + "\nreads: [{rpc: '<get-x/></rpc><rpc><kill-session/>'}]" + rows, `m.yml:4: module m: the rpc is one element of XML: not well-formed XML at byte 8: an end tag without a start tag`},
		"ends the message": {namespaces + "\nreads: [{rpc: '<get-x><!-- ]]>]]><rpc><kill-session/></rpc> --></get-x>'}]" + rows, `m.yml:4: module m: the rpc holds ]]>]]>, which ends a message (RFC 6242, section 4.3)`},
		"declaration":      {namespaces + "\nreads: [{rpc: '<?xml version=\"1.0\"?><get-x/>'}]" + rows, `m.yml:4: module m: the rpc is one element of XML, without the <?xml ...?> before it`},

		"root":                 {namespaces + "\nroots: [\"\", x/y]" + reads + rows, `m.yml:4: module m: path "x/y": "x" needs a namespace prefix, as the first node of an absolute path does`},
		"error path":           {namespaces + "\nerrors: [/q:x]" + reads + rows, `m.yml:4: module m: path "/q:x": prefix "q" is not under namespaces; add it there`},
		"no path":              {start + "- metrics: {lab_alone: v}", `m.yml:6: module m: a row needs a path`},
		"path":                 {start + "- path: /a:x//y\n  metrics: {lab_alone: v}", `m.yml:6: module m: path "/a:x//y": // is not possible; name each node from the top, with one / between them`},
		"second path":          {start + "- path:\n  - /a:x\n  - /a:y/-z\n  metrics: {lab_alone: v}", `m.yml:8: module m: path "/a:y/-z": "-z" is not the name of a node`},
		"relative":             {start + "- path: a:x\n  metrics: {lab_alone: v}", `m.yml:6: module m: path "a:x": a row's path begins with "/", that of a nested row does not`},
		"absolute":             {start + "- path: /a:x\n  rows:\n  - path: /a:x/y\n    metrics: {lab_alone: v}", `m.yml:8: module m: path "/a:x/y": a row's path begins with "/", that of a nested row does not`},
		"key":                  {start + "- path: /a:x\n  key: [q:name]\n  metrics: {lab_alone: v}", `m.yml:7: module m: path "q:name": prefix "q" is not under namespaces; add it there`},
		"label":                {start + "- path: /a:x\n  labels:\n    thing: na me\n  metrics: {lab_value: v}", `m.yml:8: module m: path "na me": "na me" is not the name of a node`},
		"enclosing":            {start + "- path: /a:x/y\n  labels:\n    thing: /a:z/name\n  metrics: {lab_value: v}", `m.yml:8: module m: path "/a:z/name" names no entry that encloses this row`},
		"enclosing is the row": {start + "- path: /a:x/y\n  labels:\n    thing: /a:x/y\n  metrics: {lab_value: v}", `m.yml:8: module m: path "/a:x/y" names no entry that encloses this row`},
		"start":                {start + "- path: /a:x\n  labels: {thing: n}\n  start_time: {leaf: began, decode: clock}\n  metrics: {lab_total: v}", `m.yml:8: module m: decode "clock" is unknown; it can be age, bitrate, counter, decibels, ieeefloat32, milliseconds, milliwatts, nanoseconds, number, one, presence, timestamp, unix_time`},

		"no such metric":         {start + "- path: /a:x\n  metrics:\n    lab_alone: v\n    lab_typo: v", `m.yml:9: module m: metric lab_typo is not in the catalogue; describe it under catalog`},
		"missing label":          {start + "- path: /a:x\n  labels: {thing: name}\n  metrics:\n    lab_value: v\n    lab_pair: v", `m.yml:10: module m: metric lab_pair needs the label part, which this row does not give; add it under labels`},
		"label of no metric":     {start + "- path: /a:x\n  labels:\n    thing: name\n    thin: name\n  metrics: {lab_value: v}", `m.yml:9: module m: no metric of this row has a label thin; remove it, or correct its name`},
		"decode":                 {start + "- path: /a:x\n  metrics:\n    lab_alone: {leaf: v,\n      decode: decimal}", `m.yml:9: module m: decode "decimal" is unknown; it can be age, bitrate, counter, decibels, ieeefloat32, milliseconds, milliwatts, nanoseconds, number, one, presence, timestamp, unix_time`},
		"match":                  {start + "- path: /a:x\n  metrics: {lab_alone: {leaf: v, match: \"(\"}}", "m.yml:7: module m: match \"(\" is not a regular expression of RE2 (missing closing ): `(`); lookahead (?=...), lookbehind and references to groups are not part of it"},
		"values":                 {start + "- path: /a:x\n  labels: {thing: n}\n  metrics: {lab_state: {leaf: v, values: {x: sideways}}}", `m.yml:8: module m: "sideways" is neither a number nor one of the metric's values (down, up)`},
		"no form":                {start + "- path: /a:x\n  metrics: {lab_alone: {scale: 2}}", `m.yml:7: module m: a value needs exactly one of leaf (or attribute), first_of, sum_of, template and lookup`},
		"two forms":              {start + "- path: /a:x\n  metrics: {lab_alone: {leaf: v, first_of: [w]}}", `m.yml:7: module m: a value needs exactly one of leaf (or attribute), first_of, sum_of, template and lookup`},
		"template":               {start + "- path: /a:x\n  metrics: {lab_alone: {template: \"{v}\"}}", `m.yml:7: module m: a template makes a label's text, not a metric's number`},
		"open template":          {start + "- path: /a:x\n  labels: {thing: {template: \"{v\"}}\n  metrics: {lab_value: v}", `m.yml:7: module m: the template has a brace without its leaf or its end`},
		"empty template":         {start + "- path: /a:x\n  labels: {thing: {template: \"{}\"}}\n  metrics: {lab_value: v}", `m.yml:7: module m: the template has a brace without its leaf or its end`},
		"template of a bad leaf": {start + "- path: /a:x\n  labels: {thing: {template: \"{v/}\"}}\n  metrics: {lab_value: v}", `m.yml:7: module m: path "v/" ends in /; take that off`},
		"template and more":      {start + "- path: /a:x\n  labels: {thing: {template: x, skip: y}}\n  metrics: {lab_value: v}", `m.yml:7: module m: match, skip and values are for a leaf's text; a template has none of its own`},
		"scaled label":           {start + "- path: /a:x\n  labels: {thing: {leaf: n, scale: 2}}\n  metrics: {lab_value: v}", `m.yml:7: module m: scale, offset, scale_leaf, precision_leaf, min, max, sum_of and sum_rows are for metrics; a label is a text`},
		"decoded label":          {start + "- path: /a:x\n  labels: {thing: {leaf: n, decode: age}}\n  metrics: {lab_value: v}", `m.yml:7: module m: decode "age" is not for labels, which are texts; theirs are dotted_quad and lower_case`},
		"looked up number":       {start + "- path: /a:x\n  metrics: {lab_alone: {lookup: names, by: [v]}}", `m.yml:7: module m: a lookup gives a label's text, not a metric's number`},
		"no such lookup":         {start + "- path: /a:x\n  labels: {thing: {lookup: names, by: [v]}}\n  metrics: {lab_value: v}", `m.yml:7: module m: there is no "names" under lookups; add it, or correct its name`},
		"key to nothing":         {start + "- path: /a:x\n  labels: {thing: {leaf: v, by: [v]}}\n  metrics: {lab_value: v}", `m.yml:7: module m: by is the key to a lookup, which is not there; add it`},
		"beginning":              {start + "- path: /a:x/y\n  begins_with: /a:x/n\n  metrics: {lab_alone: v}", `m.yml:7: module m: an entry begins with a leaf of its own, not with one of an entry around it`},
		"limit":                  {start + "- path: /a:x\n  metrics: {lab_alone: v}\n  limit: -1", `m.yml:8: module m: a limit is not negative`},
		"lookup without key":     {namespaces + reads + rows + "\nlookups:\n  names: {path: /a:y, value: n}", `m.yml:7: module m: a lookup needs a path, a key and a value`},
		"lookup, relative":       {namespaces + reads + rows + "\nlookups:\n  names: {path: y, key: [k], value: n}", `m.yml:7: module m: path "y": a lookup's path begins with "/"`},
		"bad alternative":        {start + "- path: /a:x\n  metrics:\n    lab_alone:\n      first_of:\n      - v\n      - q:v", `m.yml:11: module m: path "q:v": prefix "q" is not under namespaces; add it there`},
		"scale of nothing":       {start + "- path: /a:x\n  metrics:\n    lab_alone: {leaf: v,\n      scale: 0}", `m.yml:9: module m: a scale is a number other than 0`},
		"scale, no number":       {start + "- path: /a:x\n  metrics:\n    lab_alone: {leaf: v,\n      scale: .nan}", `m.yml:9: module m: a scale is a number other than 0`},
		"condition":              {start + "- path: /a:x\n  when:\n    k: []\n  metrics: {lab_alone: v}", `m.yml:8: module m: a condition needs the texts that the leaf may have`},
		"condition leaf":         {start + "- path: /a:x\n  metrics: {lab_alone: {leaf: v, when: {\"q:k\": a}}}", `m.yml:7: module m: path "q:k": prefix "q" is not under namespaces; add it there`},
		"scale leaf":             {start + "- path: /a:x\n  metrics: {lab_alone: {leaf: v, scale_leaf: \"1s\"}}", `m.yml:7: module m: path "1s": "1s" is not the name of a node`},

		"requires":          {namespaces + "\nrequires: [a, foo]" + reads + rows, `m.yml:4: module m: "foo" is neither a prefix under namespaces (with @>=REVISION if need be), nor :nmda, nor a capability URI`},
		"requires, dated":   {namespaces + "\nrequires: [\"q@>=2020-01-01\"]" + reads + rows, `m.yml:4: module m: "q@>=2020-01-01" is neither a prefix under namespaces (with @>=REVISION if need be), nor :nmda, nor a capability URI`},
		"requires, no date": {namespaces + "\nrequires: [\"a@>=latest\"]" + reads + rows, `m.yml:4: module m: "latest" is not a revision date, such as 2018-02-20`},
		"requires, empty":   {namespaces + "\nrequires: [\"\"]" + reads + rows, `m.yml:4: module m: "" is neither a prefix under namespaces (with @>=REVISION if need be), nor :nmda, nor a capability URI`},
		"several": {start + "- path: /a:x\n  metrics: {lab_typo: v}\n- path: x", `m.yml:7: module m: metric lab_typo is not in the catalogue; describe it under catalog
m.yml:8: module m: path "x": a row's path begins with "/", that of a nested row does not`},
	}
	// All cases are loaded at once, each from a file of its own.
	dir := t.TempDir()
	write := func(name, yaml string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	files := []string{write("catalog.yml", catalog)}
	names := slices.Sorted(maps.Keys(cases))
	for i, name := range names {
		files = append(files, write(fmt.Sprintf("m%d.yml", i), fmt.Sprintf("modules:\n  m%d:\n%s", i, indent(cases[name].yaml))))
	}
	c, err := config.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := c.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	_, err = module.Compile(definitions)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			var got []string
			for line := range strings.Lines(err.Error()) {
				if message, ok := strings.CutPrefix(line, fmt.Sprintf("%s/m%d.yml:", dir, i)); ok {
					got = append(got, "m.yml:"+strings.Replace(strings.TrimSpace(message), fmt.Sprintf("module m%d:", i), "module m:", 1))
				}
			}
			if diff := cmp.Diff(cases[name].want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

// TestKindsAgree holds that a label is of one kind in all metrics.
func TestKindsAgree(t *testing.T) {
	_, err := module.Compile(&config.Definitions{Catalog: map[string]*config.Metric{
		"a": {Info: map[string]string{"x": "mac"}},
		"b": {Info: map[string]string{"x": "text"}, Position: config.Position{File: "m.yml", Line: 7}},
	}})
	const want = "m.yml:7: metric b: label x is of kind text here and of kind mac elsewhere; it has to be the same everywhere"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
