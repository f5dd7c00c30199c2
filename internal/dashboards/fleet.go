package dashboards

import "fmt"

// chosen keeps what belongs to devices that are chosen at the top: by site, by any other of their labels, and by vendor. The target's own
// metric has no vendor: with all of them chosen it stands for devices that do not tell theirs.
func chosen(expr string) string {
	return expr + ` and on (job, target) netconf_target_info{!, site=~"$site", ${label:raw}=~"$value"} and on (job, target) (` +
		`{__name__=~"netconf_(system|target)_info", job=~"$job", os_name=~"$vendor"} or {__name__=~"netconf_(hardware|target)_info", job=~"$job", class=~"chassis|", manufacturer=~"$vendor"})`
}

// vendors are what devices call their system, or the maker of their chassis.
const vendors = `query_result(group by (vendor) (label_replace(netconf_system_info{job=~"$job", os_name!=""}, "vendor", "$1", "os_name", "(.+)") or label_replace(netconf_hardware_info{job=~"$job", class="chassis", manufacturer!=""}, "vendor", "$1", "manufacturer", "(.+)")))`

func fleet(about map[string]string) dashboard {
	return dashboard{
		uid: "netconf-fleet", title: "NETCONF / Fleet", about: "All devices: what is down, what is busy, what alerts, and where to look next.",
		variables: []variable{sourceVariable, jobVariable,
			{name: "site", label: "Site", query: `label_values(netconf_target_info{job=~"$job"}, site)`, multi: true, all: true, allValue: ".*"},
			{name: "vendor", label: "Vendor", query: vendors, regex: `/vendor="([^"]+)"/`, multi: true, all: true, allValue: ".*"},
			{name: "label", label: "Label", query: `label_names(netconf_target_info)`, preset: "target"},
			{name: "value", label: "is", query: `label_values(netconf_target_info{job=~"$job", site=~"$site"}, ${label:raw})`, multi: true, all: true, allValue: ".*"},
			alertmanager,
		},
		annotations: []annotation{
			{name: "Devices go down", expr: selected(`sum by (target) (max by (target) (netconf_up{!}) == bool 0) > 0`, ""), title: "{{target}} does not answer", color: "red"},
			reloads,
		},
		rows: []row{
			{title: "Now", panels: fleetNow()},
			{title: "What to look at", panels: fleetTrouble(about)},
			{title: "Devices", panels: []panel{fleetDevices()}},
			{title: "Over time", panels: fleetHistory()},
		},
	}
}

// everywhere makes a panel of the whole fleet.
func everywhere(p *panel) { p.targets = "" }

func fleetNow() []panel {
	number := func(title, about, expr string, options ...option) panel {
		return stat(title, about, 4, expr, "none", append(options, everywhere)...)
	}
	return []panel{
		number("Devices up", "Devices that answer.", `count(`+chosen(`max by (job, target) (netconf_up{!}) == 1`)+`) or vector(0)`, colored("green")),
		number("Devices down", "Devices that do not answer, for whatever reason.", `count(`+chosen(`max by (job, target) (netconf_up{!}) == 0`)+`) or vector(0)`, colored("green", 1, "red")),
		number("Interfaces down", "Interfaces that should be up and are not: described, or up within the last day.",
			`count(`+chosen(`target_interface:netconf_interface_down:bool{!}`)+`) or vector(0)`, colored("green", 1, "orange")),
		number("Alerts", "Alerts that fire.", `count(`+firing("job, target")+`) or vector(0)`, colored("green", 1, "orange")),
		stat("Traffic", "What all devices receive on their physical ports.", 4, `8 * sum(`+chosen(`target:netconf_interface_bytes:rate5m{!, direction="receive"}`)+`)`, "bps", trend, everywhere, colored("blue")),
		stat("Lost packets", "Packets a second that are lost to errors and thrown away, on all interfaces.", 4, `sum(`+chosen(lossRates)+`) or vector(0)`, "count:/s", trend, everywhere, colored("blue")),
	}
}

const lossRates = `{__name__=~"target_interface:netconf_interface_(errors|discards):rate5m", job=~"$job"}`

func fleetTrouble(about map[string]string) []panel {
	where := []column{col("target", "Device", 110, toDevice()), col("interface", "Interface", 0, toInterface()), col("description", "Description", 0), col("direction", "Direction", 80)}
	with := func(more ...column) []column { return append(append([]column{}, where...), more...) }
	described := ` * on (job, target, interface) group_left (description) (max by (job, target, interface, description) (netconf_interface_info{!}))`
	top := func(title, about, expr, empty string, value column) panel {
		return table(title, about, 12, 9, "", []string{`topk(20, ` + chosen(expr+described) + `)`}, with(value), everywhere, sorted(value.title, true), noValue(empty))
	}
	return []panel{
		alerts(about, firing("job, target"), 11, everywhere),
		table("Devices that give no data", "Why, by the exporter's own words, and for how long: docs/runbooks.md says what to do about each reason (NetconfTargetDown).", 12, 9, "",
			[]string{`max by (target, reason) (` + chosen(`(netconf_scrape_failure{!} == 1 and on (job, target) netconf_up == 0)`) + `)`,
				`max by (target) (netconf_login_retry_timestamp_seconds{!} and on (job, target) netconf_up == 0) * 1000`,
				`max by (target) (netconf_module_last_read_timestamp_seconds{!} and on (job, target) netconf_up == 0) * 1000`},
			[]column{col("target", "Device", 0, toDevice()), col("reason", "Reason", 110), col("Value #C", "Last data", 145, unit("dateTimeFromNow")), col("Value #B", "Next login", 145, unit("dateTimeFromNow"))}, everywhere, noValue("-")),
		top("Busiest interfaces", "By the share of their speed that is in use, over five minutes.",
			`target_interface:netconf_interface_bytes:rate5m{!} / on (job, target, interface) group_left () max by (job, target, interface) (netconf_interface_speed_bytes{!})`, "-",
			col("Value", "In use", 140, bar()...)),
		top("Most errors", "Packets a second that are damaged.", `target_interface:netconf_interface_errors:rate5m{!}`, "-", col("Value", "Per second", 100, unit("none"), digits(2))),
		top("Most discards", "Good packets a second that are thrown away.", `target_interface:netconf_interface_discards:rate5m{!}`, "-", col("Value", "Per second", 100, unit("none"), digits(2))),
	}
}

func fleetDevices() panel {
	return table("Devices", "All devices that are chosen. A name leads to the device's dashboard.", 24, 14, "target", []string{
		`max by (target) (` + chosen(`netconf_up{!}`) + `)`,
		`max by (target, site) (netconf_target_info{!})`,
		`max by (target, system) (label_replace(label_join(netconf_system_info{!}, "system", " ", "os_name", "os_release", "os_version"), "system", "$1", "system", "\\s*(.*?)\\s*"))`,
		`count by (target) (target_interface:netconf_interface_down:bool{!})`,
		`count by (target) (ALERTS{alertname=~"Netconf.+", alertstate="firing", job=~"$job"})`,
		`8 * max by (target) (target:netconf_interface_bytes:rate5m{!, direction="receive"})`,
		`8 * max by (target) (target:netconf_interface_bytes:rate5m{!, direction="transmit"})`,
		`max by (target) (` + readDuration + `)`,
		`time() - max by (target) (netconf_module_last_read_timestamp_seconds{!})`,
		`max by (target, model) (label_replace(netconf_system_info{!, machine!=""}, "model", "$1", "machine", "(.+)"))
or on (target) max by (target, model) (label_replace(` + chassis + `, "model", "$1", "model_name", "(.+)"))`,
	}, []column{
		col("target", "Device", 0, toDevice()), col("Value #A", "State", 70, words(answers), cell("color-text")), col("site", "Site", 80),
		col("system", "System", 0), col("model", "Model", 0),
		col("Value #D", "Ports down", 100, warned("text", 1, "orange")...), col("Value #E", "Alerts", 70, warned("text", 1, "orange")...),
		col("Value #F", "Receive", 100, unit("bps")), col("Value #G", "Transmit", 100, unit("bps")), col("Trend #K", "Receive over time", 160, curve("bps")...),
		col("Value #H", "Read takes", 95, unit("s"), digits(2)), col("Value #I", "Age", 80, unit("s"), digits(0)),
	}, sparkline(fmt.Sprintf(`8 * max by (target) (%s)`, chosen(`target:netconf_interface_bytes:rate5m{!, direction="receive"}`))), sorted("State", false), everywhere)
}

func fleetHistory() []panel {
	return []panel{
		graph("Devices that give no data", "By reason.", 8, "none", curves(`count by (reason) (max by (target, reason) (`+chosen(`(netconf_scrape_failure{!} == 1 and on (job, target) netconf_up == 0)`)+`))`, "{{reason}}"),
			everywhere, least(0), softMax(1), decimals(0), noValue("All devices answer")),
		graph("Traffic", "Of all devices' physical ports.", 8, "bps", curves(
			`8 * sum(`+chosen(`target:netconf_interface_bytes:rate5m{!, direction="receive"}`)+`)`, "receive",
			`8 * sum(`+chosen(`target:netconf_interface_bytes:rate5m{!, direction="transmit"}`)+`)`, "transmit"), everywhere, filled(10), mirrored),
		graph("Lost packets", "Packets a second, on all interfaces.", 8, "count:/s", curves(
			`sum(`+chosen(`target_interface:netconf_interface_errors:rate5m{!}`)+`) or vector(0)`, "errors",
			`sum(`+chosen(`target_interface:netconf_interface_discards:rate5m{!}`)+`) or vector(0)`, "discards"), everywhere, least(0), softMax(1)),
	}
}
