package module_test

import (
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

var (
	invalid     = map[string]int{decode.SkippedInvalid: 1}
	implausible = map[string]int{decode.SkippedImplausible: 1}
)

// TestNumbers holds what each form of a metric's value makes of what a device sends for one thing, named x.
func TestNumbers(t *testing.T) {
	cases := map[string]struct {
		metric, value string // YAML
		data          string // inside the entry of the thing
		want          string // the number; "" for no sample
		skipped       map[string]int
	}{
		"number":                    {"lab_value", "v", "<v> 12.50 </v>", "12.5", nil},
		"negative":                  {"lab_value", "v", "<v>-3</v>", "-3", nil},
		"missing":                   {"lab_value", "v", "", "", nil},
		"empty":                     {"lab_value", "v", "<v/>", "", invalid},
		"blank":                     {"lab_value", "v", "<v> </v>", "", invalid},
		"a container":               {"lab_value", "v", "<v>1<w/></v>", "", invalid},
		"CDATA":                     {"lab_value", "v", "<v><![CDATA[1]]>2</v>", "12", nil},
		"comment inside":            {"lab_value", "v", "<v>1<!-- x -->2</v>", "12", nil},
		"references":                {"lab_value", "v", "<v>&#49;2</v>", "12", nil},
		"hexadecimal":               {"lab_value", "v", "<v>0x10</v>", "", invalid},
		"infinity":                  {"lab_value", "v", "<v>Inf</v>", "", invalid},
		"not a number":              {"lab_value", "v", "<v>NaN</v>", "", invalid},
		"underscores":               {"lab_value", "v", "<v>1_000</v>", "", invalid},
		"too large for a float":     {"lab_value", "v", "<v>1e400</v>", "", invalid},
		"made infinite":             {"lab_value", "{leaf: v, scale: 1e300}", "<v>1e300</v>", "", implausible},
		"dBm of a dark fibre":       {"lab_value", "{leaf: v, skip: '- Inf'}", "<v>- Inf</v>", "", nil},
		"with a unit":               {"lab_value", "v", "<v>12 C</v>", "", invalid},
		"with a unit, matched":      {"lab_value", `{leaf: v, match: "^(-?[0-9]+) C"}`, "<v>12 C</v>", "12", nil},
		"not matched":               {"lab_value", `{leaf: v, match: "^([0-9]+) C"}`, "<v>twelve</v>", "", invalid},
		"match without a group":     {"lab_value", `{leaf: v, match: "^[0-9]+$"}`, "<v>12</v>", "12", nil},
		"the first of two groups":   {"lab_value", `{leaf: v, match: "([0-9]+)/([0-9]+)"}`, "<v>3/4</v>", "3", nil},
		"a group that is not there": {"lab_value", `{leaf: v, match: "x|([0-9]+)"}`, "<v>x</v>", "", invalid},
		"a number with a unit":      {"lab_value", `{leaf: v, match: "^{number} ?V$"}`, "<v>12.50 V</v>", "12.5", nil},
		"a number below zero":       {"lab_value", `{leaf: v, match: "^{number} ?C$"}`, "<v>-3C</v>", "-3", nil},
		"a number with an exponent": {"lab_value", `{leaf: v, match: "^{number}(?:/.*)?$"}`, "<v>0.000000000000000e+0</v>", "0", nil},
		"the other feed":            {"lab_value", `{leaf: v, match: "/{number}$"}`, "<v>0.0/206.2</v>", "206.2", nil},
		"a number without digits":   {"lab_value", `{leaf: v, match: "^{number}"}`, "<v>-</v>", "", invalid},
		"skipped":                   {"lab_value", `{leaf: v, skip: ["0", none]}`, "<v> none </v>", "", nil},
		"skipped after matching":    {"lab_value", `{leaf: v, match: "([a-z]+)", skip: none}`, "<v>(none)</v>", "", nil},
		"scaled and moved":          {"lab_value", "{leaf: v, scale: 1.8, offset: 32}", "<v>100</v>", "212", nil},
		"scaled by a fraction":      {"lab_value", "{leaf: v, scale: 0.01}", "<v>57</v>", "0.57", nil},
		"attribute":                 {"lab_value", "{leaf: v, attribute: seconds}", `<v xmlns:seconds="8" j:seconds=" 7 ">long ago</v>`, "7", nil},
		"attribute missing":         {"lab_value", "{leaf: v, attribute: seconds}", "<v>1</v>", "", nil},
		"attribute of the entry":    {"lab_value", "{attribute: id}", "", "5", nil},

		"lowest":        {"lab_ratio", "v", "<v>0</v>", "0", nil},
		"highest":       {"lab_ratio", "v", "<v>1</v>", "1", nil},
		"below":         {"lab_ratio", "v", "<v>-0.1</v>", "", implausible},
		"above":         {"lab_ratio", "v", "<v>1.1</v>", "", implausible},
		"scaled inside": {"lab_ratio", "{leaf: v, scale: 0.01}", "<v>99</v>", "0.99", nil},

		"level":              {"lab_light", "v", "<v>-12.5</v>", "-12.5", nil},
		"no level":           {"lab_light", "v", "<v>- Inf</v>", "-Inf", nil},
		"no level in words":  {"lab_light", "v", "<v>none</v>", "", invalid},
		"as dark as can be":  {"lab_light", "v", "<v>-99.9</v>", "-Inf", nil},
		"milliwatts":         {"lab_light", "{leaf: v, decode: milliwatts}", "<v>0.5</v>", "-3.0103", nil},
		"no milliwatts":      {"lab_light", "{leaf: v, decode: milliwatts}", "<v>0.0</v>", "-Inf", nil},
		"one milliwatt":      {"lab_light", "{leaf: v, decode: milliwatts}", "<v>1.0</v>", "0", nil},
		"less than nothing":  {"lab_light", "{leaf: v, decode: milliwatts}", "<v>-3.2</v>", "", invalid},
		"milliwatts or dBm":  {"lab_light", "{first_of: [{leaf: v, decode: milliwatts}, v]}", "<v>-3.2</v>", "-3.2", nil},
		"level in hundredth": {"lab_light", "{leaf: v, scale: 0.01}", "<v>-4000</v>", "-40", nil},

		"counter":             {"lab_total", "v", "<v>18446744073709551615</v>", "18446744073709552000", nil},
		"zero":                {"lab_total", "v", "<v>0</v>", "0", nil},
		"leading zeros":       {"lab_total", "v", "<v>0007</v>", "7", nil},
		"more than 64 bits":   {"lab_total", "v", "<v>18446744073709551616</v>", "", invalid},
		"far more":            {"lab_total", "v", "<v>99999999999999999999999</v>", "", invalid},
		"negative counter":    {"lab_total", "v", "<v>-324</v>", "", invalid},
		"blank counter":       {"lab_total", "v", "<v> </v>", "", invalid},
		"exponent":            {"lab_total", "v", "<v>1e3</v>", "", invalid},
		"sign":                {"lab_total", "v", "<v>+5</v>", "", invalid},
		"fraction":            {"lab_total", "v", "<v>5.0</v>", "", invalid},
		"separators":          {"lab_total", "v", "<v>1,000</v>", "", invalid},
		"counter of kilobyte": {"lab_total", "{leaf: v, scale: 1024}", "<v>3</v>", "3072", nil},

		"enumeration":              {"lab_state", "v", "<v>down</v>", "2", nil},
		"enumeration with prefix":  {"lab_state", "v", "<v>p:down</v>", "2", nil},
		"unknown text":             {"lab_state", "v", "<v>sideways</v>", "", invalid},
		"number for a text":        {"lab_state", "v", "<v>2</v>", "", invalid},
		"upper case":               {"lab_state", "v", "<v>UP</v>", "", invalid},
		"device's own texts":       {"lab_state", "{leaf: v, values: {im-state-up: up, dead: 7}}", "<v>im-state-up</v>", "1", nil},
		"device's own number":      {"lab_state", "{leaf: v, values: {im-state-up: up, dead: 7}}", "<v>dead</v>", "7", nil},
		"catalogue's texts too":    {"lab_state", "{leaf: v, values: {im-state-up: up}}", "<v>down</v>", "2", nil},
		"numbers as texts":         {"lab_state", "{leaf: v, values: {1: up, 2: down}}", "<v>2</v>", "2", nil},
		"any other text":           {"lab_state", `{leaf: v, values: {im-state-up: up, "*": down}}`, "<v>odd</v>", "2", nil},
		"any other text, prefixed": {"lab_state", `{leaf: v, values: {x: up, "*": down}}`, "<v>p:x</v>", "1", nil},
		"truth":                    {"lab_value", "{leaf: v, values: {true: 1, false: 0}}", "<v>true</v>", "1", nil},
		"half a truth":             {"lab_value", "{leaf: v, values: {true: 1, false: 0}}", "<v>maybe</v>", "", invalid},
		"presence":                 {"lab_value", "{leaf: v, decode: presence}", "<v/>", "1", nil},
		"presence of a container":  {"lab_value", "{leaf: v, decode: presence}", "<v><w>1</w></v>", "1", nil},
		"absence":                  {"lab_value", "{leaf: v, decode: presence}", "<w/>", "", nil},

		"date":                  {"lab_time", "v", "<v>2026-11-21T11:59:00Z</v>", "1795262340", nil},
		"date with offset":      {"lab_time", "v", "<v>2026-11-21T13:29:00.5+01:30</v>", "1795262340.5", nil},
		"date west":             {"lab_time", "v", "<v>2026-11-20T23:59:00-12:00</v>", "1795262340", nil},
		"date of no known zone": {"lab_time", "v", "<v>2026-11-21T11:59:00-00:00</v>", "1795262340", nil},
		"date in small letters": {"lab_time", "v", "<v>2026-11-21t11:59:00z</v>", "1795262340", nil},
		"leap second":           {"lab_time", "v", "<v>2016-12-31T23:59:60Z</v>", "1483228800", nil},
		"leap day":              {"lab_time", "v", "<v>2024-02-29T00:00:00Z</v>", "1709164800", nil},
		"nanoseconds of a date": {"lab_time", "v", "<v>2019-05-31T14:37:03.000993+00:00</v>", "1559313423.000993", nil},
		"no leap day":           {"lab_time", "v", "<v>2023-02-29T00:00:00Z</v>", "", invalid},
		"month 13":              {"lab_time", "v", "<v>2023-13-01T00:00:00Z</v>", "", invalid},
		"hour 24":               {"lab_time", "v", "<v>2023-12-01T24:00:00Z</v>", "", invalid},
		"zone +99:99":           {"lab_time", "v", "<v>2023-12-01T00:00:00+99:99</v>", "", invalid},
		"zone of 60 minutes":    {"lab_time", "v", "<v>2023-12-01T00:00:00-01:60</v>", "", invalid},
		"date without zone":     {"lab_time", "v", "<v>2023-12-01T00:00:00</v>", "", invalid},
		"date with a space":     {"lab_time", "v", "<v>2023-12-01 00:00:00Z</v>", "", invalid},
		"date and more":         {"lab_time", "v", "<v>2023-12-01T00:00:00Z!</v>", "", invalid},
		"date with bare point":  {"lab_time", "v", "<v>2023-12-01T00:00:00.Z</v>", "", invalid},
		"day alone":             {"lab_time", "v", "<v>2023-12-01</v>", "", invalid},
		"never":                 {"lab_time", "v", "<v>never</v>", "", invalid},
		"1970":                  {"lab_time", "v", "<v>1970-01-01T00:00:00Z</v>", "", implausible},
		"year 0":                {"lab_time", "v", "<v>0000-01-01T00:00:00Z</v>", "", implausible},
		"a clock ahead":         {"lab_time", "v", "<v>2026-11-21T12:04:59Z</v>", "1795262699", nil},
		"a clock far ahead":     {"lab_time", "v", "<v>2026-11-21T12:05:01Z</v>", "", implausible},
		"Unix seconds":          {"lab_time", "{leaf: v, decode: number}", "<v>1795262340</v>", "1795262340", nil},
		"Unix nanoseconds":      {"lab_time", "{leaf: v, decode: nanoseconds}", "<v>1795262340500000000</v>", "1795262340.5", nil},
		"Unix milliseconds":     {"lab_time", "{leaf: v, decode: milliseconds}", "<v>1795262340500</v>", "1795262340.5", nil},
		"Unix time, seconds":    {"lab_time", "{leaf: v, decode: unix_time}", "<v>1525193997</v>", "1525193997", nil},
		"Unix time, thousands":  {"lab_time", "{leaf: v, decode: unix_time}", "<v>1525193997500</v>", "1525193997.5", nil},
		"Unix time, millions":   {"lab_time", "{leaf: v, decode: unix_time}", "<v>1525193997500000</v>", "1525193997.5", nil},
		"Unix time, billions":   {"lab_time", "{leaf: v, decode: unix_time}", "<v>1525193997500000000</v>", "1525193997.5", nil},
		"Unix time, no clock":   {"lab_time", "{leaf: v, decode: unix_time}", "<v>86400</v>", "", implausible},
		"Unix time, no number":  {"lab_time", "{leaf: v, decode: unix_time}", "<v>never</v>", "", invalid},
		"hundredths":            {"lab_value", "{leaf: v, scale: 0.01}", "<v>1234</v>", "12.34", nil},

		"age in seconds":            {"lab_time", "{leaf: v, decode: age}", "<v>60</v>", "1795262340", nil},
		"age in words":              {"lab_time", "{leaf: v, decode: age}", "<v>1w2d</v>", "1794484800", nil},
		"age as a clock":            {"lab_time", "{leaf: v, decode: age}", "<v>00:01:10</v>", "1795262330", nil},
		"age of days and clock":     {"lab_time", "{leaf: v, decode: age}", "<v>1d 02:03:04</v>", "1795168616", nil},
		"age in days and hours":     {"lab_time", "{leaf: v, decode: age}", "<v>2d03h</v>", "1795078800", nil},
		"age in hours":              {"lab_time", "{leaf: v, decode: age}", "<v>1h2m3s</v>", "1795258677", nil},
		"age in minutes":            {"lab_time", "{leaf: v, decode: age}", "<v>1:10</v>", "1795262330", nil},
		"age in hundredths":         {"lab_time", "{leaf: v, decode: age, scale: 0.01}", "<v>6000</v>", "1795262340", nil},
		"age never":                 {"lab_time", "{leaf: v, decode: age, skip: [Never]}", "<v>Never</v>", "", nil},
		"age from the future":       {"lab_time", "{leaf: v, decode: age}", "<v>-60</v>", "", invalid},
		"age of nothing":            {"lab_time", "{leaf: v, decode: age}", "<v/>", "", invalid},
		"age beyond all":            {"lab_time", "{leaf: v, decode: age}", "<v>99999999999</v>", "", implausible},
		"age of too many digits":    {"lab_time", "{leaf: v, decode: age}", "<v>" + strings.Repeat("9", 400) + "d</v>", "", invalid},
		"a kilobyte of age":         {"lab_time", "{leaf: v, decode: age}", "<v>" + strings.Repeat("1d", 500) + "</v>", "", invalid},
		"ieeefloat32":               {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>QEYAAA==</v>", "3.09375", nil},
		"ieeefloat32 as a number":   {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>12.345678</v>", "12.345678", nil},
		"eight digits":              {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>12345678</v>", "12345678", nil},
		"ieeefloat32 infinite":      {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>f4AAAA==</v>", "", invalid},
		"ieeefloat32 no number":     {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>f8AAAA==</v>", "", invalid},
		"ieeefloat32 of 3 octets":   {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>QEYA</v>", "", invalid},
		"ieeefloat32 of 8 octets":   {"lab_value", "{leaf: v, decode: ieeefloat32}", "<v>QEYAAAAAAAA=</v>", "", invalid},
		"bitrate":                   {"lab_value", "{leaf: v, decode: bitrate}", "<v>10Gbps</v>", "10000000000", nil},
		"bitrate in small letters":  {"lab_value", "{leaf: v, decode: bitrate, scale: 0.125}", "<v>1000mbps</v>", "125000000", nil},
		"bitrate with space":        {"lab_value", "{leaf: v, decode: bitrate}", "<v>2.5 Gb/s</v>", "2500000000", nil},
		"bitrate, kilo":             {"lab_value", "{leaf: v, decode: bitrate}", "<v>64 kbit/s</v>", "64000", nil},
		"bitrate, tera":             {"lab_value", "{leaf: v, decode: bitrate}", "<v>1T</v>", "1000000000000", nil},
		"bitrate without unit":      {"lab_value", "{leaf: v, decode: bitrate}", "<v>9600</v>", "9600", nil},
		"bitrate in bytes":          {"lab_value", "{leaf: v, decode: bitrate}", "<v>10GBps</v>", "", invalid},
		"bitrate in binary":         {"lab_value", "{leaf: v, decode: bitrate}", "<v>10Gibps</v>", "", invalid},
		"bitrate unlimited":         {"lab_value", "{leaf: v, decode: bitrate}", "<v>Unlimited</v>", "", invalid},
		"bitrate less than nothing": {"lab_value", "{leaf: v, decode: bitrate}", "<v>-10Gbps</v>", "", invalid},

		"scale of the device":       {"lab_value", "{leaf: v, scale_leaf: s}", "<v>45300</v><s>milli</s>", "45.3", nil},
		"units":                     {"lab_value", "{leaf: v, scale_leaf: s}", "<v>5</v><s>units</s>", "5", nil},
		"kilo":                      {"lab_value", "{leaf: v, scale_leaf: s}", "<v>5</v><s>kilo</s>", "5000", nil},
		"peta":                      {"lab_value", "{leaf: v, scale_leaf: s}", "<v>5</v><s>peta</s>", "5000000000000000", nil},
		"no unit":                   {"lab_value", "{leaf: v, scale_leaf: s}", "<v>5</v>", "", invalid},
		"unknown unit":              {"lab_value", "{leaf: v, scale_leaf: s}", "<v>5</v><s>dozen</s>", "", invalid},
		"precision":                 {"lab_value", "{leaf: v, precision_leaf: p}", "<v>453</v><p>1</p>", "45.3", nil},
		"precision 9":               {"lab_value", "{leaf: v, precision_leaf: p}", "<v>1000000000</v><p>9</p>", "1", nil},
		"precision 0":               {"lab_value", "{leaf: v, precision_leaf: p}", "<v>453</v><p>0</p>", "453", nil},
		"precision 10":              {"lab_value", "{leaf: v, precision_leaf: p}", "<v>453</v><p>10</p>", "453", nil},
		"precision that is known":   {"lab_value", "{leaf: v, precision_leaf: p}", "<v>453</v><p>-2</p>", "453", nil},
		"precision missing":         {"lab_value", "{leaf: v, precision_leaf: p}", "<v>453</v>", "453", nil},
		"precision of half a digit": {"lab_value", "{leaf: v, precision_leaf: p}", "<v>453</v><p>1.5</p>", "453", nil},
		"precision and scale":       {"lab_value", "{leaf: v, scale_leaf: s, precision_leaf: p}", "<v>123456</v><s>milli</s><p>2</p>", "1.23456", nil},

		"when":                   {"lab_value", "{leaf: v, when: {k: [a, b]}}", "<v>1</v><k>p:b</k>", "1", nil},
		"when not":               {"lab_value", "{leaf: v, when: {k: [a, b]}}", "<v>x</v><k>c</k>", "", nil},
		"when missing":           {"lab_value", "{leaf: v, when: {k: a}}", "<v>1</v>", "", nil},
		"when both":              {"lab_value", "{leaf: v, when: {k: a, l: b}}", "<v>1</v><k>a</k><l>b</l>", "1", nil},
		"when there is a text":   {"lab_value", `{leaf: v, when: {k: "*"}}`, "<v>1</v><k>b</k>", "1", nil},
		"when there is none":     {"lab_value", `{leaf: v, when: {k: "*"}}`, "<v>1</v><k/>", "", nil},
		"unless":                 {"lab_value", "{leaf: v, unless: {k: [a, b]}}", "<v>1</v><k>c</k>", "1", nil},
		"unless missing":         {"lab_value", "{leaf: v, unless: {k: a}}", "<v>1</v>", "1", nil},
		"unless not":             {"lab_value", "{leaf: v, unless: {k: [a, b]}}", "<v>x</v><k>p:b</k>", "", nil},
		"sum of":                 {"lab_value", "{sum_of: [v, w, u]}", "<v>1</v><w>2.5</w>", "3.5", nil},
		"sum of nothing":         {"lab_value", "{sum_of: [v, w]}", "", "", nil},
		"sum of half":            {"lab_value", "{sum_of: [v, w]}", "<v>1</v><w>x</w>", "", invalid},
		"sum beyond":             {"lab_ratio", "{sum_of: [v, w]}", "<v>0.7</v><w>0.7</w>", "", implausible},
		"sum with shared scale":  {"lab_value", "{sum_of: [v, w], scale: 10}", "<v>1</v><w>2</w>", "30", nil},
		"sum when not":           {"lab_value", "{sum_of: [v, w], when: {k: a}}", "<v>1</v>", "", nil},
		"within bounds":          {"lab_value", "{first_of: [{leaf: v, scale: 1000, max: 5000}, {leaf: v, min: 10}]}", "<v>5</v>", "5000", nil},
		"beyond bounds":          {"lab_value", "{first_of: [{leaf: v, scale: 1000, max: 5000}, {leaf: v, min: 10}]}", "<v>10</v>", "10", nil},
		"beyond all bounds":      {"lab_value", "{first_of: [{leaf: v, scale: 1000, max: 5000}, {leaf: v, min: 10}]}", "<v>7</v>", "", implausible},
		"bounds do not widen":    {"lab_ratio", "{leaf: v, min: -1, max: 2}", "<v>1.5</v>", "", implausible},
		"first of":               {"lab_value", "{first_of: [v, w]}", "<v>1</v><w>2</w>", "1", nil},
		"second of":              {"lab_value", "{first_of: [v, w]}", "<w>2</w>", "2", nil},
		"second, for invalid":    {"lab_value", "{first_of: [v, w]}", "<v>x</v><w>2</w>", "2", nil},
		"second, for impossible": {"lab_ratio", "{first_of: [v, w]}", "<v>2</v><w>1</w>", "1", nil},
		"neither":                {"lab_value", "{first_of: [v, w]}", "", "", nil},
		"neither is valid":       {"lab_value", "{first_of: [v, w]}", "<v>x</v><w>y</w>", "", invalid},
		"one is not valid":       {"lab_value", "{first_of: [v, w]}", "<v>x</v>", "", invalid},
		"one skipped":            {"lab_value", "{first_of: [{leaf: v, skip: x}, w]}", "<v>x</v>", "", nil},
		"shared by all":          {"lab_value", "{first_of: [v, {leaf: w, scale: 3}], scale: 2, skip: [\"0\"]}", "<v>0</v><w>2</w>", "6", nil},
		"shared scale":           {"lab_value", "{first_of: [v, w], scale: 2}", "<v>0.5</v>", "1", nil},
		"forms in turn":          {"lab_time", "{first_of: [{leaf: v, decode: age}, {leaf: v, decode: timestamp}]}", "<v>2026-11-21T11:59:00Z</v>", "1795262340", nil},
		"by type":                {"lab_value", "{first_of: [{leaf: v, when: {k: a}}, {leaf: v, scale: 10, when: {k: b}}]}", "<v>1</v><k>b</k>", "10", nil},
		"first of, with when":    {"lab_value", "{first_of: [v, w], when: {k: a}}", "<v>1</v><k>b</k>", "", nil},
		"nested first of":        {"lab_value", "{first_of: [{first_of: [u, v]}, w]}", "<w>3</w>", "3", nil},
	}
	yaml := map[string]string{}
	for name, tc := range cases {
		yaml[name] = replace(`
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:top/one, key: [name], labels: {thing: name}, metrics: {METRIC: VALUE}}]`, "METRIC", tc.metric, "VALUE", tc.value)
	}
	modules := labs(t, yaml)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := read(t, modules[name], envelope(`<top xmlns="urn:a"><one id="5"><name>x</name>`+tc.data+`</one></top>`))
			if tc.want == "" {
				wantLines(t, r)
			} else {
				wantLines(t, r, tc.metric+`{thing="x"} `+tc.want)
			}
			wantSkipped(t, r, tc.skipped)
		})
	}
}

// TestTexts holds what each form of a label's value makes of what a device sends.
func TestTexts(t *testing.T) {
	long := strings.Repeat("x", 1<<10)
	cases := map[string]struct {
		label, value string
		data         string
		want         string
	}{
		"text":                {"text", "v", "<v> some  text </v>", "some  text"},
		"missing":             {"text", "v", "", ""},
		"awkward":             {"text", "v", "<v>a\"b\\c&lt;&#xe9;&#10;\t\U0001F600</v>", "a\"b\\c<é\n\t\U0001F600"},
		"invalid bytes":       {"text", "v", "<v>M\xfcnchen\x08</v>", "M\ufffdnchen"},
		"prefix stays":        {"text", "v", "<v>ge-0/0/0:1</v>", "ge-0/0/0:1"},
		"identity":            {"kind", "v", "<v>ianaift:ethernetCsmacd</v>", "ethernetCsmacd"},
		"attribute":           {"text", "{leaf: v, attribute: a}", `<v a="&lt;&quot;">x</v>`, `<"`},
		"mac":                 {"mac", "v", "<v>02-42-AC-11-00-0a</v>", "02:42:ac:11:00:0a"},
		"mac with points":     {"mac", "v", "<v>cc5a.53d9.2429</v>", "cc:5a:53:d9:24:29"},
		"mac in one":          {"mac", "v", "<v>CC5A53D92429</v>", "cc:5a:53:d9:24:29"},
		"EUI-64":              {"mac", "v", "<v>02:42:ac:11:00:0a:00:01</v>", "02:42:ac:11:00:0a:00:01"},
		"no mac":              {"mac", "v", "<v>Unspecified</v>", ""},
		"an address":          {"mac", "v", "<v>192.0.2.1</v>", ""},
		"values":              {"text", "{leaf: v, values: {a: alpha}}", "<v>p:a</v>", "alpha"},
		"values, another":     {"text", "{leaf: v, values: {a: alpha}}", "<v>b</v>", "b"},
		"values, all others":  {"text", `{leaf: v, values: {a: alpha, "*": rest}}`, "<v>b</v>", "rest"},
		"match":               {"text", `{leaf: v, match: "^([a-z]+)([0-9]+)$"}`, "<v>eth0</v>", "eth"},
		"no match":            {"text", `{leaf: v, match: "^[a-z]+$"}`, "<v>eth0</v>", ""},
		"skip":                {"text", "{leaf: v, skip: [none, '']}", "<v>none</v>", ""},
		"when":                {"text", "{leaf: v, when: {k: a}}", "<v>1</v><k>a</k>", "1"},
		"when not":            {"text", "{leaf: v, when: {k: a}}", "<v>1</v><k>b</k>", ""},
		"template":            {"text", `{template: "{v}/{k}"}`, "<k>2</k><v>1</v>", "1/2"},
		"template, missing":   {"text", `{template: "{v}/{k}"}`, "<v>1</v>", ""},
		"template, fixed":     {"text", "{template: fixed}", "", "fixed"},
		"template, deep":      {"text", `{template: "({c/v})"}`, "<c><v>1</v></c>", "(1)"},
		"template, when not":  {"text", `{template: "{v}", when: {k: a}}`, "<v>1</v>", ""},
		"first of":            {"text", "{first_of: [v, {template: 're{k}'}]}", "<v>1</v><k>2</k>", "1"},
		"first of, empty":     {"text", "{first_of: [v, {template: 're{k}'}]}", "<v/><k>2</k>", "re2"},
		"first of, none":      {"text", "{first_of: [v, w]}", "<v/>", ""},
		"first of, with when": {"text", "{first_of: [v, w], when: {k: a}}", "<v>1</v>", ""},
		"unless":              {"text", "{leaf: v, unless: {k: a}}", "<v>1</v><k>b</k>", "1"},
		"unless not":          {"text", "{leaf: v, unless: {k: a}}", "<v>1</v><k>a</k>", ""},
		"dotted quad":         {"text", "{leaf: v, decode: dotted_quad}", "<v>16909060</v>", "1.2.3.4"},
		"dotted quad already": {"text", "{leaf: v, decode: dotted_quad}", "<v>0.0.0.9</v>", "0.0.0.9"},
		"dotted quad, large":  {"text", "{leaf: v, decode: dotted_quad}", "<v>4294967296</v>", "4294967296"},
		"lower case":          {"text", "{leaf: v, decode: lower_case}", "<v>Major</v>", "major"},
		"1 KiB":               {"text", "v", "<v>" + long + "</v>", long},
	}
	yaml := map[string]string{}
	for name, tc := range cases {
		yaml[name] = replace(`
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:top/one, key: [name], labels: {thing: name, LABEL: VALUE}, metrics: {lab_info: name}}]`, "LABEL", tc.label, "VALUE", tc.value)
	}
	modules := labs(t, yaml)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := read(t, modules[name], envelope(`<top xmlns="urn:a"><one><name>x</name>`+tc.data+`</one></top>`))
			if len(r.Families) != 1 || len(r.Families[0].Samples) != 1 {
				t.Fatalf("samples %q, want one", lines(r))
			}
			for _, p := range r.Families[0].Samples[0].Labels.Pairs {
				if p.GetName() == tc.label && p.GetValue() != tc.want {
					t.Errorf("label %q, want %q", p.GetValue(), tc.want)
				}
			}
			wantSkipped(t, r, nil)
		})
	}
}
