package simulator_test

import (
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// asked is what a client reads of an interface.
type asked struct {
	Name        string            `xml:"name"`
	Description string            `xml:"description"`
	Type        string            `xml:"type"`
	AdminStatus string            `xml:"admin-status"`
	OperStatus  string            `xml:"oper-status"`
	LastChange  string            `xml:"last-change"`
	Index       int               `xml:"if-index"`
	PhysAddress string            `xml:"phys-address"`
	Speed       string            `xml:"speed"`
	Counters    map[string]uint64 `xml:"-"`
	Statistics  struct {
		Discontinuity string `xml:"discontinuity-time"`
		Leaves        []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"statistics"`
}

func expected(i simulator.Interface) asked {
	a := asked{
		Name: i.Name, Description: i.Description, Type: "ianaift:" + i.Type, AdminStatus: i.AdminStatus, OperStatus: i.OperStatus,
		LastChange: i.LastChange.Format(time.RFC3339Nano), Index: i.Index, PhysAddress: i.PhysAddress,
		Counters: map[string]uint64{"in-unknown-protos": uint64(i.InUnknownProtos)},
	}
	a.Statistics.Discontinuity = i.Discontinuity.Format(time.RFC3339Nano)
	if i.Speed != 0 {
		a.Speed = strconv.FormatUint(i.Speed, 10)
	}
	for direction, c := range map[string]simulator.Counters{"in-": i.In, "out-": i.Out} {
		a.Counters[direction+"octets"] = c.Octets
		a.Counters[direction+"unicast-pkts"] = c.UnicastPkts
		a.Counters[direction+"broadcast-pkts"] = c.BroadcastPkts
		a.Counters[direction+"multicast-pkts"] = c.MulticastPkts
		a.Counters[direction+"discards"] = uint64(c.Discards)
		a.Counters[direction+"errors"] = uint64(c.Errors)
	}
	return a
}

func TestRepliesTellTheTruth(t *testing.T) {
	for _, form := range []string{simulator.FormState, simulator.FormNMDA} {
		t.Run(form, func(t *testing.T) {
			d := start(t, simulator.Config{Form: form, Interfaces: 60}).Devices()[0]
			c := dial(t, d, base11)
			// What flaps may do so during the exchange: then once more.
			for {
				before := d.Interfaces(time.Now())
				got := ask(t, c, form)
				after := d.Interfaces(time.Now())
				if len(got) != 60 {
					t.Fatalf("%d interfaces", len(got))
				}
				again := false
				for i := range got {
					low, high := expected(before[i]), expected(after[i])
					if low.LastChange != high.LastChange {
						again = true
						break
					}
					if form == simulator.FormState {
						low.Description = ""
					}
					if len(got[i].Counters) != len(low.Counters) {
						t.Errorf("%s has counters %v", got[i].Name, got[i].Counters)
					}
					for name, value := range got[i].Counters {
						if value < low.Counters[name] || value > high.Counters[name] {
							t.Errorf("%s %s is %d, not from %d to %d", got[i].Name, name, value, low.Counters[name], high.Counters[name])
						}
					}
					got[i].Counters, low.Counters = nil, nil
					got[i].Statistics.Leaves = nil
					if diff := cmp.Diff(low, got[i]); diff != "" {
						t.Error(diff)
					}
				}
				if !again {
					return
				}
			}
		})
	}
}

func ask(t *testing.T, c *client, form string) []asked {
	operation, list := "<get/>", "interfaces-state"
	if form == simulator.FormNMDA {
		operation = `<get-data xmlns="` + nmda + `"><datastore xmlns:ds="` + datastores + `">ds:operational</datastore></get-data>`
		list = "interfaces"
	}
	reply := c.rpc(operation)
	_, reply, _ = strings.Cut(reply, "<"+list+" ")
	reply, _, _ = strings.Cut(reply, "</"+list+">")
	var top struct {
		Interfaces []asked `xml:"interface"`
	}
	if err := xml.Unmarshal([]byte("<top "+reply+"</top>"), &top); err != nil {
		t.Fatal(err)
	}
	for i := range top.Interfaces {
		one := &top.Interfaces[i]
		one.Counters = map[string]uint64{}
		for _, leaf := range one.Statistics.Leaves {
			value, err := strconv.ParseUint(leaf.Text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			one.Counters[leaf.XMLName.Local] = value
		}
	}
	return top.Interfaces
}
