package generate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// split splits a YANG identifier into lower-case words of letters and digits.
func split(name string) (words []string) {
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	runes := []rune(name)
	for i, r := range runes {
		letter := r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
		switch {
		case !letter:
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) ||
			len(word) > 1 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])): // ifHCInOctets: if_hc_in_octets
			end()
		}
		word = append(word, r)
	}
	end()
	if len(words) == 0 {
		return []string{"x"}
	}
	return words
}

// join joins lists of words. Words at the end of one that are also at the beginning of the next come only once: [ietf interfaces]
// [interface] [interface mtu] is ietf_interfaces_interface_mtu.
func join(parts ...[]string) (words []string) {
	for _, part := range parts {
		shared := min(len(words), len(part))
		for shared > 0 && !slices.Equal(words[len(words)-shared:], part[:shared]) {
			shared--
		}
		words = append(words, part[shared:]...)
	}
	return words
}

func snake(words []string) string {
	name := strings.Join(words, "_")
	if name != "" && unicode.IsDigit(rune(name[0])) {
		return "_" + name
	}
	return name
}

// neutralContainers only group leaves. They add nothing to a name.
var neutralContainers = []string{"state", "statistics", "counters", "stats"}

// rowWords returns the words that the names of a row's metrics begin with: its lists, or its containers if it is in no list. Level 1
// adds the containers between lists, level 2 all containers.
func rowWords(prefix string, r *row, level int) []string {
	var parts [][]string
	inList := r.entry.IsList()
	for up := r.entry; up != nil; up = parent(up) {
		sorts := slices.Contains(neutralContainers, up.Name)
		lists := up.IsList() || level == 1 && r.parent != nil && inside(up, r.outermost().entry)
		if level == 2 || lists && !sorts || !inList && !sorts {
			parts = append(parts, split(up.Name))
		}
	}
	words := split(prefix)
	if prefix != r.prefix("") || len(parts) == 0 || !repeats(words, parts[len(parts)-1]) {
		parts = append(parts, words)
	}
	slices.Reverse(parts)
	return join(parts...)
}

// repeats tells whether the first word of a node stands in the name of its module, and not at the end, where join makes one word of them:
// ietf-netconf-monitoring and netconf-state. The node's name is enough then.
func repeats(module, node []string) bool {
	return slices.Contains(module, node[0]) && len(join(module, node)) == len(module)+len(node)
}

// leafWords adds the containers between the row and the leaf, and the leaf. full keeps the neutral containers.
func leafWords(words []string, m *metric, full bool) []string {
	parts := [][]string{split(m.entry.Name)}
	for up := parent(m.entry); up != nil && up != m.row.entry; up = parent(up) {
		if full || !slices.Contains(neutralContainers, up.Name) {
			parts = append(parts, split(up.Name))
		}
	}
	parts = append(parts, words)
	slices.Reverse(parts)
	return join(parts...)
}

// timeWords are left out at the end of a name, before timestamp_seconds.
var timeWords = []string{"time", "timestamp", "datetime", "date", "and"}

// unitWords maps the words for units in the names of leaves to the base unit.
var unitWords = map[string]string{
	"octets": "bytes", "bytes": "bytes", "byte": "bytes", "kilobytes": "bytes", "kbytes": "bytes", "percent": "ratio", "percentage": "ratio",
	"seconds": "seconds", "secs": "seconds", "sec": "seconds", "milliseconds": "seconds", "microseconds": "seconds", "nanoseconds": "seconds",
	"msec": "seconds", "msecs": "seconds", "usec": "seconds", "ms": "seconds", "celsius": "celsius", "volts": "volts", "millivolts": "volts",
	"mv": "volts", "amperes": "amperes", "amps": "amperes", "milliamps": "amperes", "ma": "amperes", "watts": "watts", "hertz": "hertz",
	"mhz": "hertz", "hz": "hertz", "dbm": "dbm", "rpm": "rpm", "ratio": "ratio",
}

// withUnit adds the base unit, and _total to a counter (Prometheus' naming practices).
func withUnit(words []string, base string, m meaning) []string {
	words = slices.Clone(words)
	last := func() string { return words[len(words)-1] }
	cut := func() { words = words[:len(words)-1] }
	if last() == "total" && len(words) > 1 { // only the name of a counter may end in it, and gets it back
		cut()
		if m.class != counter {
			words = append(words[:len(words)-1], "total", last())
		}
	}
	if base == "timestamp_seconds" {
		for len(words) > 1 && slices.Contains(timeWords, last()) {
			cut()
		}
	}
	first, _, _ := strings.Cut(base, "_")
	for i, word := range words {
		if word == "octets" && first == "bytes" {
			words[i] = "bytes"
		}
	}
	for len(words) > 1 && base != "" && unitWords[last()] == first {
		cut()
	}
	if base != "" && !slices.Contains(words, base) {
		words = append(words, base)
	}
	if m.class == counter {
		words = append(words, "total")
	}
	return words
}

// unitOfName returns the unit in a leaf's name, for leaves without a units statement.
func unitOfName(name string) string {
	words := split(name)
	last := words[len(words)-1]
	switch {
	case slices.Contains(words, "octets"), slices.Contains(words, "bytes"):
		return "bytes"
	case last == "mhz":
		return "MHz"
	case last == "ms", last == "mv", last == "ma": // too short to be sure
		return ""
	case unitWords[last] == "seconds" && (last == "seconds" || last == "secs" || last == "sec"): // five-seconds may be a load
		return ""
	case unitWords[last] != "" && last != "ratio":
		return last
	}
	return ""
}

var (
	sentenceEnd  = regexp.MustCompile(`\.(?:\s+|$)`)
	abbreviation = regexp.MustCompile(`^\W*(?:[A-Za-z]\.)+[A-Za-z]$`) // e.g, i.e
)

// firstSentence returns the first sentence of a description, without its full stop.
func firstSentence(description string) string {
	text := strings.Join(strings.Fields(description), " ")
	for from := 0; from < len(text); {
		match := sentenceEnd.FindStringIndex(text[from:])
		if match == nil {
			break
		}
		end := from + match[0]
		word := text[strings.LastIndexByte(text[:end], ' ')+1 : end]
		if abbreviated := abbreviation.MatchString(word) || slices.Contains([]string{"cf", "vs", "etc", "No"}, word); !abbreviated || match[1] == len(text)-from {
			text = text[:end]
			break
		}
		from += match[1]
	}
	const longest = 240
	if len(text) > longest {
		text = text[:strings.LastIndexByte(text[:longest], ' ')+1] + "..."
	}
	return strings.TrimRight(text, ".:; ")
}
