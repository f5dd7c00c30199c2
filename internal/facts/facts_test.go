package facts_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/facts"
)

// families are those that a text exposition holds.
func families(t *testing.T, text string) (all []*dto.MetricFamily) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		all = append(all, f)
	}
	return all
}

func words(t *testing.T) facts.Words {
	t.Helper()
	definitions, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	return facts.NewWords(definitions)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const device = `
# TYPE netconf_interface_receive_bytes_total counter
netconf_interface_info{interface="xe-0",parent="",if_type="ethernetCsmacd",description="to \"core\"",phys_address="02:00:00:00:00:01",if_index="7"} 1
netconf_interface_admin_status{interface="xe-0"} 1
netconf_interface_oper_status{interface="xe-0"} 7
netconf_interface_speed_bytes{interface="xe-0"} 1.25e+09
netconf_interface_last_change_timestamp_seconds{interface="xe-0"} 1.7e+09
netconf_interface_receive_bytes_total{interface="xe-0"} 1.8446744073709552e+19
netconf_interface_address_info{interface="xe-0",address="2001:db8::1",prefix_length="64",origin="static"} 1
netconf_interface_address_info{interface="xe-0",address="192.0.2.1",prefix_length="24",origin="static"} 1
netconf_interface_mtu_bytes{interface="xe-0"} NaN
netconf_lldp_neighbor_info{interface="xe-0",chassis_id="c",port_id="p",system_name="core-1.example",system_description="d",port_description=""} 1
netconf_system_info{host_name="edge-1",os_name="ExampleOS",os_release="1.2",os_version="",machine="m"} 1
netconf_system_boot_timestamp_seconds 1.6e+09
netconf_hardware_info{component="chassis",class="chassis",parent="",description="",manufacturer="Example",model_name="X1",part_number="",serial_number="s",hardware_revision="",software_revision=""} 1
netconf_hardware_oper_status{component="fan-1"} 2
netconf_hardware_fan_speed_rpm{component="fan-1"} 4200
netconf_power_supply_input_power_watts{component="psu-1"} 180
netconf_bgp_neighbor_info{vrf="",neighbor="192.0.2.9",description="up",remote_as="64500",local_as="64501",peer_group=""} 1
netconf_bgp_neighbor_state{vrf="",neighbor="192.0.2.9"} 6
netconf_bgp_neighbor_received_prefixes{vrf="",neighbor="192.0.2.9",family="ipv4_unicast"} 12
`

func TestRecords(t *testing.T) {
	all, w := families(t, device), words(t)
	for _, test := range []struct {
		got  any
		want string
	}{
		{w.Interfaces(all), `[{"name":"xe-0","admin_status":"up","oper_status":"lower-layer-down","speed_bits_per_second":10000000000,"description":"to \"core\"",` +
			`"type":"ethernetCsmacd","phys_address":"02:00:00:00:00:01","if_index":"7","last_change":"2023-11-14T22:13:20Z",` +
			`"addresses":[{"address":"192.0.2.1","prefix_length":"24","origin":"static"},{"address":"2001:db8::1","prefix_length":"64","origin":"static"}],` +
			`"counters":{"receive_bytes":18446744073709552000}}]`},
		{facts.Neighbors(all), `[{"interface":"xe-0","chassis_id":"c","port_id":"p","system_name":"core-1.example","system_description":"d"}]`},
		{facts.NewSystem(all), `{"vendor":"Example","model":"X1","os_name":"ExampleOS","release":"1.2","host_name":"edge-1","boot_time":"2020-09-13T12:26:40Z"}`},
		{w.BGP(all), `[{"neighbor":"192.0.2.9","state":"established","description":"up","remote_as":"64500","local_as":"64501","counters":{},` +
			`"families":[{"family":"ipv4_unicast","prefixes":{"received":12}}]}]`},
	} {
		if got := asJSON(t, test.got); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	hardware := map[string]facts.Component{}
	for _, c := range w.Hardware(all) {
		hardware[c.Name] = c
	}
	if c := hardware["fan-1"]; c.OperStatus != "failed" || c.Sensors["fan_speed_rpm"] != 4200 {
		t.Errorf("%+v", c)
	}
	if c := hardware["psu-1"]; c.Sensors["power_supply_input_power_watts"] != 180 {
		t.Errorf("%+v", c)
	}
	if c := hardware["chassis"]; c.SerialNumber != "s" || c.Manufacturer != "Example" {
		t.Errorf("%+v", c)
	}
}

func TestNothingIsRead(t *testing.T) {
	w := words(t)
	for _, got := range []any{w.Interfaces(nil), facts.Neighbors(nil), w.Hardware(nil), w.BGP(nil)} {
		if text := asJSON(t, got); text != "[]" {
			t.Errorf("%s", text)
		}
	}
}

func TestRates(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	reading := func(after time.Duration, text string) facts.Reading {
		return facts.NewReading(at.Add(after), families(t, "# TYPE netconf_interface_receive_bytes_total counter\n"+text))
	}
	first := reading(0, `netconf_interface_receive_bytes_total{interface="a"} 1000
netconf_interface_receive_bytes_total{interface="b"} 1000
netconf_interface_transmit_bytes_total{interface="a"} 5
`)
	second := reading(10*time.Second, `netconf_interface_receive_bytes_total{interface="a"} 3500
netconf_interface_receive_bytes_total{interface="b"} 10
netconf_interface_receive_bytes_total{interface="c"} 10
`)
	rates := second.Rates(first)["a"]
	if rates == nil || *rates.ReceiveBitsPerSecond != 2000 || rates.TransmitBitsPerSecond != nil || rates.Seconds != 10 {
		t.Errorf("%+v", rates)
	}
	for name, why := range map[string]string{"b": "its counter was reset", "c": "it is new", "d": "there is none"} {
		if rates := second.Rates(first)[name]; rates != nil {
			t.Errorf("%s has a rate, but %s: %+v", name, why, rates)
		}
	}
	for _, rates := range []*facts.Rates{first.Rates(first)["a"], first.Rates(facts.Reading{})["a"], first.Rates(second)["a"]} {
		if rates != nil {
			t.Errorf("%+v", rates)
		}
	}
}
