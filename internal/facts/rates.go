package facts

import (
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Rates are how fast the counters of an interface grow.
type Rates struct {
	Seconds                float64  `json:"seconds" doc:"Time between the two reads."`
	ReceiveBitsPerSecond   *float64 `json:"receive_bits_per_second,omitempty"`
	TransmitBitsPerSecond  *float64 `json:"transmit_bits_per_second,omitempty"`
	ReceiveErrorsPerSecond *float64 `json:"receive_errors_per_second,omitempty"`
	// TransmitErrorsPerSecond completes the errors.
	TransmitErrorsPerSecond *float64 `json:"transmit_errors_per_second,omitempty"`
}

// rated are the counters that rates are made of.
var rated = [...]string{"receive_bytes_total", "transmit_bytes_total", "receive_errors_total", "transmit_errors_total"}

// Reading holds the counters of one read, small enough to be kept for each target.
type Reading struct {
	At     time.Time
	values map[string]*[len(rated)]float64 // by interface; -1: the device does not count it
}

// NewReading takes the counters of the interfaces.
func NewReading(at time.Time, families []*dto.MetricFamily) Reading {
	r := Reading{At: at, values: map[string]*[len(rated)]float64{}}
	for _, family := range families {
		for i, metric := range rated {
			if family.GetName() != interfacePrefix+metric {
				continue
			}
			for _, sample := range family.Metric {
				name, ok := keyOf(sample, []string{"interface"})
				if !ok {
					continue
				}
				name = name[:len(name)-1]
				if r.values[name] == nil {
					r.values[name] = &[len(rated)]float64{-1, -1, -1, -1}
				}
				r.values[name][i] = valueOf(sample)
			}
		}
	}
	return r
}

// Rates are those of an interface between an earlier reading and this one; nil where there are none.
func (r Reading) Rates(before Reading, name string) *Rates {
	seconds := r.At.Sub(before.At).Seconds()
	now, then := r.values[name], before.values[name]
	if now == nil || then == nil || seconds <= 0 {
		return nil
	}
	rate := func(i int, scale float64) *float64 {
		grown := now[i] - then[i]
		if now[i] < 0 || then[i] < 0 || grown < 0 { // a reset, or a counter that wrapped
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
