package facts

import (
	"cmp"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Interface is one interface of a target.
type Interface struct {
	Name               string             `json:"name"`
	AdminStatus        string             `json:"admin_status,omitempty" doc:"up, down or testing."`
	OperStatus         string             `json:"oper_status,omitempty" doc:"up, down, testing, unknown, dormant, not-present or lower-layer-down."`
	SpeedBitsPerSecond *float64           `json:"speed_bits_per_second,omitempty"`
	Description        string             `json:"description,omitempty"`
	Type               string             `json:"type,omitempty"`
	PhysAddress        string             `json:"phys_address,omitempty"`
	IfIndex            string             `json:"if_index,omitempty"`
	Parent             string             `json:"parent,omitempty" doc:"Interface that this one is part of."`
	LastChange         *time.Time         `json:"last_change,omitempty" doc:"When it entered its operational status."`
	MTUBytes           *float64           `json:"mtu_bytes,omitempty"`
	Addresses          []Address          `json:"addresses"`
	Counters           map[string]float64 `json:"counters" doc:"By the metric's name, without netconf_interface_ and _total."`
	Rates              *Rates             `json:"rates,omitempty" doc:"Over the last two reads; absent after the first one and after a reset of the counters."`
}

// Address is an IP address of an interface.
type Address struct {
	Address      string `json:"address"`
	PrefixLength string `json:"prefix_length,omitempty"`
	Origin       string `json:"origin,omitempty"`
}

const interfacePrefix = "netconf_interface_"

// Interfaces are the target's interfaces in its own order. Rates are for the caller to add.
func (w Words) Interfaces(families []*dto.MetricFamily) []Interface {
	found := []Interface{}
	index := map[string]int{}
	for _, t := range things(plain(families), interfacePrefix, "interface") {
		one := Interface{
			Name: t.text("interface"), AdminStatus: w.word(t, interfacePrefix, "admin_status"), OperStatus: w.word(t, interfacePrefix, "oper_status"),
			Description: t.text("description"), Type: t.text("if_type"), PhysAddress: t.text("phys_address"), IfIndex: t.text("if_index"),
			Parent: t.text("parent"), LastChange: t.time("last_change_timestamp_seconds"), MTUBytes: t.number("mtu_bytes"),
			Addresses: []Address{}, Counters: t.counters(),
		}
		if speed := t.number("speed_bytes"); speed != nil {
			one.SpeedBitsPerSecond = new(8 * *speed)
		}
		index[one.Name] = len(found)
		found = append(found, one)
	}
	for _, t := range things(families, interfacePrefix+"address_", "interface", "address") {
		if i, ok := index[t.text("interface")]; ok {
			found[i].Addresses = append(found[i].Addresses, Address{t.text("address"), t.text("prefix_length"), t.text("origin")})
		}
	}
	for _, one := range found {
		slices.SortFunc(one.Addresses, func(a, b Address) int { return cmp.Compare(a.Address, b.Address) })
	}
	return found
}

// plain leaves out the families that tell of parts of an interface.
func plain(families []*dto.MetricFamily) []*dto.MetricFamily {
	return slices.DeleteFunc(slices.Clone(families), func(f *dto.MetricFamily) bool {
		return len(f.Metric) > 0 && slices.ContainsFunc(f.Metric[0].Label, func(pair *dto.LabelPair) bool {
			switch pair.GetName() {
			case "interface", "parent", "if_type", "description", "phys_address", "if_index", "target":
				return false
			}
			return true
		})
	})
}
