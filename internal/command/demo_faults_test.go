package command_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/network"
)

// Each kind of fault changes what the exporter serves, as a person who sets it expects.
func TestFaultsShowInTheMetrics(t *testing.T) {
	expected := map[string]string{ // by fault: a line that is there while it is set, and not before and after
		"core-1:psu":                      `netconf_power_supply_output_power_watts{component="PSU 1",target="core-1"} 0`,
		"access-1:psu":                    `netconf_hardware_oper_status{component="PSU 1 output power",target="access-1"} 2`,
		"access-2:fan":                    `netconf_hardware_oper_status{component="Fan 1 speed",target="access-2"} 2`,
		"core-1:fan:Fan 3":                `netconf_hardware_fan_speed_rpm{component="Fan 3",target="core-1"} 0`,
		"core-1:hot:Line Card 0":          `netconf_hardware_temperature_celsius{component="Line Card 0",target="core-1"} (9\d|1\d\d)\b`,
		"core-2:light:xe-0/1/1":           `netconf_optics_receive_power_dbm{interface="xe-0/1/1",lane="0",target="core-2"} -(19|20)`,
		"access-3:laser:et-0/1/0":         `netconf_optics_laser_bias_amperes{interface="et-0/1/0",lane="0",target="access-3"} 0.09`,
		"core-2:errors:xe-0/1/0":          `netconf_interface_receive_crc_errors_total{interface="xe-0/1/0",target="core-2"} [1-9]`,
		"core-1:saturation:xe-0/1/1":      `netconf_interface_transmit_discards_total{interface="xe-0/1/1",target="core-1"} [1-9]`,
		"access-1:down:xe-0/1/1":          `netconf_interface_oper_status{interface="xe-0/1/1",target="core-1"} 2`,
		"core-2:down:et-0/0/1":            `netconf_lag_member_state{interface="et-0/0/1",lag="ae0",target="core-1"} 2`,
		"core-2:down:xe-0/1/2":            `netconf_bfd_session_state{interface="xe-0/1/2",neighbor="10.0.1.3",target="core-2",vrf=""} 1`,
		"cpe-1:flap:eth2":                 `netconf_interface_oper_status{interface="eth2",target="cpe-1"} 2`,
		"core-2:bgp:198.51.100.1":         `netconf_bgp_neighbor_state{neighbor="198.51.100.1",target="core-2",vrf="default"} 3`,
		"core-2:bgpflap:10.255.1.3":       `netconf_bgp_neighbor_flaps_total{neighbor="10.255.1.3",target="core-2",vrf="default"} [1-9]`,
		"core-1:isis":                     `netconf_isis_adjacency_state{interface="ae0",level="2",neighbor="core-1",target="core-2",vrf="default"} 1`,
		"core-1:bfd":                      `netconf_bfd_session_state{interface="ae0",neighbor="10.0.0.1",target="core-1",vrf=""} 1`,
		"core-1:prefixes:192.0.2.1":       `netconf_bgp_neighbor_received_prefixes{family="ipv4-unicast",neighbor="192.0.2.1",target="core-1",vrf="default"} 18964`,
		"access-3:cpu":                    `netconf_cpu_utilization_ratio{cpu="0",target="access-3"} 0.9[5-9]`,
		"core-2:memory":                   `netconf_memory_utilization_ratio{memory="re0",target="core-2"} 0.9[67]`,
		"access-2:values":                 `netconf_module_skipped_values{module="ietf-interfaces-nmda",reason="implausible",target="access-2"} [1-9]`,
		"access-1:model:ietf-hardware":    `netconf_module_success{module="ietf-hardware",target="access-1"} 0`,
		"core-1:empty:openconfig-routing": `netconf_module_samples{module="openconfig-bgp",target="core-1"} 0`,
		"access-1:reboot":                 `netconf_up{target="access-1"} 0`,
		"core-2:silent":                   `netconf_up{target="core-2"} 0`,
		"access-2:login":                  `netconf_scrape_failure{reason="auth",target="access-2"} 1`,
		"access-3:hostkey":                `netconf_scrape_failure{reason="host_key",target="access-3"} 1`,
		"core-1:light":                    `netconf_alarm_info{alarm="Receive power below its limit: et-0/0/30",`,
		"core-2:light":                    `netconf_alarms{severity="minor",target="core-2"} 2`,
	}
	apart := map[string]bool{"clock": true, "slow": true, "ospf": true} // looked at below
	for _, kind := range network.FaultKinds() {
		covered := apart[kind.Name]
		for fault := range expected {
			covered = covered || strings.Split(fault, ":")[1] == kind.Name
		}
		if !covered {
			t.Errorf("nothing is expected of the fault %s", kind.Name)
		}
	}
	shared := startDemo(t)
	for fault, line := range expected {
		target, rest, _ := strings.Cut(fault, ":")
		kind, _, _ := strings.Cut(rest, ":")
		t.Run(fault, func(t *testing.T) {
			d := shared
			if slices.Contains([]string{"reboot", "silent", "login", "hostkey"}, kind) { // the device is away for a while
				t.Parallel()
				d = startDemo(t)
			}
			shown := func(metrics string) bool { return regexp.MustCompile(`(?m)^` + line).MatchString(metrics) }
			d.until(t, "all is well", func(metrics string) bool {
				return !shown(metrics) && strings.Contains(metrics, `netconf_up{target="`+target+`"} 1`)
			})
			d.set(t, http.MethodPut, fault)
			d.until(t, "the fault shows", shown)
			d.set(t, http.MethodDelete, fault)
			counts := strings.Contains(line, "_total{") // a counter stays where it is
			waits := strings.Contains(fault, ":login")  // the next login is due later
			if !counts && !waits {
				d.until(t, "the fault is gone", func(metrics string) bool { return !shown(metrics) })
			}
		})
	}
	t.Run("core-1:ospf", func(t *testing.T) { // a neighbour that is lost is not in the list any more
		neighbor := `netconf_ospf_neighbor_state{area="0.0.0.0",interface="ae0",neighbor="10.255.0.2",target="core-1",version="2",vrf="default"} 8`
		shown := func(metrics string) bool { return strings.Contains(metrics, neighbor) }
		shared.until(t, "there is a neighbour", shown)
		shared.set(t, http.MethodPut, "core-1:ospf")
		shared.until(t, "the neighbour is lost", func(metrics string) bool { return !shown(metrics) })
		shared.set(t, http.MethodDelete, "core-1:ospf")
		shared.until(t, "the neighbour is back", shown)
	})
	t.Run("slow and clock", func(t *testing.T) {
		t.Parallel()
		d := startDemo(t)
		d.until(t, "all is well", func(metrics string) bool { return strings.Contains(metrics, `netconf_up{target="cpe-1"} 1`) })
		d.set(t, http.MethodPut, "cpe-1:slow")
		d.set(t, http.MethodPut, "core-1:clock")
		duration := regexp.MustCompile(`(?m)^netconf_read_duration_seconds{target="cpe-1"} ([4-9]|[1-9]\d)`)
		d.until(t, "the device is slow", duration.MatchString)
		metrics := d.metrics(t)
		clock := regexp.MustCompile(`(?m)^netconf_system_clock_timestamp_seconds{target="core-1"} (\S+)`).FindStringSubmatch(metrics)
		booted := regexp.MustCompile(`(?m)^netconf_system_clock_timestamp_seconds{target="access-1"} (\S+)`).FindStringSubmatch(metrics)
		if clock == nil || booted == nil || clock[1] == booted[1] {
			t.Errorf("the clocks are %v and %v", clock, booted)
		}
	})
}

// demo is a running demo.
type demo struct{ exporter, faults string }

func startDemo(t *testing.T) demo {
	t.Helper()
	r, _ := start(t, &command.Demo{ListenAddress: "127.0.0.1:0", FaultsAddress: "127.0.0.1:0"})
	exporter := strings.TrimSuffix(r.stdout.after(t, "Open "), "/")
	return demo{exporter, strings.TrimSuffix(r.stdout.after(t, "curl -X PUT "), "/faults/core-1:psu")}
}

// metrics is what a scraper gets that waits five seconds at most.
func (d demo) metrics(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.exporter+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "5")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	metrics, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics gives %d, %v", response.StatusCode, err)
	}
	return string(metrics)
}

func (d demo) set(t *testing.T, method, fault string) {
	t.Helper()
	if status, body := fetch(t, method, d.faults+"/faults/"+url.PathEscape(fault)); status != http.StatusNoContent {
		t.Fatalf("%s %s gives %d: %s", method, fault, status, body)
	}
}

func (d demo) until(t *testing.T, what string, holds func(metrics string) bool) {
	t.Helper()
	var metrics string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if metrics = d.metrics(t); holds(metrics) {
			return
		}
	}
	t.Errorf("never: %s", what)
}
