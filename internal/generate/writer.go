package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/openconfig/goyang/pkg/yang"
)

// writer writes the document line by line: an encoder would not keep its comments.
type writer struct {
	*builder
	options Options
	name    string
	out     bytes.Buffer
}

// line writes one line, with a comment behind it unless that is empty.
func (w *writer) line(indent int, text, comment string) {
	w.out.WriteString(strings.Repeat("  ", indent) + text)
	if comment != "" {
		w.out.WriteString(" # " + oneLine(comment))
	}
	w.out.WriteByte('\n')
}

// comment writes lines of comment of at most 120 characters.
func (w *writer) comment(indent int, text string) {
	line := strings.Repeat("  ", indent) + "#"
	for _, word := range strings.Fields(oneLine(text)) {
		if len(line)+1+len(word) > 120 && !strings.HasSuffix(line, "#") {
			w.out.WriteString(line + "\n")
			line = strings.Repeat("  ", indent) + "#  "
		}
		line += " " + word
	}
	w.out.WriteString(line + "\n")
}

func (w *writer) document(metrics []*metric) []byte {
	w.comment(0, fmt.Sprintf("Written by netconf_exporter generate for %s.", strings.Join(w.options.Paths, ", ")))
	w.comment(0, "From the YANG of "+strings.Join(slices.Sorted(slices.Values(w.schema.read)), ", ")+".")
	w.comment(0, "Use it beside your own configuration: netconf_exporter --config.file=netconf.yml --config.file=THIS_FILE. The module is a "+
		"kind of its own: targets with modules: [auto] are read by it if the device has the YANG module.")
	w.comment(0, "It is yours to edit; docs/modules.md explains the form. Comments say what was left out of the YANG, and on which "+
		"conditions a device has a node.")
	for _, note := range w.schema.notes {
		w.comment(0, "Not taken in: "+note+".")
	}
	w.comment(0, "Texts are labels of the metrics that end in _info. Take out those that change often: each change makes a new series.")
	w.line(0, "modules:", "")
	w.line(1, quote(w.name)+":", "")
	w.line(2, "status: untested", "")
	paths := w.readPaths() // this also assigns all prefixes
	w.line(2, "namespaces:", "")
	byPrefix := map[string]string{}
	for namespace, prefix := range w.prefixes {
		byPrefix[prefix] = namespace
	}
	for _, prefix := range slices.Sorted(maps.Keys(byPrefix)) {
		w.line(3, quote(prefix)+": "+quote(byPrefix[prefix]), "")
	}
	var requires []string
	for _, r := range w.rows {
		if prefix, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/"), ":"); !slices.Contains(requires, quote(prefix)) {
			requires = append(requires, quote(prefix))
		}
	}
	w.line(2, "requires: ["+strings.Join(requires, ", ")+"]", "")
	w.line(2, "reads:", "")
	operation := map[bool]string{false: "get", true: "get_data"}[w.options.OperationalDatastore]
	if len(paths) == 1 {
		w.line(3, "- "+operation+": ["+quote(paths[0])+"]", "")
	} else {
		w.line(3, "- "+operation+":", "")
		for _, path := range paths {
			w.line(5, "- "+quote(path), "")
		}
	}
	w.line(2, "rows:", "")
	for _, r := range w.rows {
		w.row(3, r)
	}
	w.out.WriteByte('\n')
	w.line(0, "catalog:", "")
	for _, m := range metrics {
		w.entry(m)
	}
	return w.out.Bytes()
}

func (w *writer) row(indent int, r *row) {
	w.omitted(indent, r)
	if len(r.metrics)+len(r.rows) == 0 {
		return
	}
	var around *yang.Entry
	if r.parent != nil {
		around = r.parent.entry
	}
	w.line(indent, "- path: "+quote(r.path), conditions(r.entry, around))
	indent++
	if len(r.keys) > 0 {
		var leaves []string
		for _, k := range r.keys {
			leaves = append(leaves, quote(k.leaf))
		}
		w.line(indent, "key: ["+strings.Join(leaves, ", ")+"]", "")
	}
	if len(r.keys)+len(r.labels) > 0 {
		w.line(indent, "labels:", "")
	}
	for _, k := range r.keys {
		value := quote(k.leaf)
		if k.identity {
			value = "{leaf: " + value + `, match: "([^:]*)$"}`
		}
		w.line(indent+1, quote(k.name)+": "+value, "")
	}
	for _, l := range r.labels {
		w.line(indent+1, quote(l.name)+": "+quote(l.leaf), l.note)
	}
	if r.start != "" && slices.ContainsFunc(r.metrics, func(m *metric) bool { return m.meaning.class == counter }) {
		w.line(indent, "start_time: "+quote(r.start), "")
	}
	if len(r.metrics) > 0 {
		w.line(indent, "metrics:", "")
	}
	for _, m := range r.metrics {
		w.line(indent+1, m.name+": "+m.value(), m.comment())
	}
	if len(r.rows) > 0 {
		w.line(indent, "rows:", "")
	}
	for _, nested := range r.rows {
		w.row(indent+1, nested)
	}
}

// omitted writes which nodes of a row are not exported, by reason.
func (w *writer) omitted(indent int, r *row) {
	var reasons []string
	paths := map[string][]string{}
	for _, left := range r.omitted {
		if paths[left.why] == nil {
			reasons = append(reasons, left.why)
		}
		paths[left.why] = append(paths[left.why], left.path)
	}
	for _, why := range reasons {
		w.comment(indent, fmt.Sprintf("Left out of %s: %s (%s).", r.entry.Name, strings.Join(paths[why], ", "), why))
	}
}

// value returns the metric's value in the module.
func (m *metric) value() string {
	var more []string
	if m.meaning.class == presence {
		more = append(more, "decode: presence")
	}
	if m.meaning.decode != "" {
		more = append(more, "decode: "+m.meaning.decode)
	}
	if m.scale != 1 {
		more = append(more, "scale: "+number(m.scale))
	}
	if m.offset != 0 {
		more = append(more, "offset: "+number(m.offset))
	}
	skip := m.meaning.skip
	if m.isCapacity() {
		skip = append(slices.Clone(skip), "0")
	}
	if len(skip) > 0 {
		var texts []string
		for _, text := range skip {
			texts = append(texts, quote(text))
		}
		more = append(more, "skip: ["+strings.Join(texts, ", ")+"]")
	}
	if len(more) == 0 {
		return quote(m.leaf)
	}
	return "{leaf: " + quote(m.leaf) + ", " + strings.Join(more, ", ") + "}"
}

func (m *metric) comment() string {
	var all []string
	if m.meaning.why != "" {
		all = append(all, m.meaning.why)
	}
	if m.note != "" {
		all = append(all, m.note)
	}
	if _, known := parseUnit(m.meaning.units); m.meaning.units != "" && !known {
		all = append(all, "in "+m.meaning.units+", which is kept as it is")
	}
	return strings.Join(all, "; ")
}

// entry writes a metric's catalogue entry.
func (w *writer) entry(m *metric) {
	w.line(1, m.name+":", "")
	w.line(2, "type: "+map[bool]string{false: "gauge", true: "counter"}[m.meaning.class == counter], "")
	w.line(2, "help: "+quote(m.help), "")
	w.line(2, "labels: ["+strings.Join(m.row.allKeyLabels(), ", ")+"]", "")
	switch {
	case m.info:
		var kinds []string
		for _, l := range m.row.labels {
			kinds = append(kinds, quote(l.name)+": "+l.kind)
		}
		if len(kinds) > 0 {
			w.line(2, "info: {"+strings.Join(kinds, ", ")+"}", "")
		}
		w.line(2, "decode: one", "")
	case m.meaning.class == enum:
		var values []string
		for _, value := range m.meaning.values {
			values = append(values, quote(value.name)+": "+strconv.FormatInt(value.number, 10))
		}
		w.line(2, "values: {"+strings.Join(values, ", ")+"}", "")
	case m.meaning.class == timestamp:
		w.line(2, "decode: timestamp", "")
		w.line(2, "min: 946684800", "2000-01-01: earlier is a clock that was never set")
	case m.base == "timestamp_seconds":
		w.line(2, "min: 946684800", "2000-01-01: earlier is a clock that was never set")
	case m.base == "dbm":
		w.line(2, "decode: decibels", `"-Inf" is a value: no light at all`)
	case m.isRate():
		w.line(2, "min: 0", "")
		w.line(2, "max: 1.25e+13", "100 Tbit/s: beyond, the device does not know")
	case m.meaning.unsigned && m.meaning.class == gauge && m.offset == 0:
		w.line(2, "min: 0", "")
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// quote returns a YAML scalar for a text: the text itself if YAML reads it as such, or a JSON string.
func quote(text string) string {
	if plainScalar.MatchString(text) && !reservedWord.MatchString(text) {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// Each string has a form in JSON. It does not escape these, which YAML does not allow or takes for the end of a line.
	_ = encoder.Encode(strings.NewReplacer("\u0085", " ", "\u007f", " ", "\ufeff", " ").Replace(text))
	return strings.TrimSpace(b.String())
}

var (
	plainScalar  = regexp.MustCompile(`^/?[A-Za-z_][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*$`)
	reservedWord = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n|\.nan|\.inf)$`)
)

// oneLine removes what would end a comment or a quoted text. The text may come from a device.
func oneLine(text string) string {
	ends := func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) }
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), ends), " ")
}
