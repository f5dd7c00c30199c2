package facts

import (
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Rates are how fast the counters of an interface grow.
type Rates struct {
	Seconds                 float64  `json:"seconds" doc:"Time between the two reads."`
	ReceiveBitsPerSecond    *float64 `json:"receive_bits_per_second,omitempty"`
	TransmitBitsPerSecond   *float64 `json:"transmit_bits_per_second,omitempty"`
	ReceiveErrorsPerSecond  *float64 `json:"receive_errors_per_second,omitempty"`
	TransmitErrorsPerSecond *float64 `json:"transmit_errors_per_second,omitempty"`
}

// rated are the counters that rates are made of.
var rated = [...]string{"receive_bytes_total", "transmit_bytes_total", "receive_errors_total", "transmit_errors_total"}

// Reading holds the counters of one read. Since one is kept for each target, it is small: 48 bytes an interface.
type Reading struct {
	At     time.Time
	names  []string // of the interfaces; the text is the label's
	values [][len(rated)]float64
}

// none stands for a counter that the device does not have.
const none = -1

// NewReading takes the counters of the interfaces.
func NewReading(at time.Time, families []*dto.MetricFamily) Reading {
	r := Reading{At: at}
	index := map[string]int{}
	for _, family := range families {
		i := slices.Index(rated[:], strings.TrimPrefix(family.GetName(), interfacePrefix))
		if i < 0 || !strings.HasPrefix(family.GetName(), interfacePrefix) {
			continue
		}
		for _, sample := range family.Metric {
			label := slices.IndexFunc(sample.Label, func(pair *dto.LabelPair) bool { return pair.GetName() == "interface" })
			if label < 0 {
				continue
			}
			name := sample.Label[label].GetValue()
			at, known := index[name]
			if !known {
				at = len(r.names)
				index[name] = at
				r.names = append(r.names, name)
				r.values = append(r.values, [len(rated)]float64{none, none, none, none})
			}
			r.values[at][i] = valueOf(sample)
		}
	}
	r.names, r.values = slices.Clip(r.names), slices.Clip(r.values)
	return r
}

// Rates are those of the interfaces, by name, between an earlier reading and this one. An interface without any has none.
func (r Reading) Rates(before Reading) map[string]*Rates {
	found := map[string]*Rates{}
	seconds := r.At.Sub(before.At).Seconds()
	if seconds <= 0 || before.At.IsZero() {
		return found
	}
	then := make(map[string]int, len(before.names))
	for i, name := range before.names {
		then[name] = i
	}
	for i, name := range r.names {
		if j, ok := then[name]; ok {
			if rates := between(before.values[j], r.values[i], seconds); rates != nil {
				found[name] = rates
			}
		}
	}
	return found
}

// between are the rates of one interface; nil if none of its counters has one.
func between(then, now [len(rated)]float64, seconds float64) *Rates {
	rate := func(i int, scale float64) *float64 {
		grown := now[i] - then[i]
		if now[i] == none || then[i] == none || grown < 0 { // a reset, or a counter that wrapped
			return nil
		}
		return new(scale * grown / seconds)
	}
	rates := &Rates{
		Seconds: seconds, ReceiveBitsPerSecond: rate(0, 8), TransmitBitsPerSecond: rate(1, 8),
		ReceiveErrorsPerSecond: rate(2, 1), TransmitErrorsPerSecond: rate(3, 1),
	}
	if rates.ReceiveBitsPerSecond == nil && rates.TransmitBitsPerSecond == nil && rates.ReceiveErrorsPerSecond == nil && rates.TransmitErrorsPerSecond == nil {
		return nil
	}
	return rates
}

// Rated reports whether rates are made of a metric.
func Rated(metric string) bool {
	for _, name := range rated {
		if metric == interfacePrefix+name {
			return true
		}
	}
	return false
}
