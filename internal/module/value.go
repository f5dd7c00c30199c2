package module

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"time"
)

// status is what became of one value of one row.
type status uint8

const (
	given       status = iota
	missing            // the device sent nothing, or said that there is none: no sample, nothing counted
	invalid            // not a value of its type
	implausible        // outside what the catalogue says is possible
)

// ref names where a leaf is kept: a column of the row itself or of a row above it. There may be several, one for each way
// to reach the row; the first that the row has is taken.
type ref []column

type column struct{ spec, col int }

// condition holds where a leaf has one of the texts, prefix off.
type condition struct {
	leaf  ref
	texts []string
}

// value is a config.Value made ready.
type value struct {
	leaf      ref
	plain     bool // a number that is a leaf's text decoded, and nothing else
	decode    decoder
	age       bool
	values    map[string]float64
	rest      *float64          // for texts that values does not list
	texts     map[string]string // as values, for labels
	linear    bool              // the three below change something
	scale     float64
	divisor   float64 // in place of a scale that is its inverse: 57/100 is exact where 57*0.01 is not
	offset    float64
	scaleLeaf ref
	precision ref
	match     *regexp.Regexp
	skip      []string
	when      []condition
	firstOf   []value
	template  []piece
	normalise normaliser

	min, max float64
	maxNow   bool // max is the present time, with clockGrace
}

// piece is a part of a template: fixed text, then a leaf.
type piece struct {
	text string
	leaf ref
}

// clockGrace is how far a device's clock may be ahead of ours for a time to count as past.
const clockGrace = 5 * time.Minute

// raw finds the text that the value is made from.
func (v *value) raw(r row) ([]byte, status) {
	if !r.all(v.when) {
		return nil, missing
	}
	text, ok := r.text(v.leaf)
	if !ok || v.skips(text) {
		return nil, missing
	}
	if v.match != nil {
		m := v.match.FindSubmatch(text)
		if m == nil {
			return nil, invalid
		}
		text = m[min(1, len(m)-1)]
		if v.skips(text) {
			return nil, missing
		}
	}
	return text, given
}

func (v *value) skips(text []byte) bool {
	return len(v.skip) > 0 && slices.Contains(v.skip, string(text))
}

// quantity is a number for a metric.
type quantity struct {
	value float64
	age   bool // a time made from an age, which moves as the age is rounded
}

// number evaluates the value for a metric.
func (v *value) number(r row, now time.Time) (quantity, status) {
	if v.plain { // as most are
		text, ok := r.text(v.leaf)
		if !ok {
			return quantity{}, missing
		}
		f, ok := v.decode(text, now)
		return quantity{value: f}, v.judge(f, ok, now)
	}
	if len(v.firstOf) > 0 {
		worst := missing
		if !r.all(v.when) {
			return quantity{}, missing
		}
		for i := range v.firstOf {
			q, st := v.firstOf[i].number(r, now)
			if st == given {
				return q, given
			}
			worst = max(worst, st)
		}
		return quantity{}, worst
	}
	text, st := v.raw(r)
	if st != given {
		return quantity{}, st
	}
	f, st := v.scaled(text, r, now)
	return quantity{f, v.age}, st
}

// scaled turns the text into a number in the metric's unit.
func (v *value) scaled(text []byte, r row, now time.Time) (float64, status) {
	f, ok := v.parse(text, now)
	if !ok {
		return 0, invalid
	}
	power := 0
	if v.scaleLeaf != nil {
		text, _ := r.text(v.scaleLeaf)
		if power, ok = siPower(text); !ok {
			return 0, invalid // without its unit the number could be off by any power of ten
		}
	}
	if v.precision != nil {
		if text, _ := r.text(v.precision); len(text) == 1 && text[0] >= '1' && text[0] <= '9' {
			power -= int(text[0] - '0')
		}
	}
	if power != 0 {
		f = shift(f, power)
	}
	if v.linear {
		f = f*v.scale/v.divisor + v.offset
	}
	if v.age {
		f = float64(now.UnixNano())/1e9 - f
	}
	return f, v.judge(f, true, now)
}

// judge tells what a number is good for; ok if the text was one.
func (v *value) judge(f float64, ok bool, now time.Time) status {
	switch {
	case !ok:
		return invalid
	case f < v.min || f > v.most(now) || math.IsNaN(f) || math.IsInf(f, 1):
		return implausible
	}
	return given
}

func (v *value) most(now time.Time) float64 {
	if v.maxNow {
		return float64(now.Add(clockGrace).Unix())
	}
	return v.max
}

func (v *value) parse(text []byte, now time.Time) (float64, bool) {
	if v.values == nil && v.rest == nil {
		return v.decode(text, now)
	}
	if f, ok := v.values[string(text)]; ok {
		return f, true
	}
	if f, ok := v.values[string(withoutPrefix(text))]; ok {
		return f, true
	}
	if v.rest != nil {
		return *v.rest, true
	}
	return 0, false
}

// label appends the value's text for a label; false where there is none.
func (v *value) label(dst []byte, r row) ([]byte, bool) {
	switch {
	case len(v.firstOf) > 0:
		if !r.all(v.when) {
			return dst, false
		}
		for i := range v.firstOf {
			if out, ok := v.firstOf[i].label(dst, r); ok && len(out) > len(dst) {
				return out, true
			}
		}
		return dst, false
	case v.template != nil:
		if !r.all(v.when) {
			return dst, false
		}
		from := len(dst)
		for _, p := range v.template {
			dst = append(dst, p.text...)
			if p.leaf == nil {
				continue
			}
			text, ok := r.text(p.leaf)
			if !ok {
				return dst[:from], false
			}
			dst = append(dst, text...)
		}
		return dst, true
	}
	text, st := v.raw(r)
	if st != given {
		return dst, false
	}
	if v.texts != nil {
		mapped, ok := v.texts[string(text)]
		if !ok {
			mapped, ok = v.texts[string(withoutPrefix(text))]
		}
		if !ok {
			mapped, ok = v.texts["*"]
		}
		if ok {
			return append(dst, mapped...), true
		}
	}
	return v.normalise(dst, text), true
}

// withoutPrefix takes the prefix off an identity ("ianaift:ethernetCsmacd").
func withoutPrefix(text []byte) []byte { return text[bytes.LastIndexByte(text, ':')+1:] }

// normaliser appends a label's text in the form that the catalogue wants.
type normaliser func(dst, text []byte) []byte

func asText(dst, text []byte) []byte { return append(dst, text...) }

func asIdentity(dst, text []byte) []byte { return append(dst, withoutPrefix(text)...) }

// asMAC gives a hardware address as lower-case pairs with colons between, whatever stood between them; any other text
// gives nothing.
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
