package module_test

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// manyInterfaces is a reply with 1,000 interfaces of 25 leaves, written as netconfd does.
func manyInterfaces() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<rpc-reply message-id="1" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">
  <data>
    <interfaces-state xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">
`)
	for i := range 1000 {
		fmt.Fprintf(&b, `      <interface>
        <name>GigabitEthernet%d/0/%d</name>
        <type xmlns:ianaift="urn:ietf:params:xml:ns:yang:iana-if-type">ianaift:ethernetCsmacd</type>
        <admin-status>up</admin-status>
        <oper-status>lower-layer-down</oper-status>
        <last-change>2026-11-20T10:11:%02d.123+01:00</last-change>
        <if-index>%d</if-index>
        <phys-address>02:42:AC:11:%02x:%02x</phys-address>
        <higher-layer-if>Bundle-Ether%d</higher-layer-if>
        <higher-layer-if>Bundle-Ether%d.1</higher-layer-if>
        <lower-layer-if>Optics%d</lower-layer-if>
        <speed>10000000000</speed>
        <statistics>
          <discontinuity-time>2026-01-02T03:04:05+00:00</discontinuity-time>
`, i/48, i%48, i%60, i+1, i>>8, i&255, i, i, i)
		for n, leaf := range []string{"in-octets", "in-unicast-pkts", "in-broadcast-pkts", "in-multicast-pkts", "in-discards", "in-errors", "in-unknown-protos",
			"out-octets", "out-unicast-pkts", "out-broadcast-pkts", "out-multicast-pkts", "out-discards", "out-errors"} {
			fmt.Fprintf(&b, "          <%s>%d</%s>\n", leaf, 1234567890123*(n+1)+i, leaf)
		}
		b.WriteString("        </statistics>\n      </interface>\n")
	}
	b.WriteString("    </interfaces-state>\n  </data>\n</rpc-reply>\n")
	return b.String()
}

// BenchmarkDecode turns a large reply into samples, on a target that was read before; without what is kept between reads; with an explanation; and with a
// filter.
func BenchmarkDecode(b *testing.B) {
	reply := manyInterfaces()
	filters := []decode.Filter{{Label: "interface", Pattern: regexp.MustCompile("^(?s:lo|veth.*)$")}}
	for _, tc := range []struct {
		name                string
		newMemory, newTable bool
		ask                 func(*decode.Table)
	}{
		{"kept", false, false, func(*decode.Table) {}}, {"new-cache", true, false, func(*decode.Table) {}}, {"new-table", false, true, func(*decode.Table) {}},
		{"explained", false, false, (*decode.Table).Explain},
		{"filtered", false, false, func(t *decode.Table) { t.Filter(filters) }},
	} {
		b.Run(tc.name, func(b *testing.B) {
			m := load(b)["ietf-interfaces"]
			cache := decode.NewCache(nil)
			var r strings.Reader
			samples := 0
			read := func() {
				if tc.newMemory {
					cache = decode.NewCache(nil)
				}
				table := m.Table(limits)
				tc.ask(table)
				r.Reset(reply)
				if _, err := table.Decode(&r); err != nil {
					b.Fatal(err)
				}
				samples = table.Result(cache, now, false).Samples
				if !tc.newTable {
					table.Release()
				}
			}
			read()
			b.SetBytes(int64(len(reply)))
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
			b.ReportMetric(float64(samples), "samples/op")
		})
	}
}

// BenchmarkEncodingXML is what BenchmarkDecode is compared with: the reply through encoding/xml into structs, then also
// through NewConstMetric, as exporters commonly do.
func BenchmarkEncodingXML(b *testing.B) {
	reply := manyInterfaces()
	decode := func() *xmlReply {
		var r xmlReply
		if err := xml.Unmarshal([]byte(reply), &r); err != nil {
			b.Fatal(err)
		}
		return &r
	}
	b.Run("structs", func(b *testing.B) {
		b.SetBytes(int64(len(reply)))
		b.ReportAllocs()
		for b.Loop() {
			decode()
		}
	})
	b.Run("metrics", func(b *testing.B) {
		b.SetBytes(int64(len(reply)))
		b.ReportAllocs()
		samples := 0
		for b.Loop() {
			samples = len(decode().metrics())
		}
		b.ReportMetric(float64(samples), "samples/op")
	})
}

type xmlReply struct {
	Interfaces []struct {
		Name          string   `xml:"name"`
		Type          string   `xml:"type"`
		AdminStatus   string   `xml:"admin-status"`
		OperStatus    string   `xml:"oper-status"`
		LastChange    string   `xml:"last-change"`
		IfIndex       string   `xml:"if-index"`
		PhysAddress   string   `xml:"phys-address"`
		HigherLayerIf []string `xml:"higher-layer-if"`
		LowerLayerIf  []string `xml:"lower-layer-if"`
		Speed         string   `xml:"speed"`
		Discontinuity string   `xml:"statistics>discontinuity-time"`
		InOctets      string   `xml:"statistics>in-octets"`
		InUnicast     string   `xml:"statistics>in-unicast-pkts"`
		InBroadcast   string   `xml:"statistics>in-broadcast-pkts"`
		InMulticast   string   `xml:"statistics>in-multicast-pkts"`
		InDiscards    string   `xml:"statistics>in-discards"`
		InErrors      string   `xml:"statistics>in-errors"`
		InUnknown     string   `xml:"statistics>in-unknown-protos"`
		OutOctets     string   `xml:"statistics>out-octets"`
		OutUnicast    string   `xml:"statistics>out-unicast-pkts"`
		OutBroadcast  string   `xml:"statistics>out-broadcast-pkts"`
		OutMulticast  string   `xml:"statistics>out-multicast-pkts"`
		OutDiscards   string   `xml:"statistics>out-discards"`
		OutErrors     string   `xml:"statistics>out-errors"`
	} `xml:"data>interfaces-state>interface"`
}

// metrics makes a metric of each number.
func (r *xmlReply) metrics() []prometheus.Metric {
	names := [...]string{"in_octets", "in_unicast", "in_broadcast", "in_multicast", "in_discards", "in_errors", "in_unknown",
		"out_octets", "out_unicast", "out_broadcast", "out_multicast", "out_discards", "out_errors"}
	var counters [len(names)]*prometheus.Desc
	for i, name := range names {
		counters[i] = prometheus.NewDesc(name+"_total", name, []string{"interface"}, nil)
	}
	gauge := func(name string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, name, append([]string{"interface"}, labels...), nil)
	}
	info, admin, oper := gauge("info", "if_type", "phys_address", "if_index"), gauge("admin_status"), gauge("oper_status")
	changed, speed, discontinuity := gauge("last_change"), gauge("speed"), gauge("discontinuity")
	states := map[string]float64{"up": 1, "down": 2, "testing": 3, "unknown": 4, "dormant": 5, "not-present": 6, "lower-layer-down": 7}
	var all []prometheus.Metric
	for i := range r.Interfaces {
		in := &r.Interfaces[i]
		add := func(d *prometheus.Desc, t prometheus.ValueType, f float64, labels ...string) {
			m, err := prometheus.NewConstMetric(d, t, f, append([]string{in.Name}, labels...)...)
			if err == nil {
				all = append(all, m)
			}
		}
		add(info, prometheus.GaugeValue, 1, in.Type, in.PhysAddress, in.IfIndex)
		add(admin, prometheus.GaugeValue, states[in.AdminStatus])
		add(oper, prometheus.GaugeValue, states[in.OperStatus])
		for d, text := range map[*prometheus.Desc]string{changed: in.LastChange, discontinuity: in.Discontinuity} {
			if t, err := time.Parse(time.RFC3339, text); err == nil {
				add(d, prometheus.GaugeValue, float64(t.UnixMilli())/1e3)
			}
		}
		if f, err := strconv.ParseFloat(in.Speed, 64); err == nil {
			add(speed, prometheus.GaugeValue, f/8)
		}
		for i, text := range [...]string{in.InOctets, in.InUnicast, in.InBroadcast, in.InMulticast, in.InDiscards, in.InErrors, in.InUnknown,
			in.OutOctets, in.OutUnicast, in.OutBroadcast, in.OutMulticast, in.OutDiscards, in.OutErrors} {
			if n, err := strconv.ParseUint(text, 10, 64); err == nil {
				add(counters[i], prometheus.CounterValue, float64(n))
			}
		}
	}
	return all
}
