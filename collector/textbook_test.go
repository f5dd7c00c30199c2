//go:build unix

package collector

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// textbook is the collector that one writes after reading the documentation of encoding/xml and client_golang. It gives what
// the module ietf-interfaces gives, without its care for what devices get wrong.
type textbook struct {
	b       *testing.B
	replies [][]byte
	info    *prometheus.Desc
	descs   []*prometheus.Desc // of textbookMetrics
}

// textbookReply is a reply to either read.
type textbookReply struct {
	State  []textbookInterface `xml:"data>interfaces-state>interface"`
	Config []textbookInterface `xml:"data>interfaces>interface"`
}

type textbookInterface struct {
	Name        string     `xml:"name"`
	Description string     `xml:"description"`
	Type        string     `xml:"type"`
	IfIndex     string     `xml:"if-index"`
	PhysAddress string     `xml:"phys-address"`
	AdminStatus string     `xml:"admin-status"`
	OperStatus  string     `xml:"oper-status"`
	LastChange  *time.Time `xml:"last-change"`
	Speed       *uint64    `xml:"speed"`
	Statistics  struct {
		Since              *time.Time `xml:"discontinuity-time"`
		InOctets           *uint64    `xml:"in-octets"`
		OutOctets          *uint64    `xml:"out-octets"`
		InUnicast          *uint64    `xml:"in-unicast-pkts"`
		OutUnicast         *uint64    `xml:"out-unicast-pkts"`
		InBroadcast        *uint64    `xml:"in-broadcast-pkts"`
		OutBroadcast       *uint64    `xml:"out-broadcast-pkts"`
		InMulticast        *uint64    `xml:"in-multicast-pkts"`
		OutMulticast       *uint64    `xml:"out-multicast-pkts"`
		InErrors           *uint64    `xml:"in-errors"`
		OutErrors          *uint64    `xml:"out-errors"`
		InDiscards         *uint64    `xml:"in-discards"`
		OutDiscards        *uint64    `xml:"out-discards"`
		InUnknownProtocols *uint64    `xml:"in-unknown-protos"`
	} `xml:"statistics"`
}

// textbookMetrics are the samples of an interface; false where it has none.
var textbookMetrics = []struct {
	name string
	kind prometheus.ValueType
	of   func(*textbookInterface) (float64, bool)
}{
	{"admin_status", prometheus.GaugeValue, func(i *textbookInterface) (float64, bool) { return position(adminStates, i.AdminStatus) }},
	{"oper_status", prometheus.GaugeValue, func(i *textbookInterface) (float64, bool) { return position(operStates, i.OperStatus) }},
	{"last_change_timestamp_seconds", prometheus.GaugeValue, func(i *textbookInterface) (float64, bool) { return seconds(i.LastChange) }},
	{"discontinuity_timestamp_seconds", prometheus.GaugeValue, func(i *textbookInterface) (float64, bool) { return seconds(i.Statistics.Since) }},
	{"speed_bytes", prometheus.GaugeValue, func(i *textbookInterface) (float64, bool) {
		bits, ok := count(i.Speed)
		return bits / 8, ok && bits > 0
	}},
	{"receive_bytes_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InOctets) }},
	{"transmit_bytes_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.OutOctets) }},
	{"receive_unicast_packets_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InUnicast) }},
	{"transmit_unicast_packets_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.OutUnicast) }},
	{"receive_broadcast_packets_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InBroadcast) }},
	{"transmit_broadcast_packets_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.OutBroadcast) }},
	{"receive_multicast_packets_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InMulticast) }},
	{"transmit_multicast_packets_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.OutMulticast) }},
	{"receive_errors_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InErrors) }},
	{"transmit_errors_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.OutErrors) }},
	{"receive_discards_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InDiscards) }},
	{"transmit_discards_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.OutDiscards) }},
	{"receive_unknown_protocols_total", prometheus.CounterValue, func(i *textbookInterface) (float64, bool) { return count(i.Statistics.InUnknownProtocols) }},
}

var (
	adminStates = []string{"up", "down", "testing"}
	operStates  = []string{"up", "down", "testing", "unknown", "dormant", "not-present", "lower-layer-down"}
)

func position(states []string, state string) (float64, bool) {
	for i, s := range states {
		if s == state {
			return float64(i + 1), true
		}
	}
	return 0, false
}

func seconds(t *time.Time) (float64, bool) {
	if t == nil {
		return 0, false
	}
	return float64(t.UnixMilli()) / 1e3, true
}

func count(n *uint64) (float64, bool) {
	if n == nil {
		return 0, false
	}
	return float64(*n), true
}

func newTextbook(b *testing.B, replies [][]byte) *textbook {
	t := &textbook{b: b, replies: replies}
	t.info = prometheus.NewDesc("textbook_interface_info", "Information.",
		[]string{"interface", "parent", "if_type", "description", "phys_address", "if_index"}, nil)
	for _, m := range textbookMetrics {
		t.descs = append(t.descs, prometheus.NewDesc("textbook_interface_"+m.name, "Help.", []string{"interface"}, nil))
	}
	return t
}

func (t *textbook) Describe(descs chan<- *prometheus.Desc) {
	descs <- t.info
	for _, d := range t.descs {
		descs <- d
	}
}

func (t *textbook) Collect(metrics chan<- prometheus.Metric) {
	var all textbookReply
	for _, reply := range t.replies {
		if err := xml.Unmarshal(reply, &all); err != nil {
			t.b.Error(err)
			return
		}
	}
	descriptions := map[string]string{}
	for _, i := range all.Config {
		descriptions[i.Name] = i.Description
	}
	for n := range all.State {
		i := &all.State[n]
		metrics <- prometheus.MustNewConstMetric(t.info, prometheus.GaugeValue, 1,
			i.Name, "", i.Type[strings.IndexByte(i.Type, ':')+1:], descriptions[i.Name], i.PhysAddress, i.IfIndex)
		for n, m := range textbookMetrics {
			if value, ok := m.of(i); ok {
				metrics <- prometheus.MustNewConstMetric(t.descs[n], m.kind, value, i.Name)
			}
		}
	}
}
