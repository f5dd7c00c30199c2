package module_test

import (
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// TestCorpus reads what real devices sent and compares it with what is known of each reply.
func TestCorpus(t *testing.T) {
	modules := load(t, "testdata/vendors.yml")
	for name, tc := range map[string]struct {
		module  string
		replies []string
		want    []string
		counts  map[string]int
		skipped map[string]int
	}{
		"netconfd, base:1.0": {
			module: "ietf-interfaces", replies: []string{"yuma123-netconfd/yuma-1.0-interfaces-state.raw"},
			want: []string{
				`netconf_interface_oper_status{interface="lo"} 4`,
				`netconf_interface_receive_bytes_total{interface="lo"} 993449`,
				`netconf_interface_receive_bytes_total{interface="eth0"} 1585093373`,
			},
			counts:  map[string]int{"netconf_interface_info": 5, "netconf_interface_speed_bytes": 0, "netconf_interface_admin_status": 0, "netconf_interface_receive_bytes_total": 5},
			skipped: map[string]int{module.SkippedImplausible: 2},
		},
		"netconfd, base:1.1": {
			module: "ietf-interfaces", replies: []string{"yuma123-netconfd/yuma-1.1-interfaces-state.raw"},
			want: []string{
				`netconf_interface_transmit_discards_total{interface="docker0"} 2`,
				`netconf_interface_receive_bytes_total{interface="eth0"} 1625412034`,
			},
			counts:  map[string]int{"netconf_interface_info": 5},
			skipped: map[string]int{module.SkippedImplausible: 2},
		},
		"netconfd, unknown namespace": {module: "ietf-interfaces", replies: []string{"yuma123-netconfd/yuma-1.0-unknown-ns.raw"}},
		"white space around values": {
			module: "ietf-interfaces", replies: []string{"cisco-iosxe/iosxe-ietf-interfaces-state_whitespace-around-values.xml"},
			want: []string{
				`netconf_interface_receive_bytes_total{interface="GigabitEthernet2"} 330`,
				`netconf_interface_transmit_discards_total{interface="GigabitEthernet2"} 17`,
				`netconf_interface_transmit_errors_total{interface="GigabitEthernet2"} 16`,
				`netconf_interface_counter_discontinuity_timestamp_seconds{interface="GigabitEthernet2"} 1559313423.000993`,
			},
			counts: map[string]int{"netconf_interface_oper_status": 0, "netconf_interface_info": 1},
		},
		"configuration alone": {
			module: "ietf-interfaces", replies: []string{"cisco-iosxe/iosxe-scrapli-get_subtree_ietf-interfaces-config.xml"},
			want:   []string{`netconf_interface_info{if_type="ethernetCsmacd",interface="GigabitEthernet1"} 1`},
			counts: map[string]int{"netconf_interface_oper_status": 0, "netconf_interface_receive_bytes_total": 0},
		},
		"NMDA": {
			module: "ietf-interfaces-nmda", replies: []string{"netopeer2-sysrepo/sysrepo-plugin-interfaces_nmda-operational.xml"},
			want: []string{
				`netconf_interface_receive_bytes_total{interface="wlp0s20f3"} 222429196`,
				`netconf_interface_info{interface="lo",phys_address="00:00:00:00:00:00"} 1`,
			},
			counts: map[string]int{"netconf_interface_info": 6, "netconf_interface_speed_bytes": 0, "netconf_interface_admin_status": 0},
		},
		"prefixes everywhere": {
			module: "ietf-interfaces", replies: []string{"bbf-obbaa/obbaa-onu-prefixed-interfaces-state.xml"},
			want:   []string{`netconf_interface_oper_status{interface="ont1_uni1"} 1`},
			counts: map[string]int{"netconf_interface_info": 1},
		},
		"access denied in silence": {module: "ietf-interfaces", replies: []string{"netopeer2-sysrepo/netopeer2-nacm-denied_empty-data.xml"}},
		"negative counter": {
			module: "iosxe", replies: []string{"cisco-iosxe/iosxe-c9300-interfaces-oper_negative-counter.xml"},
			want: []string{
				`netconf_interface_admin_status{interface="AppGigabitEthernet1/0/1"} 1`,
				`netconf_interface_oper_status{interface="AppGigabitEthernet1/0/1"} 1`,
				`netconf_interface_receive_bytes_total{interface="AppGigabitEthernet1/0/1"} 24268`,
				`netconf_interface_transmit_bytes_total{interface="AppGigabitEthernet1/0/1"} 92342210`,
				`netconf_interface_info{interface="AppGigabitEthernet1/0/1",phys_address="cc:5a:53:d9:24:29"} 1`,
			},
			counts:  map[string]int{"netconf_interface_receive_unicast_packets_total": 0},
			skipped: map[string]int{module.SkippedInvalid: 1},
		},
		"two lists joined": {
			module: "xr-pfi", replies: []string{"cisco-iosxr/xr-pfi-im-cmd-oper_interfaces_state.xml", "cisco-iosxr/xr-pfi-im-cmd-oper_interfaces_counters.xml"},
			want: []string{
				`netconf_interface_info{description="PRIMARY ROUTER LOOPBACK",interface="Loopback0"} 1`,
				`netconf_interface_info{interface="Bundle-Ether1",phys_address="70:e4:22:5f:89:fc"} 1`,
				`netconf_interface_receive_bytes_total{interface="Bundle-Ether1"} 15591`,
				`netconf_interface_receive_packets_total{interface="Bundle-Ether1"} 125`,
				`netconf_interface_receive_bytes_total{interface="MgmtEth0/RSP0/CPU0/0"} 2130228`,
				`netconf_interface_speed_bytes{interface="Bundle-Ether1"} 1250000000`,
				`netconf_interface_oper_status{interface="Bundle-Ether1"} 1`,
			},
			counts: map[string]int{
				"netconf_interface_info": 34, "netconf_interface_oper_status": 34, "netconf_interface_receive_bytes_total": 33,
				"netconf_interface_speed_bytes": 32,
			},
		},
		"BGP neighbours": {
			module: "xr-bgp", replies: []string{"cisco-iosxr/xr-ipv4-bgp-oper_bgp.xml"},
			want: []string{
				`lab_bgp_neighbor_state{neighbor="172.16.255.3",vrf="default"} 6`,
				`lab_bgp_neighbor_state{neighbor="192.168.0.3",vrf="default"} 1`,
				`lab_bgp_neighbor_state{neighbor="10.0.0.0",vrf="private"} 3`,
				`lab_bgp_neighbor_info{description="r312 peer",neighbor="172.16.255.3",remote_as="65172",vrf="default"} 1`,
				`lab_bgp_neighbor_established_timestamp_seconds{neighbor="172.16.255.3",vrf="default"} 1795254377`,
			},
			counts: map[string]int{"lab_bgp_neighbor_state": 8, "lab_bgp_neighbor_info": 8, "lab_bgp_neighbor_established_timestamp_seconds": 4},
		},
		"empty answer": {module: "xr-bgp", replies: []string{"cisco-iosxr/xr-empty-data_bgp-cfg.xml"}},
		"speeds in words": {
			module: "junos-interfaces", replies: []string{"juniper/junos-get-interface-information_extensive_large.xml"},
			want: []string{
				`netconf_interface_receive_bytes_total{interface="ge-0/0/0"} 271705947`,
				`netconf_interface_transmit_bytes_total{interface="ge-0/0/0"} 1435582779`,
				`netconf_interface_last_change_timestamp_seconds{interface="ge-0/0/0"} 1778069134`,
				`netconf_interface_info{if_index="503",interface="ge-0/0/0.0",parent="ge-0/0/0"} 1`,
			},
			counts: map[string]int{"netconf_interface_info": 94, "netconf_interface_admin_status": 67, "netconf_interface_oper_status": 67,
				"netconf_interface_last_change_timestamp_seconds": 62, "netconf_interface_speed_bytes": 8},
		},
		"release in the namespace": {
			module: "junos-interfaces", replies: []string{"juniper/junos-eznc-factory-get-interface-information.xml"},
			want: []string{
				`netconf_interface_receive_bytes_total{interface="ge-0/0/0"} 103273`,
				`netconf_interface_transmit_bytes_total{interface="ge-0/0/0"} 970186`,
				`netconf_interface_speed_bytes{interface="ge-0/0/0"} 125000000`,
			},
			counts: map[string]int{"netconf_interface_info": 4},
		},
		"rows without a name": {
			module: "junos-interfaces", replies: []string{"juniper/junos-eznc-get-interface-information_personality_m_267k.xml"},
			want: []string{`netconf_interface_oper_status{interface="pfh-0/0/0.16383"} 1`},
		},
		"prefixed envelope": {
			module: "junos-interfaces", replies: []string{"juniper/junos-22.2_rfc-compliant_nc-rpc-reply.xml"},
			want:   []string{`netconf_interface_info{description="TEST_Description",interface="et-0/1/5"} 1`},
			counts: map[string]int{"netconf_interface_info": 1},
		},
		"routing engines": {
			module: "junos-re", replies: []string{"juniper/junos-get-route-engine_mx10003.xml"},
			counts: map[string]int{"lab_cpu_idle_ratio": 2},
		},
		"routing engine in a wrapper": {
			module: "junos-re", replies: []string{"juniper/junos-get-route-engine_srx_multi_node.xml"},
			want:   []string{`lab_cpu_idle_ratio{node="node0"} 0.92`, `lab_uptime_seconds{node="node0"} 3626317`, `lab_start_timestamp_seconds{node="node0"} 1584485864`},
			counts: map[string]int{"lab_cpu_idle_ratio": 1},
		},
		"ports": {
			module: "sros-ports", replies: []string{"nokia-sros/sros-get_interfaces_counters.xml"},
			want: []string{
				`netconf_interface_receive_bytes_total{interface="esat-1/1/1"} 26992652217760`,
				`netconf_interface_transmit_bytes_total{interface="esat-1/1/1"} 277514919156`,
				`netconf_interface_receive_unicast_packets_total{interface="esat-1/1/1"} 17852283270`,
			},
			counts: map[string]int{"netconf_interface_info": 1},
		},
		"milliseconds": {module: "sros-system", replies: []string{"nokia-sros/sros-get_facts.xml"}, want: []string{`lab_uptime_seconds{node="system"} 3802044.41`}},
		"ieeefloat32": {
			module: "openconfig-psu", replies: []string{"arista/arista-openconfig-psu_ieeefloat32_RECONSTRUCTED.xml"},
			want: []string{`lab_output_amperes{component="PowerSupply2"} 3.09375`, `lab_output_watts{component="PowerSupply2"} 1340`, `lab_flag{component="PowerSupply2"} 1`},
		},
		"young sub-interface": {
			module: "openconfig-subinterfaces", replies: []string{"openconfig/xr-openconfig-interface_empty-counters_oc1102.xml"},
			want: []string{
				`netconf_interface_info{description="sub1_3",interface="GigabitEthernet0/0/0/1.3",parent="GigabitEthernet0/0/0/1"} 1`,
				`netconf_interface_oper_status{interface="GigabitEthernet0/0/0/1.3"} 1`,
				`netconf_interface_last_change_timestamp_seconds{interface="GigabitEthernet0/0/0/1.3"} 1712572337.3218691`,
			},
			counts: map[string]int{"netconf_interface_receive_bytes_total": 0},
		},
		"48 ports": {
			module: "openconfig-subinterfaces", replies: []string{"ciena/ciena-saos8-c5162-port-stats.xml"},
			want: []string{
				`netconf_interface_transmit_bytes_total{interface="1"} 3258925768591`,
				`netconf_interface_receive_bytes_total{interface="1"} 461251`,
			},
			counts: map[string]int{"netconf_interface_transmit_bytes_total": 48},
		},
		"ISO-8859-1": {
			module: "nxos", replies: []string{"cisco-nxos-ios-legacy/nxos-n5k-show-interface_xmlagent_nf-prefix_duplicates.xml"},
			want: []string{
				`netconf_interface_receive_bytes_total{interface="Ethernet1/1"} 86203118`,
				`netconf_interface_transmit_bytes_total{interface="Ethernet1/1"} 212425016`,
				`netconf_interface_receive_bytes_total{interface="mgmt0"} 0`,
				`netconf_interface_info{interface="Ethernet1/1",phys_address="00:2a:6a:a3:cf:c8"} 1`,
			},
			counts: map[string]int{"netconf_interface_info": 3, "netconf_interface_receive_bytes_total": 2},
		},
		"invalid UTF-8": {
			module: "huawei", replies: []string{"huawei/huawei-ifm-interfaces_ncclient547.xml"},
			want:   []string{"netconf_interface_info{description=\"ipi-zhb790-r-ms-03:10GE1/0/25:1630076:D\ufffdbendorf/DUB-Zurich/ZHB SULT 2\",interface=\"10GE1/0/2\"} 1"},
			counts: map[string]int{"netconf_interface_info": 4},
		},
		"command output in XML": {module: "nxos", replies: []string{"cisco-nxos-ios-legacy/ios-showInterfaces_cli-in-xml.xml"}},
	} {
		t.Run(name, func(t *testing.T) {
			var replies []string
			for _, file := range tc.replies {
				replies = append(replies, corpus(t, file))
			}
			r := read(t, modules[tc.module], replies...)
			expect(t, r, tc.want...)
			for metric, want := range tc.counts {
				if got := count(r, metric); got != want {
					t.Errorf("%s has %d samples, want %d", metric, got, want)
				}
			}
			for _, reason := range module.SkippedReasons() {
				if r.Skipped[reason] != tc.skipped[reason] {
					t.Errorf("%d values skipped as %s, want %d", r.Skipped[reason], reason, tc.skipped[reason])
				}
			}
			if tc.want == nil && tc.counts == nil && r.Samples != 0 {
				t.Errorf("%d samples from nothing:\n%s", r.Samples, strings.Join(lines(r), "\n"))
			}
		})
	}
}
