package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	common "github.com/prometheus/common/config"
	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// explainer compares the nodes of a file with the types that they are decoded into, and reports what does not fit.
type explainer struct {
	problems
	file           string
	aliases        map[string]bool // anchors that the file refers to
	depth, visited int             // bounded: aliases may form cycles that the decoder did not find
}

// explain reports why s cannot be decoded into out, a pointer; nil if it can.
func explain(s *source, out any) error {
	e := &explainer{file: s.file, aliases: map[string]bool{}}
	aliasesOf(s.node, e.aliases)
	e.check(s.node, reflect.TypeOf(out).Elem(), "the file", false)
	return e.err()
}

// check compares a node with the type it is for. What is below an auth is private: no value of it is shown.
func (e *explainer) check(n *yaml.Node, t reflect.Type, name string, private bool) {
	e.depth++
	e.visited++
	defer func() { e.depth-- }()
	if e.depth > 100 || e.visited > 1_000_000 {
		return
	}
	if private && t.Kind() == reflect.String && n.Kind == yaml.ScalarNode {
		e.secretText(n, name)
	}
	n = resolve(n)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	private = private || slices.Contains(privateTypes(), t)
	switch {
	case isNull(n):
		return
	case n.Kind == yaml.ScalarNode && t == reflect.TypeFor[ModuleSetting]():
		e.check(n, reflect.TypeFor[string](), name, private)
		return
	case n.Kind == yaml.ScalarNode && (t == reflect.TypeFor[Value]() || t == reflect.TypeFor[Strings]()):
		return
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		if t == reflect.TypeFor[Value]() && n.Kind != yaml.MappingNode {
			e.at(n, "%s must be a path or a mapping; write PATH or {leaf: PATH, ...}", name)
			return
		}
		if n.Kind != yaml.MappingNode {
			if t == reflect.TypeFor[Target]() && n.Kind == yaml.ScalarNode {
				e.at(n, "a target must be a mapping, and this is text; write - {address: %s, auth: NAME}", plainAddress(n.Value))
				return
			}
			e.at(n, `%s must be a mapping; write "key: value" lines`, name)
			return
		}
		e.mapping(n, t, private)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			e.at(n, `%s must be a list; write its items as "- item" lines or as [a, b]`, name)
			return
		}
		for _, item := range n.Content {
			e.check(item, t.Elem(), "an item of "+name, private)
		}
	default:
		e.scalar(n, t, name, private)
	}
}

// privateTypes are those that hold secrets.
func privateTypes() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[Auth](), reflect.TypeFor[common.BasicAuth](), reflect.TypeFor[common.Authorization](), reflect.TypeFor[common.TLSConfig](),
	}
}

// mapping checks the keys of a struct or a map, and what they hold.
func (e *explainer) mapping(n *yaml.Node, t reflect.Type, private bool) {
	fields := fieldsOf(t)
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := key.Value
		field, known := fields.types[name]
		first, duplicate := seen[name]
		seen[name] = key.Line
		switch {
		case key.Kind != yaml.ScalarNode:
			e.at(key, "a key must be text; put it in quotes")
		case isMerge(key):
			for _, merged := range mergedMappings(value) {
				e.check(merged, t, "what << names", private)
			}
		case private && !known && (isNull(value) || !isName(name)):
			// Perhaps {password:SECRET}, or {password: SEC,RET}.
			e.at(key, "a key is not known (nor shown: it may be part of a secret); put a space after each colon, and the secret in quotes")
		case duplicate:
			e.at(key, "key %q is already given on line %d; keep one of them", name, first)
		case t.Kind() == reflect.Map:
			e.check(value, t.Elem(), name, private)
		case !known:
			e.unknownKey(key, fields)
		default:
			e.check(value, field, name, private)
		}
	}
}

// unknownKey is the error for an unknown key. It suggests similar ones.
func (e *explainer) unknownKey(key *yaml.Node, fields fields) {
	if name, _, colon := strings.Cut(key.Value, ":"); colon && slices.Contains(fields.names, name) {
		e.at(key, `a space is missing after "%s:"; write "%s: VALUE"`, name, name)
		return
	}
	meant := strings.TrimPrefix(nearest.Hint(key.Value, fields.names, ""), "; ")
	if meant != "" {
		meant = " (" + meant + ")"
	}
	e.at(key, "unknown key %q%s; known here: %s", key.Value, meant, strings.Join(fields.names, ", "))
}

// secretText checks a text of an auth that YAML has taken for something else. It quotes nothing of it.
func (e *explainer) secretText(n *yaml.Node, name string) {
	switch {
	case n.Tag != "" && !strings.HasPrefix(n.Tag, "!!"):
		e.at(n, `%s begins with "!", which YAML takes for a tag; put it in single quotes`, name)
	case n.Anchor != "" && !e.aliases[n.Anchor]:
		e.at(n, `%s begins with "&", which YAML takes for an anchor; put it in single quotes`, name)
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 && cutShort(n.LineComment):
		e.at(n, `%s is followed by " #", where YAML begins a comment; put it in single quotes, or a space after the #`, name)
	case n.Value == "" && name == "password":
		e.at(n, "password is empty; write it in single quotes, or use password_file or password_env")
	}
}

// cutShort tells whether a comment may be the rest of a value: people put a space after the #.
func cutShort(comment string) bool {
	return len(comment) > 1 && comment[0] == '#' && comment[1] != ' ' && comment[1] != '\t' && comment[1] != '#'
}

// aliasesOf lists the anchors that a document refers to.
func aliasesOf(n *yaml.Node, found map[string]bool) {
	if n.Kind == yaml.AliasNode {
		found[n.Value] = true
		return
	}
	for _, below := range n.Content {
		aliasesOf(below, found)
	}
}

// fraction reads a number written as 1/100.
func fraction(text string) (float64, bool) {
	above, below, ok := strings.Cut(text, "/")
	a, err := strconv.ParseFloat(strings.TrimSpace(above), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(below), 64)
	return a / b, ok && err == nil && err2 == nil && b != 0
}

func (e *explainer) scalar(n *yaml.Node, t reflect.Type, name string, private bool) {
	truncated := t.Kind() == reflect.Int && n.ShortTag() == "!!float"
	if n.Kind == yaml.ScalarNode && n.Decode(reflect.New(t).Interface()) == nil && !truncated {
		return
	}
	shown := name
	if n.Kind == yaml.ScalarNode && !private {
		shown = fmt.Sprintf("%s %q", name, n.Value)
	}
	switch {
	case t == reflect.TypeFor[Duration]():
		e.at(n, "%s is not a duration; write a number with its unit, such as 30s, 5m or 1d", shown)
	case t == reflect.TypeFor[Bytes]():
		e.at(n, "%s is not a size; write a number of bytes or one with its unit, such as 64MiB", shown)
	case t.Kind() == reflect.Bool:
		e.at(n, "%s is neither true nor false; write one of them", shown)
	case t.Kind() == reflect.String:
		e.at(n, "%s must be text; put it in quotes", name)
	case t.Kind() == reflect.Float64:
		if f, ok := fraction(n.Value); ok {
			e.at(n, "%s is not a number; write %g", shown, f)
			return
		}
		e.at(n, "%s is not a number; write digits", shown)
	default:
		e.at(n, "%s is not a whole number; write digits", shown)
	}
}

func (e *explainer) at(n *yaml.Node, format string, args ...any) {
	e.add(Position{e.file, n.Line}, format, args...)
}

// fields are the keys of a struct, in the order of its fields.
type fields struct {
	names []string
	types map[string]reflect.Type
}

func fieldsOf(t reflect.Type) fields {
	known := fields{types: map[string]reflect.Type{}}
	if t.Kind() != reflect.Struct {
		return known // a map, which takes any key
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		known.names = append(known.names, name)
		known.types[name] = f.Type
	}
	return known
}
