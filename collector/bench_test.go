//go:build unix

package collector

import (
	"bytes"
	"context"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// BenchmarkDecode is the way from a device's replies, 1,000 interfaces in all, to metric families: ours, and the way that
// most exporters go, encoding/xml into structs and a constructor for each sample.
func BenchmarkDecode(b *testing.B) {
	target, replies := interfaceReplies(b, 1000)
	m := target.settings.Load().modules.byName["ietf-interfaces"]
	b.Run("ours", func(b *testing.B) {
		cache := decode.NewCache(target.label)
		measure(b, replies, func() iter.Seq[*dto.MetricFamily] {
			table := m.Table(decode.Limits{ReplyBytes: 1 << 30, Samples: 1 << 20})
			defer table.Release()
			for _, reply := range replies {
				if _, err := table.Decode(bytes.NewReader(reply)); err != nil {
					b.Fatal(err)
				}
			}
			got := &result{module: m.Name, Result: table.Result(cache, time.Now(), false)}
			return gather([]outcome{{target: target, settings: target.settings.Load(), results: []*result{got}}}, false, true)
		})
	})
	b.Run("textbook", func(b *testing.B) {
		registry := prometheus.NewRegistry()
		registry.MustRegister(newTextbook(b, replies))
		measure(b, replies, func() iter.Seq[*dto.MetricFamily] {
			families, err := registry.Gather()
			if err != nil {
				b.Fatal(err)
			}
			return slices.Values(families)
		})
	})
}

// measure reports allocations for each sample too.
func measure(b *testing.B, replies [][]byte, families func() iter.Seq[*dto.MetricFamily]) {
	octets := 0
	once := func() (samples int) {
		for f := range families() {
			samples += len(f.Metric)
		}
		return samples
	}
	samples := once() // the first read makes the labels
	for _, reply := range replies {
		octets += len(reply)
	}
	b.SetBytes(int64(octets))
	b.ReportAllocs()
	used := processorTime(b)
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64(processorTime(b)-used)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(testing.AllocsPerRun(1, func() { once() })/float64(samples), "allocs/sample")
	b.ReportMetric(float64(samples), "samples")
}

// processorTime is what this process has used, collecting garbage included: unlike the wall clock it leaves out what else runs
// on the machine.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// interfaceReplies are what a simulated device answers to the module of its interfaces.
func interfaceReplies(b *testing.B, interfaces int) (*Target, [][]byte) {
	fleet, err := simulator.Start(simulator.Config{Interfaces: interfaces})
	if err != nil {
		b.Fatal(err)
	}
	defer fleet.Close()
	text, err := fleet.ConfigYAML("simulated")
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	c, err := config.Load([]string{file})
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(c, Options{Lazy: true})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close(context.Background())
	target := e.Targets()[0]
	m := target.settings.Load().modules.byName["ietf-interfaces"]
	var replies [][]byte
	for i := range m.Requests {
		err := target.RPC(context.Background(), m.Requests[i].XML(yang.NewDevice(nil, nil), false), func(r io.Reader) error {
			reply, err := io.ReadAll(r)
			replies = append(replies, reply)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return target, replies
}
