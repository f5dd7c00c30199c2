package network

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"gopkg.in/yaml.v3"
)

//go:embed demo.yml
var demo []byte

//go:embed models
var models embed.FS

// Scenario is a network as its file describes it.
type Scenario struct {
	Shapes   map[string]shape `yaml:"shapes"` // of a day's traffic
	Kinds    map[string]kind  `yaml:"kinds"`  // of device
	Devices  []deviceSpec     `yaml:"devices"`
	Links    []linkSpec       `yaml:"links"`
	Sessions []sessionSpec    `yaml:"bgp"`
}

// kind is what devices of one make have in common.
type kind struct {
	Models     []string        `yaml:"models"` // files in models/
	NMDA       bool            `yaml:"nmda"`   // RFC 8342
	OSName     string          `yaml:"os_name"`
	OSRelease  string          `yaml:"os_release"`
	Machine    string          `yaml:"machine"`
	Vendor     string          `yaml:"manufacturer"`
	CPUs       int             `yaml:"cpus"`
	Memory     uint64          `yaml:"memory"` // bytes
	Components []componentSpec `yaml:"components"`
}

// componentSpec is a part of a device: its class, as iana-hardware calls it, and what it measures when all is well.
type componentSpec struct {
	Name     string  `yaml:"name"`
	Class    string  `yaml:"class"`
	Parent   string  `yaml:"parent"`
	Celsius  float64 `yaml:"celsius"`
	Limit    float64 `yaml:"limit"`    // degrees Celsius above which the device raises an alarm
	RPM      float64 `yaml:"rpm"`      // of a fan
	Watts    float64 `yaml:"watts"`    // out of a power supply
	Capacity float64 `yaml:"capacity"` // watts
}

type deviceSpec struct {
	Name    string            `yaml:"name"`
	Kind    string            `yaml:"kind"`
	Labels  map[string]string `yaml:"labels"`
	Uptime  time.Duration     `yaml:"uptime"` // when the network starts
	AS      uint32            `yaml:"as"`
	Router  string            `yaml:"router_id"` // its loopback address
	Ports   []portSpec        `yaml:"ports"`     // those without a link
	Transit string            `yaml:"transit"`   // port to the rest of the world; only devices without it send traffic up
	Spare   bool              `yaml:"spare"`     // left out of written configurations
	Alarms  []alarmSpec       `yaml:"alarms"`    // since the device booted
}

type alarmSpec struct {
	Severity string `yaml:"severity"` // critical, major, minor or warning
	Resource string `yaml:"resource"`
	Text     string `yaml:"text"`
}

// portSpec is a run of ports: a first one and as many more. Where nothing is attached they are down.
type portSpec struct {
	Name        string  `yaml:"name"` // with %d where the number belongs
	First       int     `yaml:"first"`
	Count       int     `yaml:"count"`
	Description string  `yaml:"description"`
	Speed       uint64  `yaml:"speed"`   // bits per second
	Receive     float64 `yaml:"receive"` // share of the speed at the day's peak
	Transmit    float64 `yaml:"transmit"`
	Shape       string  `yaml:"shape"`
	Unused      bool    `yaml:"unused"`
	Coherent    bool    `yaml:"coherent"` // the transceiver has an optical channel
	Shutdown    bool    `yaml:"shutdown"`
	Neighbor    string  `yaml:"neighbor"` // name of what is heard there by LLDP
	PoE         float64 `yaml:"poe"`      // watts that the attached device takes from the port
}

// end is one end of a link.
type end struct {
	Device      string `yaml:"device"`
	Port        string `yaml:"port"`
	LAG         string `yaml:"lag"` // aggregate that the port is a member of
	Address     string `yaml:"address"`
	Description string `yaml:"description"`
}

type linkSpec struct {
	A     end     `yaml:"a"`
	B     end     `yaml:"b"`
	Speed uint64  `yaml:"speed"` // bits per second
	Light float64 `yaml:"light"` // dBm that arrive
	Lanes int     `yaml:"lanes"` // of the transceivers
	OSPF  bool    `yaml:"ospf"`  // with BFD
	ISIS  bool    `yaml:"isis"`
	VRRP  vrrp    `yaml:"vrrp"` // a group of both ends; a has the higher priority
}

type vrrp struct {
	Group   int    `yaml:"group"` // 0: none
	Address string `yaml:"address"`
}

// sessionSpec is a BGP session: between two devices, or of one with somebody outside.
type sessionSpec struct {
	Device      string                    `yaml:"device"`
	Peer        string                    `yaml:"peer"`     // another device
	Neighbor    string                    `yaml:"neighbor"` // address, where it is no device
	AS          uint32                    `yaml:"as"`
	Group       string                    `yaml:"group"`
	Description string                    `yaml:"description"`
	Over        string                    `yaml:"over"` // port without which there is no session
	Shutdown    bool                      `yaml:"shutdown"`
	Families    map[string]prefixesOfBoth `yaml:"families"`
}

// prefixesOfBoth is how many prefixes each side announces, and how many of the received ones the device takes.
type prefixesOfBoth struct {
	Received, Accepted, Installed, Advertised uint64
}

// Load reads the scenario in a file; "demo" is the built-in one.
func Load(file string) (*Scenario, error) {
	text := demo
	if file != "demo" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("scenario: %w; name a file, or demo for the built-in network", err)
		}
	}
	s := &Scenario{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return nil, fmt.Errorf("scenario %s: %w; internal/network/demo.yml shows the form", file, err)
	}
	return s, nil
}
