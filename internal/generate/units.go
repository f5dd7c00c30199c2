package generate

import (
	"regexp"
	"strconv"
	"strings"
)

// unit says how to convert a unit to its base unit: value*scale + offset.
type unit struct {
	base          string // the last words of a metric's name
	scale, offset float64
}

// unitNames maps the names of units to their conversions.
var unitNames = map[string]unit{
	"byte": {"bytes", 1, 0}, "octet": {"bytes", 1, 0}, "bit": {"bytes", 0.125, 0},
	"second": {"seconds", 1, 0}, "sec": {"seconds", 1, 0}, "minute": {"seconds", 60, 0}, "hour": {"seconds", 3600, 0},
	"day": {"seconds", 86400, 0}, "week": {"seconds", 604800, 0},
	"celsius": {"celsius", 1, 0}, "degreecelsius": {"celsius", 1, 0}, "degreec": {"celsius", 1, 0}, "degc": {"celsius", 1, 0},
	"centigrade": {"celsius", 1, 0}, "degreecentigrade": {"celsius", 1, 0},
	"kelvin": {"celsius", 1, -273.15}, "fahrenheit": {"celsius", 5.0 / 9, -160.0 / 9},
	"percent": {"ratio", 0.01, 0}, "percentage": {"ratio", 0.01, 0},
	"volt": {"volts", 1, 0}, "ampere": {"amperes", 1, 0}, "amp": {"amperes", 1, 0}, "watt": {"watts", 1, 0},
	"joule": {"joules", 1, 0}, "hertz": {"hertz", 1, 0}, "meter": {"meters", 1, 0}, "metre": {"meters", 1, 0}, "gram": {"grams", 1, 0},
	"dbm": {"dbm", 1, 0}, "decibelmilliwatt": {"dbm", 1, 0}, "db": {"db", 1, 0}, "decibel": {"db", 1, 0},
	"rpm": {"rpm", 1, 0}, "revolutionsperminute": {"rpm", 1, 0}, "rotationsperminute": {"rpm", 1, 0},
}

// unitSymbols maps symbols, which are case-sensitive.
var unitSymbols = map[string]unit{
	"B": {"bytes", 1, 0}, "bit": {"bytes", 0.125, 0}, "s": {"seconds", 1, 0}, "h": {"seconds", 3600, 0}, "min": {"seconds", 60, 0},
	"C": {"celsius", 1, 0}, "°C": {"celsius", 1, 0}, "%": {"ratio", 0.01, 0}, "V": {"volts", 1, 0}, "A": {"amperes", 1, 0},
	"W": {"watts", 1, 0}, "J": {"joules", 1, 0}, "Hz": {"hertz", 1, 0}, "m": {"meters", 1, 0}, "g": {"grams", 1, 0},
}

// multiples are the prefixes of the SI and of IEC 80000-13.
var multiples = []struct {
	name, symbol string
	scale        float64
}{
	{"kibi", "Ki", 1 << 10}, {"mebi", "Mi", 1 << 20}, {"gibi", "Gi", 1 << 30}, {"tebi", "Ti", 1 << 40},
	{"femto", "f", 1e-15}, {"pico", "p", 1e-12}, {"nano", "n", 1e-9}, {"micro", "u", 1e-6}, {"micro", "µ", 1e-6},
	{"milli", "m", 1e-3}, {"centi", "c", 1e-2}, {"deci", "d", 1e-1},
	{"kilo", "k", 1e3}, {"kilo", "K", 1e3}, {"mega", "M", 1e6}, {"giga", "G", 1e9}, {"tera", "T", 1e12}, {"peta", "P", 1e15},
}

var (
	factor    = regexp.MustCompile(`^(?:10\^?(-[1-9])|(?:1/)?([0-9]+(?:\.[0-9]+)?)|(tenth|hundredth|thousandth)s?(?: of(?: an?)?)?)[\s*x-]*(.+)$`)
	perSecond = regexp.MustCompile(`(?i)(?:\s*/\s*|[\s-]*per[\s-]+)(?:s|secs?|seconds?)$`)
	bitRate   = regexp.MustCompile(`^([kKmMgGtT]?)(?:bps|b/s|bit/s)$`)
	remark    = regexp.MustCompile(`\s*[(\[].*[)\]]\s*$`)
)

// parseUnit parses the text of a units statement. ok is false if the unit is not known.
func parseUnit(text string) (u unit, ok bool) {
	text = strings.TrimSpace(remark.ReplaceAllString(strings.TrimSpace(text), ""))
	if match := factor.FindStringSubmatch(text); match != nil {
		by := map[string]float64{"tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001}[match[3]]
		switch {
		case match[1] != "":
			by, _ = strconv.ParseFloat("1e"+match[1], 64)
		case match[2] != "":
			by, _ = strconv.ParseFloat(match[2], 64)
			if strings.HasPrefix(text, "1/") && by != 0 {
				by = 1 / by
			}
		}
		u, ok = parseUnit(match[4])
		u.scale *= by
		return u, ok && by > 0
	}
	if match := bitRate.FindStringSubmatch(text); match != nil {
		text = strings.Replace(strings.ToUpper(match[1]), "K", "k", 1) + "bit/s"
	}
	rest := perSecond.ReplaceAllString(text, "")
	u, ok = parseBase(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(rest))
	if ok && rest != text {
		u.base += "_per_second"
	}
	return u, ok
}

// parseBase reads a base unit with or without a prefix.
func parseBase(text string) (unit, bool) {
	if u, ok := named(text); ok {
		return u, true
	}
	for _, m := range multiples {
		u, ok := unit{}, false
		if rest, found := strings.CutPrefix(strings.ToLower(text), m.name); found {
			u, ok = named(rest)
		} else if rest, found := strings.CutPrefix(text, m.symbol); found && rest != "%" && rest != "h" && rest != "min" {
			if u, ok = unitSymbols[rest]; !ok && len(rest) > 2 {
				u, ok = named(rest) // kbytes, msec, mAmps
			}
			if u.base == "bytes" && m.scale < 1 {
				ok = false // mbytes may or may not be megabytes
			}
		}
		if ok {
			u.scale *= m.scale
			return u, true
		}
	}
	return unit{}, false
}

// named finds a unit by its symbol or by its name, in the singular or the plural.
func named(text string) (u unit, ok bool) {
	if u, ok = unitSymbols[text]; ok {
		return u, true
	}
	lower := strings.ToLower(text)
	for _, name := range []string{lower, strings.TrimSuffix(lower, "s"), strings.Replace(lower, "degrees", "degree", 1)} {
		if u, ok = unitNames[name]; ok {
			return u, true
		}
	}
	return unit{}, false
}
