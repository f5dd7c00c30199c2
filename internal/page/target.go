package page

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/facts"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
)

// mostInterfaces is how many interfaces a page shows; a filter finds the others.
const mostInterfaces = 500

// watchedEvery is how often a device is read while somebody looks at it and nobody else has it read.
const watchedEvery = 10 * time.Second

// target is the page of one device.
type target struct {
	layout
	observe.Detail
	Own        bool // it may be changed and removed
	Grafana    string
	LabelNames []string

	Filter     string
	Columns    []column
	Interfaces []facts.Interface
	Found      int // interfaces that the filter lets through
	All        int // interfaces that there are
	Neighbors  []facts.Neighbor
	Hardware   []facts.Component
	BGP        []facts.BGPNeighbor
	Bars       []bar
	Total      float64 // seconds that the bars span
}

// bar is one step of the last read, in parts of a thousand of its whole time.
type bar struct {
	observe.Event
	X, Width float64
}

func (p *pages) serveTarget(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	t, ok := p.Exporter.Target(name)
	if !ok {
		p.problem(w, r, http.StatusNotFound, fmt.Sprintf("no target is called %q; it may have been removed", name))
		return
	}
	t.Refresh(max(watchedEvery, time.Duration(*t.Config().MaxAge)))
	v := target{layout: p.layout(r, name), Detail: p.Observer.Detail(t), Filter: r.URL.Query().Get("if")}
	v.Here, v.Events = "target", true
	v.Own = v.MayChange && v.Origin == config.OriginAPI
	v.LabelNames = slices.Sorted(maps.Keys(v.Labels))
	v.Grafana = grafana(p.GrafanaURL, name)
	definitions, err := p.Exporter.Config().Definitions()
	if err != nil {
		p.problem(w, r, http.StatusInternalServerError, err.Error())
		return
	}
	words, families := facts.NewWords(definitions), t.Peek(func(string) bool { return true })
	v.Neighbors, v.Hardware, v.BGP = facts.Neighbors(families), words.Hardware(families), words.BGP(families)
	p.Observer.Neighbors(v.Neighbors)
	all := words.Interfaces(families)
	p.Observer.Interfaces(t, all)
	v.interfaces(all, r.URL.Query())
	v.bars()
	p.write(w, http.StatusOK, "target", v)
}

// interfaces filters and sorts the interfaces.
func (v *target) interfaces(all []facts.Interface, given url.Values) {
	v.All = len(all)
	wanted := strings.Fields(strings.ToLower(v.Filter))
	found := slices.DeleteFunc(all, func(i facts.Interface) bool {
		text := strings.ToLower(strings.Join([]string{i.Name, i.Description, i.OperStatus, i.AdminStatus, i.Type, i.PhysAddress}, "\n"))
		for _, address := range i.Addresses {
			text += "\n" + address.Address
		}
		return slices.ContainsFunc(wanted, func(word string) bool { return !strings.Contains(text, word) })
	})
	by := given.Get("sort")
	field, descending := strings.CutPrefix(by, "-")
	slices.SortStableFunc(found, func(a, b facts.Interface) int {
		c := compareInterfaces(field, &a, &b)
		if descending {
			return -c
		}
		return c
	})
	for _, c := range []column{
		{"Interface", "interface", "", false}, {"State", "state", "", false}, {"Speed", "speed", "", true}, {"Receive", "receive", "", true},
		{"Transmit", "transmit", "", true}, {"Errors", "errors", "", true}, {"Description", "description", "", false}, {"Last change", "change", "", true},
	} {
		c.Sorted, c.URL = sorted(by, c.URL, given)
		v.Columns = append(v.Columns, c)
	}
	v.Found = len(found)
	v.Interfaces = found[:min(len(found), mostInterfaces)]
}

// compareInterfaces compares by a column; by none, the device's own order stays.
func compareInterfaces(field string, a, b *facts.Interface) int {
	rate := func(i *facts.Interface, of func(*facts.Rates) *float64) float64 {
		if i.Rates == nil || of(i.Rates) == nil {
			return -1
		}
		return *of(i.Rates)
	}
	switch field {
	case "interface":
		return cmp.Compare(a.Name, b.Name)
	case "state":
		return cmp.Or(cmp.Compare(a.OperStatus, b.OperStatus), cmp.Compare(a.AdminStatus, b.AdminStatus))
	case "speed":
		return cmp.Compare(valueOf(a.SpeedBitsPerSecond), valueOf(b.SpeedBitsPerSecond))
	case "receive":
		of := func(r *facts.Rates) *float64 { return r.ReceiveBitsPerSecond }
		return cmp.Compare(rate(a, of), rate(b, of))
	case "transmit":
		of := func(r *facts.Rates) *float64 { return r.TransmitBitsPerSecond }
		return cmp.Compare(rate(a, of), rate(b, of))
	case "errors":
		return cmp.Compare(a.Counters["receive_errors"]+a.Counters["transmit_errors"], b.Counters["receive_errors"]+b.Counters["transmit_errors"])
	case "description":
		return cmp.Compare(a.Description, b.Description)
	case "change":
		switch {
		case a.LastChange == nil || b.LastChange == nil:
			return cmp.Compare(full(b.LastChange), full(a.LastChange)) // none last
		default:
			return b.LastChange.Compare(*a.LastChange) // the latest first
		}
	}
	return 0
}

func valueOf(p *float64) float64 {
	if p == nil {
		return -1
	}
	return *p
}

// bars lays the timeline out.
func (v *target) bars() {
	for _, e := range v.Timeline {
		v.Total = max(v.Total, e.StartSeconds+e.DurationSeconds)
	}
	for _, e := range v.Timeline {
		b := bar{Event: e}
		if v.Total > 0 {
			b.X, b.Width = 1000*e.StartSeconds/v.Total, max(1000*e.DurationSeconds/v.Total, 2)
			b.X = min(b.X, 998)
		}
		v.Bars = append(v.Bars, b)
	}
}

// grafana links to the dashboard of one device; "" where there is no Grafana.
func grafana(base, name string) string {
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/d/netconf-device?" + url.Values{"var-target": {name}}.Encode()
}
