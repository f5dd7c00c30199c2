package decode

import (
	"bytes"
	"strconv"
)

// label appends the text of a label. It returns false if there is none.
func (v *Value) label(dst []byte, r row) ([]byte, bool) {
	switch {
	case len(v.FirstOf) > 0:
		if !r.meets(v.When) {
			return dst, false
		}
		for i := range v.FirstOf {
			if out, ok := v.FirstOf[i].label(dst, r); ok && len(out) > len(dst) {
				return out, true
			}
		}
		return dst, false
	case v.Template != nil:
		return v.fill(dst, r)
	}
	text, st := v.rawText(r)
	if st != valid {
		return dst, false
	}
	if v.Texts != nil {
		mapped, ok := v.Texts[string(text)]
		if !ok {
			mapped, ok = v.Texts[string(withoutPrefix(text))]
		}
		if !ok {
			mapped, ok = v.Texts[anyText]
		}
		if ok {
			return append(dst, mapped...), true
		}
	}
	return v.Normalise(dst, text), true
}

// fill appends the template's text; false where one of its leaves is missing.
func (v *Value) fill(dst []byte, r row) ([]byte, bool) {
	from := len(dst)
	if !r.meets(v.When) {
		return dst, false
	}
	for _, p := range v.Template {
		dst = append(dst, p.Text...)
		switch {
		case p.Position:
			dst = strconv.AppendInt(dst, int64(r.position), 10)
		case p.Leaf != nil:
			text, ok := r.text(p.Leaf)
			if !ok {
				return dst[:from], false
			}
			dst = append(dst, text...)
		}
	}
	return dst, true
}

// withoutPrefix removes the prefix of an identity: "ianaift:ethernetCsmacd" is "ethernetCsmacd".
func withoutPrefix(text []byte) []byte { return text[bytes.LastIndexByte(text, ':')+1:] }

// Normaliser appends the text of a label in the form that the catalogue wants.
type Normaliser func(dst, text []byte) []byte

// NormaliserOf gives the one for a kind of value label: text, identity or mac; or for what a label's value says of itself:
// dotted_quad or lower_case. Any other kind is text.
func NormaliserOf(kind string) Normaliser {
	switch kind {
	case "identity":
		return asIdentity
	case "mac":
		return asMAC
	case "dotted_quad":
		return asDottedQuad
	case "lower_case":
		return asLowerCase
	}
	return asText
}

func asText(dst, text []byte) []byte { return append(dst, text...) }

func asIdentity(dst, text []byte) []byte { return append(dst, withoutPrefix(text)...) }

func asLowerCase(dst, text []byte) []byte { return append(dst, bytes.ToLower(text)...) }

// asDottedQuad writes a number of 32 bits, such as an OSPF area, as four numbers with points between. Any other text stays.
func asDottedQuad(dst, text []byte) []byte {
	n, err := strconv.ParseUint(string(text), 10, 32)
	if err != nil {
		return append(dst, text...)
	}
	for shift := 24; shift >= 0; shift -= 8 {
		dst = strconv.AppendUint(dst, n>>shift&0xff, 10)
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

// asMAC writes a hardware address as lower-case pairs separated by colons. It writes nothing for any other text.
func asMAC(dst, text []byte) []byte {
	from, digits := len(dst), 0
	for _, c := range text {
		switch {
		case c == ':' || c == '-' || c == '.':
			continue
		case c >= 'A' && c <= 'F':
			c += 'a' - 'A'
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return dst[:from]
		}
		if digits > 0 && digits%2 == 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, c)
		digits++
	}
	if digits != 12 && digits != 16 && digits != 40 { // Ethernet, EUI-64, InfiniBand
		return dst[:from]
	}
	return dst
}
