package facts

import (
	"cmp"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// System is what a target is.
type System struct {
	Vendor   string     `json:"vendor,omitempty"`
	Model    string     `json:"model,omitempty"`
	OSName   string     `json:"os_name,omitempty"`
	Release  string     `json:"release,omitempty"`
	HostName string     `json:"host_name,omitempty"`
	BootTime *time.Time `json:"boot_time,omitempty"`
}

// NewSystem takes the target's own words where it has some, and those of its chassis else.
func NewSystem(families []*dto.MetricFamily) System {
	var s System
	for _, t := range things(families, "netconf_system_") {
		s = System{
			Model: t.text("machine"), OSName: t.text("os_name"), Release: cmp.Or(t.text("os_release"), t.text("os_version")),
			HostName: t.text("host_name"), BootTime: t.time("boot_timestamp_seconds"),
		}
	}
	for _, t := range things(families, hardwarePrefix+"info", "component") {
		if strings.EqualFold(t.text("class"), "chassis") {
			s.Vendor = cmp.Or(t.text("manufacturer"), s.Vendor)
			s.Model = cmp.Or(t.text("model_name"), s.Model)
			s.Release = cmp.Or(s.Release, t.text("software_revision"))
			break
		}
	}
	return s
}

// Neighbor is a device behind an interface, as LLDP tells.
type Neighbor struct {
	Interface         string `json:"interface"`
	ChassisID         string `json:"chassis_id"`
	PortID            string `json:"port_id"`
	SystemName        string `json:"system_name,omitempty"`
	SystemDescription string `json:"system_description,omitempty"`
	PortDescription   string `json:"port_description,omitempty"`
	Target            string `json:"target,omitempty" doc:"Target that has the neighbour's name, if there is one."`
}

// Neighbors are the target's neighbours. Target is for the caller to add.
func Neighbors(families []*dto.MetricFamily) []Neighbor {
	found := []Neighbor{}
	for _, t := range things(families, "netconf_lldp_neighbor_", "interface", "chassis_id", "port_id") {
		found = append(found, Neighbor{
			Interface: t.text("interface"), ChassisID: t.text("chassis_id"), PortID: t.text("port_id"), SystemName: t.text("system_name"),
			SystemDescription: t.text("system_description"), PortDescription: t.text("port_description"),
		})
	}
	return found
}

// Component is a part of the target's hardware.
type Component struct {
	Name             string             `json:"name"`
	Class            string             `json:"class,omitempty"`
	Parent           string             `json:"parent,omitempty"`
	Description      string             `json:"description,omitempty"`
	Manufacturer     string             `json:"manufacturer,omitempty"`
	ModelName        string             `json:"model_name,omitempty"`
	PartNumber       string             `json:"part_number,omitempty"`
	SerialNumber     string             `json:"serial_number,omitempty"`
	HardwareRevision string             `json:"hardware_revision,omitempty"`
	SoftwareRevision string             `json:"software_revision,omitempty"`
	OperStatus       string             `json:"oper_status,omitempty" doc:"ok, failed, disabled, testing, unknown or absent."`
	Sensors          map[string]float64 `json:"sensors" doc:"By the metric's name, without netconf_hardware_ or with power_supply_ in place of netconf_power_supply_."`
}

const hardwarePrefix = "netconf_hardware_"

// Hardware are the parts of the target's hardware.
func (w Words) Hardware(families []*dto.MetricFamily) []Component {
	found := []Component{}
	index := map[string]int{}
	for _, t := range things(families, hardwarePrefix, "component") {
		one := Component{
			Name: t.text("component"), Class: t.text("class"), Parent: t.text("parent"), Description: t.text("description"),
			Manufacturer: t.text("manufacturer"), ModelName: t.text("model_name"), PartNumber: t.text("part_number"),
			SerialNumber: t.text("serial_number"), HardwareRevision: t.text("hardware_revision"), SoftwareRevision: t.text("software_revision"),
			OperStatus: w.word(t, hardwarePrefix, "oper_status"), Sensors: map[string]float64{},
		}
		for metric, value := range t.values {
			if metric != "info" && metric != "oper_status" {
				one.Sensors[metric] = value
			}
		}
		index[one.Name] = len(found)
		found = append(found, one)
	}
	for _, t := range things(families, "netconf_power_supply_", "component") {
		i, ok := index[t.text("component")]
		if !ok {
			i = len(found)
			found = append(found, Component{Name: t.text("component"), Sensors: map[string]float64{}})
		}
		for metric, value := range t.values {
			found[i].Sensors["power_supply_"+metric] = value
		}
	}
	return found
}

// BGPNeighbor is a BGP session of the target.
type BGPNeighbor struct {
	VRF         string             `json:"vrf,omitempty"`
	Neighbor    string             `json:"neighbor"`
	State       string             `json:"state,omitempty" doc:"idle, connect, active, opensent, openconfirm or established."`
	Description string             `json:"description,omitempty"`
	RemoteAS    string             `json:"remote_as,omitempty"`
	LocalAS     string             `json:"local_as,omitempty"`
	PeerGroup   string             `json:"peer_group,omitempty"`
	Established *time.Time         `json:"established,omitempty" doc:"When the session was last established."`
	Counters    map[string]float64 `json:"counters" doc:"By the metric's name, without netconf_bgp_neighbor_ and _total."`
	Families    []BGPFamily        `json:"families"`
}

// BGPFamily are the prefixes of one address family of a BGP session.
type BGPFamily struct {
	Family   string             `json:"family"`
	Prefixes map[string]float64 `json:"prefixes" doc:"By the metric's name, without netconf_bgp_neighbor_ and _prefixes."`
}

const bgpPrefix = "netconf_bgp_neighbor_"

// BGP are the target's BGP sessions.
func (w Words) BGP(families []*dto.MetricFamily) []BGPNeighbor {
	found := []BGPNeighbor{}
	index := map[string]int{}
	key := func(t *thing) string { return t.text("vrf") + "\x00" + t.text("neighbor") }
	for _, t := range things(families, bgpPrefix, "vrf", "neighbor") {
		index[key(t)] = len(found)
		found = append(found, BGPNeighbor{
			VRF: t.text("vrf"), Neighbor: t.text("neighbor"), State: w.word(t, bgpPrefix, "state"), Description: t.text("description"),
			RemoteAS: t.text("remote_as"), LocalAS: t.text("local_as"), PeerGroup: t.text("peer_group"),
			Established: t.time("established_timestamp_seconds"), Counters: t.counters(), Families: []BGPFamily{},
		})
	}
	for _, t := range things(families, bgpPrefix, "vrf", "neighbor", "family") {
		family := BGPFamily{Family: t.text("family"), Prefixes: map[string]float64{}}
		for metric, value := range t.values {
			if name, ok := strings.CutSuffix(metric, "_prefixes"); ok {
				family.Prefixes[name] = value
			}
		}
		one := &found[index[key(t)]]
		one.Families = append(one.Families, family)
	}
	for _, one := range found {
		slices.SortFunc(one.Families, func(a, b BGPFamily) int { return cmp.Compare(a.Family, b.Family) })
	}
	return found
}
