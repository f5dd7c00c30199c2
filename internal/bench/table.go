package main

import (
	"fmt"
	"io"
	"strings"
)

// number is a measured number: benchmark and unit, over a constant (interfaces, samples).
type number struct {
	name, unit string
	over       float64
}

func (n number) of(r results) (float64, bool) {
	v, ok := r.value(n.name, n.unit)
	if n.over != 0 {
		v /= n.over
	}
	return v, ok
}

// row compares two numbers of one run.
type row struct {
	what   string
	ours   number
	beside string // what the other is of
	other  number
	goal   goal
}

const (
	cpu    = "cpu-ns/op"
	wall   = "ns/op"
	wire   = "wire-" // begins the units of merely taking replies off the wire
	octets = "B/op"
	peak   = "peak-B"
	kept   = "kept-B"
	grown  = "grown-B" // peak memory beyond that of a process that reads ten interfaces
)

// goal is what a row is held to; at most one of its fields.
type goal struct {
	less   float64 // ours is one so-manyth of the other, or less
	within float64 // ours is so many times the other, or less
	even   float64 // neither is more than so many times the other
	below  float64 // ours is below
}

func (g goal) reached(ours, other float64) bool {
	switch {
	case g.less > 0:
		return ours*g.less <= other
	case g.within > 0:
		return ours <= g.within*other
	case g.even > 0:
		return max(ours/other, other/ours) <= g.even
	}
	return ours < g.below
}

func (g goal) text(unit string) string {
	switch {
	case g.less > 0:
		return fmt.Sprintf("1/%g", g.less)
	case g.within > 0:
		return fmt.Sprintf("within %g", g.within)
	case g.even > 0:
		return fmt.Sprintf("within %g either way", g.even)
	case g.below > 0:
		return "under " + quantity(g.below, unit)
	}
	return ""
}

func rows() []row {
	n := func(name, unit string) number { return number{name: name, unit: unit} }
	return []row{
		{what: "1. Replies to families, 1,000 interfaces: CPU", ours: n("Decode/ours", cpu),
			beside: "`encoding/xml` into structs, `NewConstMetric`, `Gather`", other: n("Decode/textbook", cpu), goal: goal{less: 10}},
		{what: "1. the same: bytes allocated", ours: n("Decode/ours", octets), beside: "the same", other: n("Decode/textbook", octets)},
		{what: "1. the same: allocations per sample", ours: n("Decode/ours", "allocs/sample"),
			beside: "the same", other: n("Decode/textbook", "allocs/sample"), goal: goal{below: 0.05}},
		{what: "Families to text, 19,000 samples: CPU", ours: n("Text/ours", wall), beside: "`expfmt`, promhttp's encoder", other: n("Text/expfmt", wall)},
		{what: "2. `/probe`, 1,000 interfaces: wall", ours: n("Probe/interfaces=1000", wall),
			beside: "reading the same replies off SSH", other: n("Probe/interfaces=1000", wire+wall), goal: goal{within: 3}},
		{what: "2. the same: CPU of the reader", ours: n("Probe/interfaces=1000", cpu),
			beside: "the same", other: n("Probe/interfaces=1000", wire+cpu)},
		{what: "3. CPU per interface, 1,000 interfaces", ours: number{"Probe/interfaces=1000", cpu, 1000},
			beside: "10,000 interfaces", other: number{"Probe/interfaces=10000", cpu, 10_000}, goal: goal{even: 1.3}},
		{what: "3. Peak memory per interface, 1,000 interfaces", ours: number{"Probe/interfaces=1000", grown, 1000},
			beside: "10,000 interfaces", other: number{"Probe/interfaces=10000", grown, 10_000}, goal: goal{even: 1.3}},
		{what: "4. netconfd's interfaces on a kept session: wall", ours: n("Login", wall),
			beside: "a login for each read", other: n("Login", "login-"+wall), goal: goal{less: 10}},
		{what: "5. `/metrics` of 1,000 devices of 48 interfaces: CPU", ours: n("Fleet", cpu),
			beside: "reading the same replies off SSH", other: n("Fleet", wire+cpu), goal: goal{below: 3e9}},
		{what: "5. the same: wall", ours: n("Fleet", wall), beside: "the same", other: n("Fleet", wire+wall)},
		{what: "5. the same: peak memory per sample", ours: n("Fleet", "peak-B/sample"),
			beside: "the answer's text per sample", other: n("Fleet", "text-B/sample"), goal: goal{below: 600}},
		{what: "6. A scrape of 1,000 interfaces: CPU", ours: n("Peers/exporter", cpu),
			beside: "snmp_exporter, of net-snmp's agent", other: n("Peers/snmp_exporter", cpu), goal: goal{less: 10}},
		{what: "6. the same", ours: n("Peers/exporter", cpu),
			beside: "a script with ncclient and prometheus_client", other: n("Peers/script", cpu), goal: goal{less: 10}},
		{what: "7. All rules in each 15 s, 300 devices of 48 interfaces: wall", ours: n("Rules", "evaluation-ns"),
			beside: "one scrape of them by Prometheus", other: n("Rules", "scrape-ns"), goal: goal{below: 1e9}},
		{what: "7. the same: recorded series of a device", ours: n("Rules", "recorded-series"),
			beside: "its own series", other: n("Rules", "device-series"), goal: goal{below: 200}},
		{what: "8. `/probe`, 1,000 interfaces, over RESTCONF: CPU", ours: n("Transports", "restconf-"+cpu),
			beside: "over SSH", other: n("Transports", "ssh-"+cpu), goal: goal{within: 1.5}},
		{what: "8. the same without the query parameter `fields`", ours: n("Transports", "whole-"+cpu), beside: "the same", other: n("Transports", "ssh-"+cpu)},
		{what: "8. the same over TLS", ours: n("Transports", "tls-"+cpu), beside: "the same", other: n("Transports", "ssh-"+cpu)},
		{what: "8. `/metrics` of 1,000 devices of 48 interfaces over RESTCONF: CPU", ours: n("TransportsOfMany", "restconf-"+cpu),
			beside: "over SSH", other: n("TransportsOfMany", "ssh-"+cpu), goal: goal{within: 1.5}},
		{what: "8. the same: wall", ours: n("TransportsOfMany", "restconf-"+wall), beside: "the same", other: n("TransportsOfMany", "ssh-"+wall)},
		{what: "8. the same over TLS: CPU", ours: n("TransportsOfMany", "tls-"+cpu), beside: "the same", other: n("TransportsOfMany", "ssh-"+cpu)},
		{what: "8. Memory of a target between scrapes, over RESTCONF", ours: n("TransportsOfMany", "restconf-"+kept),
			beside: "over SSH", other: n("TransportsOfMany", "ssh-"+kept), goal: goal{within: 1.1}},
		{what: "8. the same over TLS", ours: n("TransportsOfMany", "tls-"+kept), beside: "the same", other: n("TransportsOfMany", "ssh-"+kept)},
	}
}

// addGrowth tells what a process needs for its interfaces from what it needs for any: that is taken from one that reads ten. For a hundred
// it is less than what one process takes more than another by chance.
func (r results) addGrowth() {
	fixed, ok := r.value("Probe/interfaces=10", peak)
	if !ok {
		return
	}
	for _, interfaces := range []int{1000, 10_000} {
		name := fmt.Sprintf("Probe/interfaces=%d", interfaces)
		if most, ok := r.value(name, peak); ok {
			r[name].values[grown] = []float64{most - fixed}
		}
	}
}

func writeTable(w io.Writer, r results) {
	r.addGrowth()
	fmt.Fprint(w, "| what | ours | beside it | | ratio | goal | |\n|---|--:|---|--:|--:|---|---|\n")
	for _, row := range rows() {
		row.write(w, r)
	}
	fmt.Fprint(w, "\nWhat a probe costs by the number of interfaces of the device, and what reading its replies off SSH alone costs:\n\n"+
		"| interfaces | CPU per interface | off SSH alone | wall | peak memory beyond that for 10 interfaces, per interface |\n|--:|--:|--:|--:|--:|\n")
	for _, interfaces := range []int{10, 100, 1000, 10_000} {
		of, over := fmt.Sprintf("Probe/interfaces=%d", interfaces), float64(interfaces)
		fmt.Fprintf(w, "| %d |", interfaces)
		for _, n := range []number{{of, cpu, over}, {of, wire + cpu, over}, {of, wall, 0}, {of, grown, over}} {
			fmt.Fprintf(w, " %s |", n.text(r))
		}
		fmt.Fprintln(w)
	}
}

func (row row) write(w io.Writer, r results) {
	ours, ok := row.ours.of(r)
	other, both := row.other.of(r)
	ratio, verdict := "", ""
	switch {
	case !ok:
		verdict = r.why(row.ours.name)
	case !both:
		verdict = r.why(row.other.name)
	default:
		ratio = fmt.Sprintf("%.2f", ours/other)
		if ours < other {
			ratio = fmt.Sprintf("1/%.1f", other/ours)
		}
		switch {
		case row.goal == goal{}:
		case row.goal.reached(ours, other):
			verdict = "reached"
		default:
			verdict = "missed"
		}
	}
	fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n",
		row.what, row.ours.text(r), row.beside, row.other.text(r), ratio, row.goal.text(row.ours.unit), verdict)
}

// text is the number for people; nothing where it was not measured.
func (n number) text(r results) string {
	v, ok := n.of(r)
	if !ok {
		return ""
	}
	return quantity(v, n.unit)
}

// quantity gives a number three digits and its unit.
func quantity(v float64, unit string) string {
	names := []string{"ns", "µs", "ms", "s"}
	switch {
	case strings.HasPrefix(unit, "allocs"), strings.HasSuffix(unit, "-series"):
		return fmt.Sprintf("%.3g", v)
	case !strings.HasSuffix(strings.TrimSuffix(unit, "/op"), "ns"):
		names = []string{"B", "kB", "MB", "GB"}
	}
	i := 0
	for ; v >= 1000 && i+1 < len(names); i++ {
		v /= 1000
	}
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f %s", v, names[i])
	case v >= 10:
		return fmt.Sprintf("%.1f %s", v, names[i])
	}
	return fmt.Sprintf("%.2f %s", v, names[i])
}
