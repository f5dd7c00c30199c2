package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// parse reads the one YAML document that a file holds. A file without content is an error, with empty as what to do.
func parse(file string, data []byte, empty string) (*source, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, &Error{Position{file, 1}, "the file is empty; " + empty}
	case err != nil:
		return nil, syntaxError(file, data, err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, &Error{Position{file, second.Line}, "a second YAML document (---) begins here; put it in a file of its own"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(file, data, err)
	}
	root := document.Content[0]
	if isNull(root) {
		return nil, &Error{Position{file, 1}, "the file is empty; " + empty}
	}
	return &source{file: file, line: root.Line, node: root}, nil
}

// decode decodes into out what parse has parsed; unknown keys are errors. The messages are those of explain, which also refuses
// fractions that the decoder would truncate.
func decode(s *source, data []byte, out any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err := decoder.Decode(out)
	if err != nil && (strings.Contains(err.Error(), "excessive aliasing") || strings.Contains(err.Error(), "contains itself")) {
		// explain would not end, or take very long.
		return &Error{s.at(), "the anchors (&) and aliases (*) refer to each other too often; write the values out"}
	}
	if explained := explain(s, out); explained != nil {
		return explained
	}
	if err == nil {
		return nil
	}
	return &Error{s.at(), "a value or its !!tag does not fit its key; compare the file with docs/configuration.md"}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// syntaxError rewrites the parser's message. It quotes nothing from the file, which may hold a password.
func syntaxError(file string, data []byte, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	line = min(findBrokenLine(lines, line), len(lines))
	broken := lines[line-1]
	switch {
	case regexp.MustCompile(`: *\[[0-9a-fA-F]*:[0-9a-fA-F:.]*(%\w+)?\]:`).Match(broken):
		text = `an address that begins with a bracket needs quotes; write address: "[2001:db8::1]:830"`
	case regexp.MustCompile(`^[\s-]*[a-z_]+:[^\s:/]+\s*$`).Match(broken) && !strings.Contains(text, "anchor"):
		text = `a colon has no space after it; write "key: value"`
	case strings.Contains(text, "anchor"):
		text = "an alias (*name) has no anchor (&name); put text that begins with * in quotes"
	case bytes.HasPrefix(bytes.TrimLeft(lines[line-1], " "), []byte("\t")):
		text = "a tab indents this line; use spaces"
	case strings.Contains(text, "UTF-8"):
		text = "the line has octets that are not UTF-8; save the file as UTF-8"
	case strings.Contains(text, "cannot start any token"):
		text = "a value begins with a character that YAML keeps for itself; put the value in quotes"
	case strings.Contains(text, "mapping values are not allowed"), strings.Contains(text, "did not find expected key"):
		text = `the line does not fit the ones above it; check its indentation, and put values that hold ": " in quotes`
	case strings.Contains(text, "could not find expected ':'"):
		text = `a key without ":"; write "key: value"`
	default:
		text = "not valid YAML (" + text + "); check the quotes, brackets and indentation here"
	}
	return &Error{Position{file, line}, text}
}

// findBrokenLine finds the line with the syntax error: the one after the longest part from the beginning that parses. The line in the
// parser's message (reported) is often that of the enclosing mapping; it is used if the search would take too long.
func findBrokenLine(lines [][]byte, reported int) int {
	const budget = 300_000 // lines to parse, less than a second
	for end := len(lines) - 1; end > 0 && (len(lines)-end)*len(lines) < budget; end-- {
		var any yaml.Node
		if err := yaml.Unmarshal(bytes.Join(lines[:end], nil), &any); err == nil {
			return end + 1
		}
	}
	if len(lines)*len(lines) < budget {
		return 1
	}
	return max(reported, 1)
}
