package web

import (
	"fmt"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/klauspost/compress/gzip"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// manyFamilies are 19 metrics of 1,000 interfaces.
func manyFamilies() (families []*dto.MetricFamily) {
	labels := make([][]*dto.LabelPair, 1000)
	for i := range labels {
		labels[i] = sample(0, 0, "interface", fmt.Sprintf("GigabitEthernet0/0/%d", i)).Label
	}
	for n := range 19 {
		f := &dto.MetricFamily{
			Name: new(fmt.Sprintf("netconf_interface_receive_%d_packets_total", n)), Help: new("Packets."), Type: dto.MetricType_COUNTER.Enum(),
		}
		for i, l := range labels {
			m := sample(dto.MetricType_COUNTER, float64(i*i*n*n*1234567))
			m.Label = l
			f.Metric = append(f.Metric, m)
		}
		families = append(families, f)
	}
	return families
}

// BenchmarkText writes 19,000 samples as OpenMetrics: ours, and client_golang's.
func BenchmarkText(b *testing.B) {
	families := manyFamilies()
	format := expfmt.NewFormat(expfmt.TypeOpenMetrics)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			text := newTextWriter(io.Discard, format)
			for _, f := range families {
				if err := text.family(f); err != nil {
					b.Fatal(err)
				}
			}
			if err := text.close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("expfmt", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encoder := expfmt.NewEncoder(io.Discard, format)
			for _, f := range families {
				if err := encoder.Encode(f); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkCompression measures time and size of each level.
func BenchmarkCompression(b *testing.B) {
	response := httptest.NewRecorder()
	text := newTextWriter(response, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, f := range manyFamilies() {
		if err := text.family(f); err != nil {
			b.Fatal(err)
		}
	}
	if err := text.close(); err != nil {
		b.Fatal(err)
	}
	plain := response.Body.Bytes()
	for _, level := range []int{gzip.StatelessCompression, gzip.HuffmanOnly, 1, 2, 3, 6} {
		b.Run(fmt.Sprint("level=", level), func(b *testing.B) {
			counted := &counter{}
			out, err := gzip.NewWriterLevel(counted, level)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				counted.n = 0
				out.Reset(counted)
				for rest := plain; len(rest) > 0; rest = rest[min(len(rest), textBuffer):] {
					if _, err := out.Write(rest[:min(len(rest), textBuffer)]); err != nil {
						b.Fatal(err)
					}
				}
				if err := out.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(100*float64(counted.n)/float64(len(plain)), "%size")
		})
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}
