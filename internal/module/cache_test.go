package module_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// target reads a module again and again, as a target does.
type target struct {
	*testing.T
	module *module.Module
	cache  *decode.Cache
}

func (t *target) read(at time.Time, incomplete bool, replies ...string) decode.Result {
	t.Helper()
	table := t.module.Table(limits)
	defer table.Release()
	for _, reply := range replies {
		if _, err := table.Decode(strings.NewReader(envelope(reply))); err != nil {
			t.Fatal(err)
		}
	}
	return table.Result(t.cache, at, incomplete)
}

// TestAges holds that a timestamp made from an age stays as it is while it moves less than two seconds: devices round ages, and
// answers take time.
func TestAges(t *testing.T) {
	for name, value := range map[string]string{
		"leaf":            "{leaf: age, decode: age}",
		"one of several":  "{first_of: [{leaf: date, decode: timestamp}, {leaf: age, decode: age}]}",
		"shared decoding": "{first_of: [never, age], decode: age}",
	} {
		t.Run(name, func(t *testing.T) {
			target := target{t, lab(t, replace(`
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:one, key: [name], labels: {thing: name}, start_time: {leaf: age, decode: age}, metrics: {lab_time: VALUE, lab_total: v}}]`, "VALUE", value)), decode.NewCache(nil)}
			for _, step := range []struct {
				after time.Duration
				age   string
				want  float64 // seconds since now
			}{
				{0, "100", -100},
				{9500 * time.Millisecond, "109", -100},  // rounded down
				{20900 * time.Millisecond, "119", -100}, // late
				{30 * time.Second, "131", -100},         // early
				{50 * time.Second, "5", 45},             // it happened again
				{60 * time.Second, "15", 45},
			} {
				r := target.read(now.Add(step.after), false, fmt.Sprintf(`<one xmlns="urn:a"><name>x</name><age>%s</age><v>1</v></one>`, step.age))
				want := float64(now.Unix()) + step.want
				if got := r.Families[0].Samples[0].Value; got != want {
					t.Errorf("after %s an age of %s gives %f, want %f", step.after, step.age, got, want)
				}
				if got := unix(r.Families[1].Samples[0].Start); got != want {
					t.Errorf("after %s an age of %s gives the start %f, want %f", step.after, step.age, got, want)
				}
			}
		})
	}
}

// unix is a start time in Unix seconds, 0 where there is none.
func unix(start *timestamppb.Timestamp) float64 {
	if start == nil {
		return 0
	}
	return float64(start.AsTime().UnixMicro()) / 1e6
}

// TestStartTimes holds when counters are said to have begun.
func TestStartTimes(t *testing.T) {
	m := lab(t, `
namespaces: {a: "urn:a"}
reads: [{rpc: <get-a/>}]
rows: [{path: /a:one, key: [name], labels: {thing: name}, start_time: began, metrics: {lab_total: v, lab_value: v}}]`)
	for _, tc := range []struct {
		began string
		want  float64
	}{
		{"<began>2026-11-21T11:00:00Z</began>", float64(now.Unix() - 3600)},
		{"<began>2026-11-21T12:04:00Z</began>", float64(now.Unix() + 240)},
		{"<began>2026-11-21T13:00:00Z</began>", 0},
		{"<began>1970-01-01T00:00:00Z</began>", 0},
		{"<began>boot</began>", 0},
		{"", 0},
	} {
		r := read(t, m, envelope(`<one xmlns="urn:a"><name>x</name><v>1</v>`+tc.began+`</one>`))
		if got := unix(r.Families[0].Samples[0].Start); got != tc.want {
			t.Errorf("%s gives the start %f, want %f", tc.began, got, tc.want)
		}
		if r.Families[1].Samples[0].Start != nil {
			t.Error("a gauge has a start")
		}
		wantSkipped(t, r, nil)
	}
}

const infoModule = `
namespaces: {a: "urn:a"}
reads: [{get: [/a:one]}, {get_config: [/a:two]}]
rows:
  - {path: [/a:one, /a:two], key: [name], labels: {thing: name, text: text}, metrics: {lab_info: name, lab_value: v}}
  - {path: /a:three, key: [id], labels: {thing: name, note: note}, metrics: {lab_info: name}}`

const (
	one   = `<one xmlns="urn:a"><name>x</name><v>1</v></one><one xmlns="urn:a"><name>y</name><v>2</v></one>`
	two   = `<two xmlns="urn:a"><name>x</name><text>X</text></two>`
	three = `<three xmlns="urn:a"><id>1</id><name>x</name><note>N</note></three><three xmlns="urn:a"><id>2</id><name>y</name></three>`
)

// TestLabelsAreKept holds that the pairs of a read are those of the read before, as long as they are the same, so that a read
// costs no allocations for them.
func TestLabelsAreKept(t *testing.T) {
	extra := &dto.LabelPair{Name: new("target"), Value: new("T")}
	target := target{t, lab(t, infoModule), decode.NewCache(extra)}
	first := target.read(now, false, one, two+three)
	wantLines(t, first, `lab_info{note="N",text="X",thing="x"} 1`, `lab_info{thing="y"} 1`, `lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`)
	second := target.read(now, false, one, two+three)
	for f := range first.Families {
		for s, sample := range first.Families[f].Samples {
			if again := second.Families[f].Samples[s].Labels; again != sample.Labels {
				t.Errorf("%s: labels %v were made again", first.Families[f].Metric.Name, again.Pairs)
			}
			for i := 1; i < len(sample.Labels.Extra); i++ {
				if sample.Labels.Extra[i-1].GetName() >= sample.Labels.Extra[i].GetName() {
					t.Errorf("labels %v are not in order", sample.Labels.Extra)
				}
			}
			if len(sample.Labels.Extra) != len(sample.Labels.Pairs)+1 {
				t.Errorf("labels %v lack the extra one", sample.Labels.Extra)
			}
		}
	}
	before := lines(first)
	third := target.read(now, false, one, `<two xmlns="urn:a"><name>x</name><text>changed</text></two>`)
	wantLines(t, third, `lab_info{text="changed",thing="x"} 1`, `lab_info{thing="y"} 1`, `lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`)
	if diff := cmp.Diff(before, lines(first)); diff != "" {
		t.Errorf("an earlier result changed: %s", diff)
	}
}

// TestIncomplete holds that value labels stay as they were while a read that gives them fails, so that info does not flap.
func TestIncomplete(t *testing.T) {
	target := target{t, lab(t, infoModule), decode.NewCache(nil)}
	values := []string{`lab_value{thing="x"} 1`, `lab_value{thing="y"} 2`}
	full := append([]string{`lab_info{note="N",text="X",thing="x"} 1`, `lab_info{thing="y"} 1`}, values...)
	first := target.read(now, false, one, two+three)
	wantLines(t, first, full...)
	second := target.read(now, true, one)
	wantLines(t, second, full...)
	if first.Families[0].Samples[0].Labels != second.Families[0].Samples[0].Labels {
		t.Error("labels that stayed were made again")
	}
	wantLines(t, target.read(now, true, one), full...)
	wantLines(t, target.read(now, true)) // not even the rows
	wantLines(t, target.read(now, true, one), full...)
	wantLines(t, target.read(now, true, `<two xmlns="urn:a"><name>x</name><text>new</text></two>`), `lab_info{note="N",text="new",thing="x"} 1`)
	wantLines(t, target.read(now, false, one, ""), append([]string{`lab_info{thing="x"} 1`, `lab_info{thing="y"} 1`}, values...)...)
	wantLines(t, target.read(now, true, one), append([]string{`lab_info{thing="x"} 1`, `lab_info{thing="y"} 1`}, values...)...)
}
