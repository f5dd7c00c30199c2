package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Decoder converts a text to a number; false if it is not one. Decoders of texts that are frequent do not allocate.
type Decoder func(text []byte, now time.Time) (float64, bool)

// DecoderOf returns the decoder of a name that `decode` gives in the catalogue or in a module; nil if there is none.
func DecoderOf(name string) Decoder { return decoders[name] }

// DecoderNames lists what `decode` may name, sorted.
func DecoderNames() []string { return slices.Sorted(maps.Keys(decoders)) }

// decoders are those that `decode` may name. The one of age returns an age; Value.scaled converts it to a time after scaling.
var decoders = map[string]Decoder{
	"number":       decodeNumber,
	"counter":      decodeCounter,
	"timestamp":    decodeTimestamp,
	"age":          decodeAge,
	"nanoseconds":  decodeNanoseconds,
	"milliseconds": decodeMilliseconds,
	"unix_time":    decodeUnixTime,
	"ieeefloat32":  decodeFloat32,
	"bitrate":      decodeBitrate,
	"decibels":     decodeDecibels,
	"milliwatts":   decodeMilliwatts,
	"one":          decodeOne,
	"presence":     decodeOne,
}

func decodeOne([]byte, time.Time) (float64, bool) { return 1, true }

// decodeNumber reads a decimal number (RFC 7950, sections 9.2 and 9.3); an exponent is allowed, hexadecimal, infinities
// and digit separators are not.
func decodeNumber(text []byte, now time.Time) (float64, bool) {
	if len(text) == 0 || len(text) > 64 {
		return 0, false
	}
	if f, ok := decodeCounter(text, now); ok { // the usual case
		return f, true
	}
	for _, c := range text {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

// decodeCounter reads an unsigned decimal integer of at most 64 bits (RFC 6991, counter64). Above 2^53 a float64 loses the last
// digits, which does not matter for rates.
func decodeCounter(text []byte, _ time.Time) (float64, bool) {
	if len(text) == 0 {
		return 0, false
	}
	const safe = 19 // digits that fit into 64 bits, whatever they are
	var n uint64
	for i, c := range text {
		d := uint64(c - '0')
		if d > 9 || i >= safe && n > (math.MaxUint64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return float64(n), true
}

// decodeDecibels reads a logarithmic value. Minus infinity is valid: a fibre without light has "-Inf" or "- Inf" dBm.
func decodeDecibels(text []byte, now time.Time) (float64, bool) {
	if rest, ok := bytes.CutPrefix(text, []byte("-")); ok && bytes.EqualFold(bytes.TrimSpace(rest), []byte("inf")) {
		return math.Inf(-1), true
	}
	return decodeNumber(text, now)
}

// decodeMilliwatts reads a power in milliwatts. It gives dBm, to a millionth (more digits are the logarithm's own error), which for no
// power at all are minus infinity.
func decodeMilliwatts(text []byte, now time.Time) (float64, bool) {
	f, ok := decodeNumber(text, now)
	return math.Round(1e7*math.Log10(f)) / 1e6, ok && f >= 0
}

func decodeNanoseconds(text []byte, now time.Time) (float64, bool) {
	f, ok := decodeNumber(text, now)
	return f / 1e9, ok
}

func decodeMilliseconds(text []byte, now time.Time) (float64, bool) {
	f, ok := decodeNumber(text, now)
	return f / 1e3, ok
}

// decodeUnixTime reads the time since 1970 in seconds, or in thousandths, millionths or billionths of them: devices whose model says
// nanoseconds were seen to send seconds. Until the year 5138 the numbers of one unit are not those of another. It gives seconds.
func decodeUnixTime(text []byte, now time.Time) (float64, bool) {
	f, ok := decodeNumber(text, now)
	switch {
	case f >= 1e17:
		f /= 1e9
	case f >= 1e14:
		f /= 1e6
	case f >= 1e11:
		f /= 1e3
	}
	return f, ok
}

// ageForm matches a duration as command lines write it: 1y2w, 3w4d, 2d03h, 1d 02:03:04, 00:01:10.
var ageForm = regexp.MustCompile(`^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\s*(?:(\d+):(\d\d)(?::(\d\d))?)?$`)

// decodeAge reads an age, in seconds or in one of the forms of ageForm. It returns seconds.
func decodeAge(text []byte, now time.Time) (float64, bool) {
	if f, ok := decodeNumber(text, now); ok {
		return f, f >= 0
	}
	m := ageForm.FindSubmatch(text)
	if m == nil || len(text) == 0 {
		return 0, false
	}
	units := []float64{365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 3600, 60, 1}
	if len(m[9]) == 0 && len(m[3]) == 0 && len(m[2]) == 0 && len(m[7]) > 0 {
		units[6], units[7] = 60, 1 // 12:34 alone is minutes and seconds
	}
	sum := 0.0
	for i, unit := range units {
		if digits := m[i+1]; len(digits) > 0 {
			n, err := strconv.ParseFloat(string(digits), 64)
			if err != nil {
				return 0, false
			}
			sum += n * unit
		}
	}
	return sum, true
}

// decodeFloat32 reads four octets in base64, an IEEE 754 number of single precision in network order (OpenConfig's
// ieeefloat32), or a plain number, which some servers send instead.
func decodeFloat32(text []byte, now time.Time) (float64, bool) {
	var octets [6]byte
	if n, err := base64.StdEncoding.Decode(octets[:], text[:min(len(text), 8)]); err == nil && n == 4 && len(text) == 8 {
		f := float64(math.Float32frombits(binary.BigEndian.Uint32(octets[:4])))
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return decodeNumber(text, now)
}

// bitrateForm matches a number with its unit, as command lines write it: 10Gbps, 1000mbps, 10 Gb/s, 100M.
var bitrateForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*([kmgtKMGT]?)(?:(?:b|bit|bits)(?:ps|/s|/sec|it/s)?)?$`)

// decodeBitrate returns bits per second.
func decodeBitrate(text []byte, _ time.Time) (float64, bool) {
	m := bitrateForm.FindSubmatch(bytes.TrimSpace(text))
	if m == nil {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(m[1]), 64)
	if i := strings.Index("kmgt", strings.ToLower(string(m[2]))); len(m[2]) > 0 && i >= 0 {
		f *= math.Pow(1000, float64(i+1))
	}
	return f, err == nil
}

// siPower returns the power of ten of a sensor-value-scale (RFC 8348).
func siPower(text []byte) (int, bool) {
	names := [...]string{"yocto", "zepto", "atto", "femto", "pico", "nano", "micro", "milli", "units", "kilo", "mega", "giga",
		"tera", "peta", "exa", "zetta", "yotta"}
	i := slices.Index(names[:], string(text))
	return 3 * (i - 8), i >= 0
}

// scaleByPower multiplies by a power of ten. It divides if the power is negative: powers of ten are exact as float64, their inverses are not.
func scaleByPower(f float64, power int) float64 {
	if power < 0 {
		return f / math.Pow10(-power)
	}
	return f * math.Pow10(power)
}
