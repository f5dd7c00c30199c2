package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// findUnit finds the base unit of a metric, and how to convert to it.
func (m *metric) findUnit() {
	description := strings.ToLower(m.entry.Description)
	switch m.meaning.class {
	case timestamp:
		m.base = "timestamp_seconds"
		return
	case gauge, counter:
	default:
		return
	}
	u, ok := parseUnit(cmp.Or(m.meaning.units, unitOfName(m.entry.Name)))
	if !ok {
		return
	}
	m.base, m.scale, m.offset = u.base, u.scale, u.offset
	if u.base == "seconds" && m.meaning.class == gauge && (strings.Contains(description, "epoch") || strings.Contains(description, "1970")) {
		m.base = "timestamp_seconds"
	}
}

// isRate tells whether the metric is a data rate. Servers send absurd values for a speed that they do not know.
func (m *metric) isRate() bool { return m.base == "bytes_per_second" }

// isCapacity tells whether the metric is the capacity of something. Devices send 0 if they do not know it.
func (m *metric) isCapacity() bool {
	return m.isRate() && slices.ContainsFunc(split(m.entry.Name), func(word string) bool { return word == "speed" || word == "bandwidth" })
}

// describe sets the HELP text.
func (m *metric) describe() {
	if m.info {
		what := "What is known about an entry of the list " + m.entry.Name + " that is not a number"
		switch {
		case len(m.row.labels) == 0:
			what = "An entry of the list " + m.entry.Name
		case !m.entry.IsList():
			what = "What is known about " + m.entry.Name + " that is not a number"
		}
		m.help = what + "; always 1."
		return
	}
	text := firstSentence(m.entry.Description)
	if text == "" {
		text = "The leaf " + m.entry.Name + " of " + m.row.entry.Name
	}
	switch m.meaning.class {
	case enum:
		var numbers []string
		for _, value := range m.meaning.values {
			numbers = append(numbers, fmt.Sprintf("%d %s", value.number, value.name))
		}
		text += ": " + strings.Join(numbers, ", ")
	case presence:
		text += "; 1 where the device says so, no sample elsewhere"
	case timestamp:
		text += "; in Unix time"
	default:
		text += m.describeUnit()
	}
	m.help = text + "."
}

func (m *metric) describeUnit() string {
	units := m.meaning.units
	words := strings.ReplaceAll(m.base, "_", " ")
	switch {
	case m.base == "timestamp_seconds":
		return "; in Unix time"
	case m.base == "" && units != "":
		return "; in " + units
	case m.base == "" || m.scale == 1 && m.offset == 0:
		return ""
	case m.base == "ratio":
		return "; as a ratio, 1 for 100 percent"
	case units != "":
		return fmt.Sprintf("; here in %s, in the YANG in %s", words, units)
	}
	return "; in " + words
}
