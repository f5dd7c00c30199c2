// Package glob matches the patterns by which modules name namespaces.
package glob

import "strings"

// Match reports whether text is what pattern describes: "*" stands for any run of characters, "/" and ":" included.
func Match(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], more
	}
}

// IsPattern reports whether text has a "*".
func IsPattern(text string) bool { return strings.Contains(text, "*") }
