package dashboards

import "fmt"

// part is a row of the device's dashboard that is there for devices that have such data: a hidden variable has their names.
type part struct {
	name, title, series string
	panels              []panel
}

func device(about map[string]string) dashboard {
	d := dashboard{
		uid: "netconf-device", title: "NETCONF / Device", about: "Devices: interfaces, system, hardware, optics, routing, and how they are read.",
		variables: []variable{sourceVariable, jobVariable,
			{name: "target", label: "Device", query: `label_values(netconf_up{job=~"$job"}, target)`, multi: true},
			{name: "interface", label: "Interface", query: `label_values(netconf_interface_oper_status{job=~"$job", target=~"$target"}, interface)`, multi: true, all: true, allValue: ".+"},
			alertmanager,
		},
		annotations: []annotation{fires, reboots, reloads},
		rows: []row{
			{title: "$target", repeat: "target", panels: deviceNow(about)},
			{title: "Interfaces of $target", repeat: "target", panels: deviceInterfaces()},
		},
	}
	for _, p := range []part{
		{"system", "Processors and memory of", `{__name__=~"netconf_(cpu_utilization_ratio|memory_used_bytes|memory_utilization_ratio|filesystem_used_bytes)"`, systemPanels()},
		{"hardware", "Hardware of", `{__name__=~"netconf_hardware_(oper_status|info|temperature_celsius)"`, hardwarePanels()},
		{"optics", "Optics of", `{__name__=~"netconf_optics_.+"`, opticsPanels()},
		{"channels", "Optical channels of", `{__name__=~"netconf_optical_channel_.+"`, channelPanels()},
		{"bgp", "BGP of", `netconf_bgp_neighbor_state{`, bgpPanels()},
		{"routing", "OSPF and IS-IS of", `{__name__=~"netconf_(ospf_neighbor|isis_adjacency)_state"`, routingPanels()},
		{"redundancy", "Aggregates, BFD and virtual routers of", `{__name__=~"netconf_(lag_member_state|lag_active_members|bfd_session_state|fhrp_group_state)"`, redundancyPanels()},
		{"queues", "Queues of", `{__name__=~"netconf_queue_.+"`, queuePanels()},
		{"poe", "Power over Ethernet of", `netconf_poe_interface_state{`, poePanels()},
		{"neighbors", "Neighbours of", `netconf_lldp_neighbor_info{`, []panel{lldpTable(24, `netconf_lldp_neighbor_info{!, interface=~"$interface"}`)}},
		{"alarms", "Alarms raised by", `netconf_alarms{`, alarmPanels()},
		{"server", "NETCONF server of", `netconf_server_rpcs_total{`, serverPanels()},
	} {
		series := p.series + `, `
		if series[len(series)-3] == '{' {
			series = p.series
		}
		d.variables = append(d.variables, variable{name: p.name, query: `label_values(` + series + `job=~"$job", target=~"$target"}, target)`, multi: true, all: true, hidden: true})
		d.rows = append(d.rows, row{title: fmt.Sprintf("%s $%s", p.title, p.name), repeat: p.name, closed: true, panels: p.panels})
	}
	d.rows = append(d.rows, row{title: "How $target is read", repeat: "target", closed: true, panels: readingPanels()})
	return d
}

// unlessDown ends a curve where the device does not answer: its last value is not one of now.
const unlessDown = ` or on () NaN * (max(netconf_up{!}) == 0)`

func deviceNow(about map[string]string) []panel {
	return []panel{
		stat("State", "Whether the device answers.", 3, `max(netconf_up{!})`, "none", states(answers)),
		stat("Failure", "Why it gives no data, or not all of it: docs/runbooks.md says what to do about each reason.", 3, `max by (reason) (netconf_scrape_failure{!}) == 1 or on () label_replace(0 * max(netconf_up{!}), "reason", "none", "", "")`, "none",
			named("name", "{{reason}}"), colored("green", 1, "red")),
		stat("Booted", "By the device's own word.", 3, `max(netconf_system_boot_timestamp_seconds{!}) * 1000`, "dateTimeFromNow"),
		stat("Ports up", "Interfaces that are up.", 3, `count(max by (interface) (netconf_interface_oper_status{!}) == 1)`, "none", colored("green")),
		stat("Ports down", "Interfaces that should be up and are not: described, or up within the last day.", 3,
			`count(target_interface:netconf_interface_down:bool{!}) or 0 * max(netconf_up{!} == 1)`, "none", colored("green", 1, "orange")),
		stat("Processor", "The busiest one.", 3, `max(netconf_cpu_utilization_ratio{!})`+unlessDown, "percentunit", trend, decimals(0), colored("green", 0.8, "orange", 0.9, "red")),
		stat("Memory", "The fullest one.", 3, `max(target_memory:netconf_memory_utilization:ratio{!})`+unlessDown, "percentunit", trend, decimals(0), colored("green", 0.8, "orange", 0.9, "red")),
		stat("Clock", "How far the device's clock is surely off.", 3, `max(target:netconf_system_clock_skew_seconds:min{!})`, "s", decimals(0), colored("red", -60, "green", 60, "red")),
		table("Device", "What the device says that it is, its chassis, and what the configuration says of it.", 24, 4, "target", []string{
			`max by (target, address, transport, site) (netconf_target_info{!})`,
			`max by (target, host_name, os_name, os_release, os_version, machine) (netconf_system_info{!})`,
			`max by (target, model_name, serial_number) (` + chassis + `)`,
			`max by (target) (netconf_session_start_timestamp_seconds{!}) * 1000`,
		}, []column{col("target", "Device", 0), col("address", "Address", 150), col("transport", "Over", 80), col("site", "Site", 80), col("host_name", "Host name", 120), col("os_name", "System", 100), col("os_release", "Release", 110),
			col("os_version", "Version", 150), col("machine", "Model", 110), col("model_name", "Chassis", 120), col("serial_number", "Serial number", 120), col("Value #D", "Session since", 130, unit("dateTimeFromNow"))}),
		alerts(about, `(1000 * ALERTS_FOR_STATE{alertname=~"Netconf.+", job=~"$job", target=~"$target"} and ignoring (alertstate) ALERTS{alertstate="firing"})`, 9),
	}
}

// most keeps the curves that had most over the time that is shown, of those with the same labels: ranking is that most. Without, the
// ten of each moment would be shown, which are many more over time.
func most(count int, labels, expr, ranking string) string {
	return fmt.Sprintf(`%s and on (%s) topk(%d, max by (%[2]s) (%[4]s))`, expr, labels, count, ranking)
}

// overRange are the samples of a series over the time that is shown.
func overRange(series string) string { return series + `[$__range] @ end()` }

func deviceInterfaces() []panel {
	const one = `{!, interface=~"$interface"}`
	const traffic = `target_interface:netconf_interface_bytes:rate5m{!, interface=~"$interface"}`
	rate := func(counter string) string {
		return `max by (interface) (rate(netconf_interface_` + counter + `_total` + one + `[$__rate_interval]))`
	}
	busy := `sum by (interface) (avg_over_time(` + overRange(traffic) + `))`
	worst := func(counter string) string {
		return most(10, "interface", rate(counter), `increase(`+overRange(`netconf_interface_`+counter+`_total`+one)+`) > 0`)
	}
	inUse := `max by (interface) ((rate(netconf_interface_%[1]s_bytes_total` + one + `[$__rate_interval])) / (netconf_interface_speed_bytes` + one + ` > 0))`
	return []panel{
		table("Interfaces", "A name leads to the interface's dashboard. Rates are those of the graphs below; 95 % is the 95th percentile of the busier direction over the time that is shown.", 24, 14, "interface", []string{
			// One that is shut down is nothing else.
			`10 * max by (interface) (netconf_interface_admin_status` + one + ` == 2) or max by (interface) (netconf_interface_oper_status` + one + `)`,
			`max by (interface, description) (netconf_interface_info` + one + `)`,
			`8 * max by (interface) (netconf_interface_speed_bytes` + one + `)`,
			`8 * ` + rate("receive_bytes"), `8 * ` + rate("transmit_bytes"),
			fmt.Sprintf(inUse, "receive") + ` > ` + fmt.Sprintf(inUse, "transmit") + ` or ` + fmt.Sprintf(inUse, "transmit") + ` or ` + fmt.Sprintf(inUse, "receive"),
			`8 * max by (interface) (quantile_over_time(0.95, ` + traffic + `[$__range]))`,
			rate("receive_errors") + ` + ` + rate("transmit_errors"),
			rate("receive_discards") + ` + ` + rate("transmit_discards"),
			`max by (interface) (netconf_interface_last_change_timestamp_seconds` + one + `) * 1000`,
		}, []column{
			col("interface", "Interface", 135, toInterfaceOf("target")), col("description", "Description", 0), col("Value #A", "State", 85, words(portStates), cell("color-text")),
			col("Value #C", "Speed", 80, unit("bps")), col("Value #D", "Receive", 85, unit("bps")), col("Value #E", "Transmit", 85, unit("bps")), col("Trend #K", "Trend", 80, curve("bps")...),
			col("Value #F", "In use", 105, bar()...), col("Value #G", "95 %", 85, unit("bps")),
			col("Value #H", "Errors /s", 80, append(warned("text", 0.02, "orange"), digits(2))...), col("Value #I", "Discards /s", 90, append(warned("text", 0.02, "orange"), digits(2))...),
			col("Value #J", "Last change", 145, unit("dateTimeFromNow")),
		}, sparkline(`8 * sum by (interface) (`+traffic+`)`), sorted("In use", true)),
		graph("Traffic", "The ten busiest interfaces over the time that is shown: received above zero, sent below it.", 24, "bps", curves(
			most(10, "interface", `8 * `+rate("receive_bytes"), busy), "{{interface}} receive",
			most(10, "interface", `8 * `+rate("transmit_bytes"), busy), "{{interface}} transmit"), mirrored, height(10)),
		graph("Errors", "Packets a second that are damaged: the ten interfaces with most.", 12, "count:/s", curves(
			worst("receive_errors"), "{{interface}} receive", worst("transmit_errors"), "{{interface}} transmit"), least(0), softMax(1), noValue("No errors")),
		graph("Discards", "Good packets a second that are thrown away: the ten interfaces with most.", 12, "count:/s", curves(
			worst("receive_discards"), "{{interface}} receive", worst("transmit_discards"), "{{interface}} transmit"), least(0), softMax(1), noValue("No discards")),
		timeline("Changes of state", "Interfaces that changed their state in the time that is shown.", 24, curves(
			`max by (interface) (netconf_interface_oper_status`+one+`) and on (interface) max by (interface) (changes(netconf_interface_oper_status`+one+`[$__range] @ end())) > 0`, "{{interface}}"), operStates, noValue("None changed"), height(6)),
	}
}
