package decode

import (
	"math"
	"regexp"
	"slices"
	"time"
)

// status is the result of evaluating a value for a row.
type status uint8

const (
	valid       status = iota
	missing            // the device sent nothing, or a text that means no value: no sample, and nothing is counted
	invalid            // the text is not of the value's type
	implausible        // outside the range that the catalogue gives
)

// Value says how a number or a label's text is made of a row. Of Leaf, FirstOf, SumOf, Template and By one is set.
type Value struct {
	Leaf     Leaf
	FirstOf  []Value
	SumOf    []Value // of those that are there; for numbers alone
	Template []TemplatePart
	Lookup   int     // index of a Lookup of the program, where By is set
	By       []Value // the key to it; for labels alone
	When     []Condition
	Match    *regexp.Regexp // the text has to match; its first group, if there is one, is the value
	Skip     []string       // texts that mean that there is no value

	// Of numbers.
	Decode        Decoder
	Kind          string // the name of Decode
	Age           bool   // it is how long ago something was
	Decibels      bool   // what is not more than darkness is minus infinity
	Values        map[string]float64
	OtherValue    *float64 // of texts that Values does not list
	Scale         float64
	Divisor       float64 // in place of a scale that is its inverse: 57/100 is exact where 57*0.01 is not
	Offset        float64
	ScaleLeaf     Leaf
	PrecisionLeaf Leaf
	Min, Max      float64 // what is plausible
	MaxNow        bool    // Max is the present time, with clockGrace

	// Of labels.
	Texts     map[string]string // what texts become; "*" is any other
	Normalise Normaliser

	plain  bool // a number that is a leaf's text decoded, and nothing else
	linear bool // Scale, Divisor or Offset change something
}

// TemplatePart is a part of a template: fixed text, then a leaf, which may be nil, or the row's place among those of its kind.
type TemplatePart struct {
	Text     string
	Leaf     Leaf
	Position bool
}

// prepare works out which steps a number needs.
func (v *Value) prepare() {
	v.linear = v.Scale != 1 || v.Divisor != 1 || v.Offset != 0
	v.plain = v.Leaf != nil && v.Match == nil && len(v.Skip)+len(v.When) == 0 && v.Values == nil && v.OtherValue == nil &&
		v.ScaleLeaf == nil && v.PrecisionLeaf == nil && !v.linear && !v.Age && !v.Decibels
	for i := range v.FirstOf {
		v.FirstOf[i].prepare()
	}
	for i := range v.SumOf {
		v.SumOf[i].prepare()
	}
}

// clockGrace is how far a device's clock may be ahead of ours.
const clockGrace = 5 * time.Minute

// rawText returns the text of the value's leaf, after match and skip.
func (v *Value) rawText(r row) ([]byte, status) {
	if !r.meets(v.When) {
		return nil, missing
	}
	text, ok := r.text(v.Leaf)
	if v.By != nil {
		text, ok = r.lookup(v)
	}
	if !ok || v.skips(text) {
		return nil, missing
	}
	if v.Match != nil {
		m := v.Match.FindSubmatch(text)
		if m == nil {
			return nil, invalid
		}
		text = m[min(1, len(m)-1)]
		if v.skips(text) {
			return nil, missing
		}
	}
	return text, valid
}

func (v *Value) skips(text []byte) bool {
	return len(v.Skip) > 0 && slices.Contains(v.Skip, string(text))
}

// quantity is a number for a metric.
type quantity struct {
	value float64
	age   bool // a timestamp that was made from an age, which is rounded
}

// number evaluates the value for a metric.
func (v *Value) number(r row, now time.Time) (quantity, status) {
	if v.plain { // the usual case
		text, ok := r.text(v.Leaf)
		if !ok {
			return quantity{}, missing
		}
		f, ok := v.Decode(text, now)
		return quantity{value: f}, v.check(f, ok, now)
	}
	if len(v.FirstOf) > 0 {
		worst := missing
		if !r.meets(v.When) {
			return quantity{}, missing
		}
		for i := range v.FirstOf {
			q, st := v.FirstOf[i].number(r, now)
			if st == valid {
				return q, valid
			}
			worst = max(worst, st)
		}
		return quantity{}, worst
	}
	if len(v.SumOf) > 0 {
		return v.sum(r, now)
	}
	text, st := v.rawText(r)
	if st != valid {
		return quantity{}, st
	}
	f, st := v.scaled(text, r, now)
	return quantity{f, v.Age}, st
}

// sum adds up the numbers that are there. One that is not good makes the sum none.
func (v *Value) sum(r row, now time.Time) (quantity, status) {
	sum, found := 0.0, missing
	if !r.meets(v.When) {
		return quantity{}, missing
	}
	for i := range v.SumOf {
		q, st := v.SumOf[i].number(r, now)
		switch st {
		case valid:
			sum, found = sum+q.value, valid
		case missing:
		default:
			return quantity{}, st
		}
	}
	if found == valid {
		found = v.check(sum, true, now)
	}
	return quantity{value: sum}, found
}

// scaled converts the text to a number in the unit of the metric.
func (v *Value) scaled(text []byte, r row, now time.Time) (float64, status) {
	f, ok := v.parse(text, now)
	if !ok {
		return 0, invalid
	}
	power := 0
	if v.ScaleLeaf != nil {
		text, _ := r.text(v.ScaleLeaf)
		if power, ok = siPower(text); !ok {
			return 0, invalid // without its unit the number could be off by any power of ten
		}
	}
	if v.PrecisionLeaf != nil {
		if text, _ := r.text(v.PrecisionLeaf); len(text) == 1 && text[0] >= '1' && text[0] <= '9' {
			power -= int(text[0] - '0')
		}
	}
	if power != 0 {
		f = scaleByPower(f, power)
	}
	if v.linear {
		f = (f*v.Scale + v.Offset*v.Divisor) / v.Divisor // 97 % idle is 0.03 in use, not 0.030000000000000027
	}
	if v.Age {
		f = float64(now.UnixNano())/1e9 - f
	}
	if v.Decibels && f <= darkness {
		f = math.Inf(-1)
	}
	return f, v.check(f, true, now)
}

// darkness is the optical power, in dBm, that nothing can measure: some devices say -99.9 of a fibre without light.
const darkness = -99

// check checks the range of a number. ok says whether the text was a number at all.
func (v *Value) check(f float64, ok bool, now time.Time) status {
	switch {
	case !ok:
		return invalid
	case f < v.Min || f > v.upperBound(now) || math.IsNaN(f) || math.IsInf(f, 1):
		return implausible
	}
	return valid
}

func (v *Value) upperBound(now time.Time) float64 {
	if v.MaxNow {
		return float64(now.Add(clockGrace).Unix())
	}
	return v.Max
}

func (v *Value) parse(text []byte, now time.Time) (float64, bool) {
	if v.Values == nil && v.OtherValue == nil {
		return v.Decode(text, now)
	}
	if f, ok := v.Values[string(text)]; ok {
		return f, true
	}
	if f, ok := v.Values[string(withoutPrefix(text))]; ok {
		return f, true
	}
	if v.OtherValue != nil {
		return *v.OtherValue, true
	}
	return 0, false
}
