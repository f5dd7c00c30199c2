//go:build linux

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// generatedNames maps the metrics of the built-in module ietf-interfaces to those of the generated module.
var generatedNames = map[string]string{
	"netconf_interface_info":                             "ietf_interfaces_interface_info",
	"netconf_interface_admin_status":                     "ietf_interfaces_interface_admin_status",
	"netconf_interface_oper_status":                      "ietf_interfaces_interface_oper_status",
	"netconf_interface_last_change_timestamp_seconds":    "ietf_interfaces_interface_last_change_timestamp_seconds",
	"netconf_interface_speed_bytes":                      "ietf_interfaces_interface_speed_bytes_per_second",
	"netconf_interface_receive_bytes_total":              "ietf_interfaces_interface_in_bytes_total",
	"netconf_interface_transmit_bytes_total":             "ietf_interfaces_interface_out_bytes_total",
	"netconf_interface_receive_unicast_packets_total":    "ietf_interfaces_interface_in_unicast_pkts_total",
	"netconf_interface_transmit_unicast_packets_total":   "ietf_interfaces_interface_out_unicast_pkts_total",
	"netconf_interface_receive_broadcast_packets_total":  "ietf_interfaces_interface_in_broadcast_pkts_total",
	"netconf_interface_transmit_broadcast_packets_total": "ietf_interfaces_interface_out_broadcast_pkts_total",
	"netconf_interface_receive_multicast_packets_total":  "ietf_interfaces_interface_in_multicast_pkts_total",
	"netconf_interface_transmit_multicast_packets_total": "ietf_interfaces_interface_out_multicast_pkts_total",
	"netconf_interface_receive_errors_total":             "ietf_interfaces_interface_in_errors_total",
	"netconf_interface_transmit_errors_total":            "ietf_interfaces_interface_out_errors_total",
	"netconf_interface_receive_discards_total":           "ietf_interfaces_interface_in_discards_total",
	"netconf_interface_transmit_discards_total":          "ietf_interfaces_interface_out_discards_total",
	"netconf_interface_receive_unknown_protocols_total":  "ietf_interfaces_interface_in_unknown_protos_total",
	"netconf_interface_discontinuity_timestamp_seconds":  "ietf_interfaces_interface_discontinuity_timestamp_seconds",
}

// generatedLabels maps the labels of netconf_interface_info.
var generatedLabels = map[string]string{"interface": "interface", "if_type": "interface_type", "phys_address": "phys_address", "if_index": "if_index"}

// TestAGeneratedModuleGivesWhatTheBuiltInOneGives generates a module for a YANG module that a built-in one reads, from Debian's YANG
// files and from the device's get-schema, and compares the samples of both modules.
func TestAGeneratedModuleGivesWhatTheBuiltInOneGives(t *testing.T) {
	d := startDevice(t)
	configuration := writeConfig(t, d.config())
	for name, from := range map[string][]string{
		"files":  {"--yang-dir=/usr/share/yuma/modules"},
		"device": {"--target=targethost", "--config.file=" + configuration},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "files" {
				if _, err := os.Stat("/usr/share/yuma/modules"); err != nil {
					missing(t, "libyuma-base is not installed; internal/e2e/install.sh installs netconfd, which brings it")
				}
			}
			generated := filepath.Join(t.TempDir(), "generated.yml")
			arguments := append([]string{"generate", "/ietf-interfaces:interfaces-state", "--name=generated", "--output=" + generated}, from...)
			if _, stderr, status := run(t, arguments...); status != 0 {
				t.Fatalf("generate ends with %d: %s", status, stderr)
			}
			probe := func(module string) samples {
				stdout, stderr, status := run(t, "probe", "targethost", "--module="+module, "--config.file="+configuration, "--config.file="+generated)
				if status != 0 {
					t.Fatalf("probe ends with %d: %s", status, stderr)
				}
				return parse(t, strings.NewReader(stdout))
			}
			before, got, after := probe("ietf-interfaces"), probe("generated"), probe("ietf-interfaces")
			compareModules(t, before, got, after)
		})
	}
}

// compareModules compares the samples of the generated module with those of the built-in one, read before and after it:
// counters may change meanwhile, other values may not.
func compareModules(t *testing.T, before, got, after samples) {
	t.Helper()
	compared := 0
	for _, name := range slices.Sorted(maps.Keys(before.families)) {
		if !strings.HasPrefix(name, "netconf_interface_") {
			continue
		}
		other, ok := generatedNames[name]
		if !ok {
			t.Errorf("%s has no counterpart in the test", name)
			continue
		}
		series := before.families[name].GetMetric()
		if n := len(got.families[other].GetMetric()); n != len(series) {
			t.Errorf("%s has %d series, %s %d", name, len(series), other, n)
			continue
		}
		for _, m := range series {
			of := "interface=" + label(m, "interface")
			least, is, most := value(m), got.value(other, of), after.value(name, of)
			if is < least || is > most {
				t.Errorf("%s{%s} is %v, that of the built-in module %v and then %v", other, of, is, least, most)
			}
			if strings.HasSuffix(name, "_info") {
				compareLabels(t, m, got.families[other].GetMetric())
			}
			compared++
		}
	}
	for name := range got.families {
		if strings.HasPrefix(name, "ietf_interfaces_") && !slices.ContainsFunc(slices.Sorted(maps.Keys(before.families)), func(own string) bool { return generatedNames[own] == name }) {
			t.Errorf("the built-in module has nothing like %s", name)
		}
	}
	for _, reason := range []string{"implausible", "invalid"} {
		want, is := sum(before.values("netconf_module_skipped_values", "reason="+reason)), sum(got.values("netconf_module_skipped_values", "reason="+reason))
		if is != want {
			t.Errorf("the generated module skips %v values as %s, the built-in one %v", is, reason, want)
		}
	}
	if compared == 0 {
		t.Error("the built-in module gives nothing to compare with")
	}
}

func compareLabels(t *testing.T, want *dto.Metric, among []*dto.Metric) {
	t.Helper()
	if !slices.ContainsFunc(among, func(m *dto.Metric) bool {
		for name, other := range generatedLabels {
			if label(want, name) != label(m, other) {
				return false
			}
		}
		return true
	}) {
		t.Errorf("no info metric of the generated module has the labels of %v", want)
	}
}
