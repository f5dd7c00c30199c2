//go:build linux

package e2e

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// router is a scripted device with all data that rules use. Tests can change each of them.
type router struct {
	*netconftest.Device
	mu    sync.Mutex
	state routerState
	began time.Time
	read  time.Time
	count map[string]float64 // counters, up to the last read
}

// routerState is what the router reports; of counters, the rate.
type routerState struct {
	password    string
	delay       time.Duration // of a reply about the system
	oper        string        // of xe-0/0/1
	flaps       bool          // its state differs at each read
	speed       string        // bits per second
	rates       map[string]float64
	clock       time.Duration // how much it is ahead
	booted      time.Time
	temperature float64
	powerSupply string
	light       float64
	bgp         string
	bgpError    bool // BGP cannot be read
}

// well is a healthy router: one interface of 1 Gbit/s with a load of a tenth.
func well() routerState {
	return routerState{
		password: netconftest.Password, oper: "up", speed: "1000000000", booted: time.Now().Add(-40 * 24 * time.Hour),
		rates: map[string]float64{"in-octets": 12.5e6, "out-octets": 10e6, "in-unicast-pkts": 20e3, "out-unicast-pkts": 18e3, "in-multicast-pkts": 2,
			"out-multicast-pkts": 1, "in-broadcast-pkts": 1, "out-broadcast-pkts": 1, "in-errors": 0.2, "out-errors": 0, "in-discards": 0.2, "out-discards": 0, "in-unknown-protos": 0.1},
		temperature: 41, powerSupply: "ACTIVE", light: -4.2, bgp: "ESTABLISHED",
	}
}

func startRouter(t *testing.T) *router {
	t.Helper()
	r := &router{state: well(), began: time.Now(), read: time.Now(), count: map[string]float64{}}
	r.Device = netconftest.Start(t, r.session, func(d *netconftest.Device) {
		d.Config.PasswordCallback = func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
			if string(given) == r.now().password {
				return nil, nil
			}
			return nil, netconftest.ErrWrong
		}
	})
	return r
}

// now returns the state, change changes it.
func (r *router) now() routerState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

func (r *router) change(f func(*routerState)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance()
	r.state.rates = maps.Clone(r.state.rates)
	f(&r.state)
}

// advance updates the counters.
func (r *router) advance() {
	now := time.Now()
	for name, rate := range r.state.rates {
		r.count[name] += rate * now.Sub(r.read).Seconds()
	}
	r.read = now
}

func (r *router) session(p *netconftest.Peer) {
	var capabilities strings.Builder
	for _, c := range []string{
		"urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1",
		"urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08",
		"urn:ietf:params:xml:ns:yang:ietf-system?module=ietf-system&amp;revision=2014-08-06",
		"http://openconfig.net/yang/platform?module=openconfig-platform&amp;revision=2019-04-16",
		"http://openconfig.net/yang/platform/transceiver?module=openconfig-platform-transceiver&amp;revision=2019-06-21",
		"http://openconfig.net/yang/network-instance?module=openconfig-network-instance&amp;revision=2019-11-28",
		"http://openconfig.net/yang/lldp?module=openconfig-lldp&amp;revision=2018-11-21",
	} {
		capabilities.WriteString("<capability>" + c + "</capability>")
	}
	p.Greet(`<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` + capabilities.String() + `</capabilities><session-id>7</session-id></hello>`)
	p.Answer(func(rpc, id string) string {
		return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">` + r.answer(rpc) + `</rpc-reply>`
	})
}

// answer is the content of the reply to an rpc, by the namespace in the rpc.
func (r *router) answer(rpc string) string {
	if strings.Contains(rpc, "yang:ietf-system") {
		time.Sleep(r.now().delay)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance()
	s := &r.state
	data := ""
	switch {
	case strings.Contains(rpc, "get-config"):
		data = `<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface><name>xe-0/0/1</name><description>to fra-2</description></interface></interfaces>`
	case strings.Contains(rpc, "yang:ietf-interfaces"):
		data = r.interfaces()
	case strings.Contains(rpc, "yang:ietf-system"):
		data = fmt.Sprintf(`<system-state xmlns="urn:ietf:params:xml:ns:yang:ietf-system"><platform><os-name>Example OS</os-name><os-release>4.2</os-release></platform>
			<clock><current-datetime>%s</current-datetime><boot-datetime>%s</boot-datetime></clock></system-state>`,
			time.Now().Add(s.clock).UTC().Format(time.RFC3339Nano), s.booted.UTC().Format(time.RFC3339Nano))
	case strings.Contains(rpc, "yang/platform"):
		data = fmt.Sprintf(`<components xmlns="http://openconfig.net/yang/platform">
			<component><name>PSU 1</name><state><type>oc-platform-types:POWER_SUPPLY</type><oper-status>oc-platform-types:%s</oper-status></state></component>
			<component><name>CPU 0</name><state><type>oc-platform-types:CPU</type><oper-status>oc-platform-types:ACTIVE</oper-status><temperature><instant>%.1f</instant></temperature></state></component>
			<component><name>xe-0/0/1</name><state><type>oc-platform-types:TRANSCEIVER</type><temperature><instant>38.5</instant></temperature></state>
				<transceiver xmlns="http://openconfig.net/yang/platform/transceiver"><state><input-power><instant>%.2f</instant></input-power><output-power><instant>-2.10</instant></output-power>
				<laser-bias-current><instant>31.20</instant></laser-bias-current></state></transceiver></component></components>`, s.powerSupply, s.temperature, s.light)
	case strings.Contains(rpc, "yang/network-instance") && s.bgpError:
		return `<rpc-error><error-type>protocol</error-type><error-tag>access-denied</error-tag><error-severity>error</error-severity></rpc-error>`
	case strings.Contains(rpc, "yang/network-instance"):
		data = fmt.Sprintf(`<network-instances xmlns="http://openconfig.net/yang/network-instance"><network-instance><name>default</name><state><type>oc-ni-types:DEFAULT_INSTANCE</type></state>
			<protocols><protocol><identifier>oc-pol-types:BGP</identifier><name>BGP</name><bgp><neighbors><neighbor><neighbor-address>192.0.2.1</neighbor-address>
			<state><session-state>%s</session-state><peer-as>64500</peer-as><description>transit</description></state></neighbor></neighbors></bgp></protocol></protocols></network-instance></network-instances>`, s.bgp)
	case strings.Contains(rpc, "yang/lldp"):
		data = `<lldp xmlns="http://openconfig.net/yang/lldp"><interfaces><interface><name>xe-0/0/1</name><neighbors><neighbor><id>1</id><state><system-name>fra-2</system-name>
			<chassis-id>02:00:00:00:00:02</chassis-id><port-id>xe-0/0/7</port-id></state></neighbor></neighbors></interface></interfaces></lldp>`
	}
	return "<data>" + data + "</data>"
}

func (r *router) interfaces() string {
	s, changed := &r.state, r.began
	if s.flaps {
		changed = r.read
	}
	var statistics strings.Builder
	for name := range s.rates {
		fmt.Fprintf(&statistics, "<%[1]s>%.0[2]f</%[1]s>", name, r.count[name])
	}
	return fmt.Sprintf(`<interfaces-state xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface><name>xe-0/0/1</name><type>ianaift:ethernetCsmacd</type>
		<admin-status>up</admin-status><oper-status>%s</oper-status><last-change>%s</last-change><if-index>514</if-index><phys-address>02:9d:1f:5c:11:0a</phys-address>
		<speed>%s</speed><statistics>%s</statistics></interface></interfaces-state>`, s.oper, changed.UTC().Format(time.RFC3339Nano), s.speed, statistics.String())
}
