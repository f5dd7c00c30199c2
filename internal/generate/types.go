package generate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// class is what a leaf is exported as.
type class int

const (
	omitted   class = iota
	label           // a value label of an info metric
	gauge           // a number that goes up and down
	counter         // a number that only grows
	enum            // a number for each of its names
	presence        // 1 where it is there
	timestamp       // date-and-time, as Unix time
)

// meaning is how a leaf is exported, by its type.
type meaning struct {
	class    class
	why      string      // of omitted: the reason; of others: a remark
	kind     string      // of label: text, identity or mac, as in the catalogue
	values   []enumValue // of enum, by number
	skip     []string    // texts that mean that there is no value
	decode   string      // of gauge: how the module reads the text, "" for a plain number
	unsigned bool
	units    string // as in the YANG
}

// enumValue is a name of an enumeration and its number.
type enumValue struct {
	name   string
	number int64
}

// maxEnum bounds the names of an enumeration that becomes numbers. Nobody compares numbers of longer ones, such as of all countries.
const maxEnum = 64

// identifiers are last words in the names of integers that are not measurements.
var identifiers = []string{"id", "identifier", "index", "ifindex"}

// classify says how a leaf is exported.
func classify(e *yang.Entry) meaning {
	leaf := target(e)
	if leaf == nil || leaf.Type == nil {
		return meaning{class: label, kind: "text"}
	}
	m := classifyType(leaf.Type, e, 0)
	for _, from := range []*yang.Entry{e, leaf} {
		m.units = cmp.Or(m.units, strings.TrimSpace(from.Units)) // a deviation's before the leaf's own
		if node, ok := from.Node.(*yang.Leaf); ok && node.Units != nil {
			m.units = cmp.Or(m.units, strings.TrimSpace(node.Units.Name))
		}
	}
	m.units = cmp.Or(m.units, strings.TrimSpace(leaf.Type.Units))
	words := split(e.Name)
	if m.class == gauge && m.units == "" && leaf.Type.Kind != yang.Ydecimal64 && slices.Contains(identifiers, words[len(words)-1]) {
		return meaning{class: label, kind: "text"}
	}
	return m
}

// classifyType says how a type is exported.
func classifyType(t *yang.YangType, e *yang.Entry, depth int) meaning {
	if depth > 8 { // leafrefs in unions may form a cycle
		return meaning{class: label, kind: "text"}
	}
	names := typeNames(t)
	is := func(all ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(all, name) })
	}
	switch t.Kind {
	case yang.Yint8, yang.Yint16, yang.Yint32, yang.Yint64:
		return meaning{class: gauge}
	case yang.Yuint8, yang.Yuint16, yang.Yuint32, yang.Yuint64:
		switch {
		case is("counter32", "counter64", "zero-based-counter32", "zero-based-counter64", "counter", "counter16"):
			return meaning{class: counter, unsigned: true}
		case is("timeticks", "timestamp"): // RFC 6991: hundredths of a second
			return meaning{class: gauge, unsigned: true, units: "centiseconds"}
		case is("timeticks64"): // OpenConfig: nanoseconds, as a date where the description names the epoch
			return meaning{class: gauge, unsigned: true, units: "nanoseconds"}
		case is("percentage", "percent"):
			return meaning{class: gauge, unsigned: true, units: "percent"}
		case is("as-number", "port-number", "vlan-id", "dscp", "protocol-number"):
			return meaning{class: label, kind: "text"}
		}
		return meaning{class: gauge, unsigned: true}
	case yang.Ydecimal64:
		return meaning{class: gauge}
	case yang.Ybool:
		return meaning{class: enum, values: []enumValue{{"false", 0}, {"true", 1}}}
	case yang.Yempty:
		return meaning{class: presence}
	case yang.Yenum:
		return classifyEnum(t)
	case yang.Ybinary:
		if is("ieeefloat32") {
			return meaning{class: gauge, decode: "ieeefloat32"}
		}
		return meaning{class: omitted, why: "binary, neither a number nor a text"}
	case yang.Yidentityref:
		return meaning{class: label, kind: "identity"}
	case yang.Yleafref: // in a union
		if leaf := target(&yang.Entry{Parent: e.Parent, Node: e.Node, Type: t, Name: e.Name}); leaf != nil && leaf.Type != nil {
			return classifyType(leaf.Type, leaf, depth+1)
		}
		return meaning{class: label, kind: "text"}
	case yang.Yunion:
		return classifyUnion(t, e, depth)
	case yang.Ystring:
		switch {
		case is("date-and-time"):
			return meaning{class: timestamp}
		case is("mac-address", "phys-address"):
			return meaning{class: label, kind: "mac"}
		}
	}
	return meaning{class: label, kind: "text"}
}

// typeNames are the names of a type's definitions, prefixes off, the nearest first.
func typeNames(t *yang.YangType) (names []string) {
	for range 32 {
		_, local, prefixed := strings.Cut(t.Name, ":")
		if !prefixed {
			local = t.Name
		}
		names = append(names, local)
		if t.Base == nil || t.Base.YangType == nil || t.Base.YangType == t {
			break
		}
		t = t.Base.YangType
	}
	return names
}

func classifyEnum(t *yang.YangType) meaning {
	if t.Enum == nil || len(t.Enum.NameMap()) > maxEnum {
		return meaning{class: label, kind: "text"}
	}
	m := meaning{class: enum}
	for name, number := range t.Enum.NameMap() {
		m.values = append(m.values, enumValue{name, number})
	}
	sortValues(m.values)
	return m
}

func sortValues(values []enumValue) {
	slices.SortFunc(values, func(a, b enumValue) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
}

// classifyUnion finds what the members of a union have in common: numbers stay numbers, and names among them mean that there is no
// number; enumerations are one where no number has two names; all else is a text. So is a number or a boolean: true may be no number.
func classifyUnion(t *yang.YangType, e *yang.Entry, depth int) meaning {
	var numbers, enums, others []meaning
	for _, member := range t.Type {
		switch m := classifyType(member, e, depth+1); m.class {
		case gauge, counter:
			numbers = append(numbers, m)
		case enum:
			enums = append(enums, m)
		default:
			others = append(others, m)
		}
	}
	switch {
	case len(others) == 1 && len(numbers)+len(enums) == 0:
		return others[0]
	case len(others) > 0, len(numbers) > 0 && slices.ContainsFunc(t.Type, func(member *yang.YangType) bool { return member.Kind == yang.Ybool }):
		return meaning{class: label, kind: "text"}
	case len(numbers) > 0:
		m := numbers[0]
		for _, other := range numbers[1:] {
			if other.class != m.class || other.units != m.units {
				m = meaning{class: gauge, decode: m.decode}
			}
			m.unsigned = m.unsigned && other.unsigned
		}
		for _, e := range enums {
			for _, value := range e.values {
				m.skip = append(m.skip, value.name)
			}
		}
		return m
	}
	m := meaning{class: enum}
	names, taken := map[string]int64{}, map[int64]string{}
	for _, e := range enums {
		for _, value := range e.values {
			if number, ok := names[value.name]; ok && number == value.number {
				continue
			}
			if _, ok := taken[value.number]; ok || len(m.values) == maxEnum {
				return meaning{class: label, kind: "text"}
			}
			if _, ok := names[value.name]; ok {
				return meaning{class: label, kind: "text"}
			}
			names[value.name], taken[value.number] = value.number, value.name
			m.values = append(m.values, value)
		}
	}
	sortValues(m.values)
	return m
}
