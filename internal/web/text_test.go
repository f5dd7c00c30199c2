package web

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var textFormats = []expfmt.Format{
	expfmt.NewFormat(expfmt.TypeTextPlain), expfmt.NewFormat(expfmt.TypeOpenMetrics),
	expfmt.FmtOpenMetrics_0_0_1 + "; escaping=underscores", expfmt.FmtText + "; escaping=allow-utf-8",
}

// manyValues are numbers of every kind: the ends of ranges, whole numbers of every size, and others.
func manyValues() []float64 {
	values := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-5, 123456, 999999, 1e6, 1234567, 100000.5, 1 << 53, 1<<53 - 1, 1<<53 + 2,
		math.MaxUint64, 1e20, 1e21, 1e22, -12345678, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(),
		1700000000, 1700000000.123}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		values = append(values, float64(random.Uint64()>>random.IntN(64)), math.Float64frombits(random.Uint64()), random.NormFloat64()*1e6)
	}
	return values
}

// sample has the labels in pairs.
func sample(kind dto.MetricType, value float64, pairs ...string) *dto.Metric {
	m := &dto.Metric{}
	for i := 0; i < len(pairs); i += 2 {
		m.Label = append(m.Label, &dto.LabelPair{Name: &pairs[i], Value: &pairs[i+1]})
	}
	switch kind {
	case dto.MetricType_COUNTER:
		m.Counter = &dto.Counter{Value: &value, CreatedTimestamp: timestamppb.New(time.Unix(1700000000, 0))}
	case dto.MetricType_GAUGE:
		m.Gauge = &dto.Gauge{Value: &value}
	case dto.MetricType_UNTYPED:
		m.Untyped = &dto.Untyped{Value: &value}
	}
	return m
}

func textFamilies() []*dto.MetricFamily {
	const gauge, counter, untyped = dto.MetricType_GAUGE, dto.MetricType_COUNTER, dto.MetricType_UNTYPED
	family := func(kind dto.MetricType, name, help string, metrics ...*dto.Metric) *dto.MetricFamily {
		return &dto.MetricFamily{Name: &name, Help: &help, Type: &kind, Metric: metrics}
	}
	awkward := "a\\b\"c\nd \u00e9\U0001f600 ]}=,"
	many := family(gauge, "numbers", "Many.")
	octets := family(counter, "octets_total", awkward)
	for i, v := range manyValues() {
		many.Metric = append(many.Metric, sample(gauge, v, "i", fmt.Sprint(i)))
		octets.Metric = append(octets.Metric, sample(counter, v, "interface", "eth0", "target", awkward))
	}
	// Of things with and without each of three metrics, and one metric of other things between.
	var shared [3]*dto.MetricFamily
	for i := range shared {
		shared[i] = family(gauge, fmt.Sprint("shared_", i), "Help.")
	}
	for n := range 100 {
		labels := sample(gauge, 0, "interface", fmt.Sprint("eth", n)).Label
		for i, f := range shared {
			if n%(i*i+2) != 1 {
				m := sample(gauge, float64(n))
				m.Label = labels
				f.Metric = append(f.Metric, m)
			}
		}
	}
	timed := family(gauge, "timed", "", sample(gauge, 1))
	timed.Metric[0].TimestampMs = new(int64(1234))
	exemplary := family(counter, "exemplary_total", "Help.", sample(counter, 1))
	exemplary.Metric[0].Counter.Exemplar = &dto.Exemplar{Value: new(1.0)}
	unhelpful := family(gauge, "unhelpful", "", sample(gauge, 2, "empty", ""))
	unhelpful.Help = nil
	united := family(gauge, "united_bytes", "Help.", sample(gauge, 2))
	united.Unit = new("bytes")
	return []*dto.MetricFamily{
		shared[0], many, shared[1], octets, shared[2], shared[0], timed, exemplary, unhelpful, united,
		family(counter, "without_suffix", "Help.", sample(counter, 3)),
		family(untyped, "untyped", awkward, sample(untyped, 4, "a", "b")),
		family(gauge, "wrong", "Help.", sample(gauge, 1), sample(counter, 4)),
		family(gauge, "empty", "Help."),
		family(gauge, "last", "Help.", sample(gauge, 1)),
	}
}

func TestTextIsThatOfExpfmt(t *testing.T) {
	for _, format := range textFormats {
		var want, got bytes.Buffer
		encoder := expfmt.NewEncoder(&want, format)
		text := newTextWriter(&got, format)
		for _, f := range textFamilies() {
			wrong, err := encoder.Encode(f), text.family(f)
			if (err == nil) != (wrong == nil) {
				t.Errorf("%s: %s: error %v, want %v", format, f.GetName(), err, wrong)
			}
		}
		encoder.(expfmt.Closer).Close()
		if err := text.close(); err != nil {
			t.Error(err)
		}
		wanted, lines := strings.Split(want.String(), "\n"), strings.Split(got.String(), "\n")
		for i := range min(len(wanted), len(lines)) {
			if wanted[i] != lines[i] {
				t.Fatalf("%s: line %d is %q, want %q", format, i, lines[i], wanted[i])
			}
		}
		if len(lines) != len(wanted) {
			t.Errorf("%s: %d lines, want %d", format, len(lines), len(wanted))
		}
	}
}
