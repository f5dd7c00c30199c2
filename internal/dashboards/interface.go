package dashboards

// interfaces is the dashboard of single interfaces, of one device or several.
func interfaces() dashboard {
	return dashboard{
		uid: "netconf-interface", title: "NETCONF / Interface", about: "Interfaces in full: one, or several beside each other.",
		variables: []variable{sourceVariable, jobVariable,
			{name: "target", label: "Device", query: `label_values(netconf_up{job=~"$job"}, target)`, multi: true},
			{name: "interface", label: "Interface", query: `label_values(netconf_interface_oper_status{job=~"$job", target=~"$target"}, interface)`, multi: true},
			having("frames", "interface_(receive_crc_errors|fec_corrected_blocks)_total"), having("optics", "optics_.+"), having("queues", "queue_.+"), having("neighbors", "lldp_neighbor_info"),
		},
		annotations: []annotation{fires, reboots},
		rows: []row{
			{title: "Now", panels: interfaceNow()},
			{title: "Traffic", panels: interfaceTraffic()},
			{title: "Trouble", panels: interfaceTrouble()},
			{title: "Bad frames and error correction on $frames", repeat: "frames", panels: interfaceFrames()},
			{title: "Optics on $optics", repeat: "optics", panels: interfaceOptics()},
			{title: "Queues on $queues", repeat: "queues", panels: interfaceQueues()},
			{title: "Neighbours of $neighbors", repeat: "neighbors", panels: []panel{lldpTable(24, `netconf_lldp_neighbor_info`+one).with([]option{height(5)})}},
		},
	}
}

// having is a hidden variable: the devices that tell something of the interfaces that are chosen, for which a row is there.
func having(name, metric string) variable {
	return variable{name: name, query: `label_values({__name__=~"netconf_` + metric + `", job=~"$job", target=~"$target", interface=~"$interface"}, target)`, multi: true, all: true, hidden: true}
}

const (
	one    = `{!, interface=~"$interface"}`
	each   = "{{target}} {{interface}}"
	inputs = `max by (target, interface) `
)

// few keeps a graph of what there is little of flat while there is none.
var few = []option{least(0), softMax(1)}

// perSecond is the rate of a counter of the interfaces.
func perSecond(counter string) string {
	return inputs + `(rate(netconf_interface_` + counter + `_total` + one + `[$__rate_interval]))`
}

func interfaceNow() []panel {
	p95 := func(direction string) string {
		return `8 * ` + inputs + `(quantile_over_time(0.95, target_interface:netconf_interface_bytes:rate5m{!, interface=~"$interface", direction="` + direction + `"}[$__range]))`
	}
	auto := named("auto", each)
	return []panel{
		stat("State", "What the interface is.", 3, inputs+`(netconf_interface_oper_status`+one+`)`, "none", states(operStates), auto),
		stat("Configured", "What it should be.", 3, inputs+`(netconf_interface_admin_status`+one+`)`, "none", states(adminStates), auto),
		stat("Last change", "Of the state.", 3, inputs+`(netconf_interface_last_change_timestamp_seconds`+one+`) * 1000`, "dateTimeFromNow", auto),
		stat("Speed", "As the device reports it.", 3, `8 * `+inputs+`(netconf_interface_speed_bytes`+one+`)`, "bps", auto),
		stat("Receive", "Now, and before.", 3, `8 * `+perSecond("receive_bytes"), "bps", trend, colored("blue"), auto),
		stat("Transmit", "Now, and before.", 3, `8 * `+perSecond("transmit_bytes"), "bps", trend, colored("blue"), auto),
		stat("95 % receive", "The 95th percentile over the time that is shown: only for a twentieth of it there was more.", 3, p95("receive"), "bps", auto),
		stat("95 % transmit", "The 95th percentile over the time that is shown: only for a twentieth of it there was more.", 3, p95("transmit"), "bps", auto),
		table("What it is", "By the device's own words.", 14, 5, "", []string{`max by (target, interface, description, if_type, phys_address, parent, if_index) (netconf_interface_info` + one + `)`, inputs + `(netconf_interface_mtu_bytes` + one + `)`},
			[]column{col("target", "Device", 130, toDevice()), col("interface", "Interface", 0, left()), col("description", "Description", 0), col("if_type", "Type", 125), col("phys_address", "Address", 140), col("parent", "Parent", 80), col("if_index", "Index", 60), col("Value #B", "MTU", 60, unit("none"))}),
		table("Addresses", "IP addresses of the interface.", 10, 5, "", []string{`max by (target, interface, address, prefix_length, origin) (netconf_interface_address_info` + one + `)`},
			[]column{col("interface", "Interface", 0, left()), col("address", "Address", 0), col("prefix_length", "Prefix length", 110), col("origin", "Origin", 90)}),
	}
}

func interfaceTraffic() []panel {
	inUse := func(direction string) string {
		return inputs + `(rate(netconf_interface_` + direction + `_bytes_total` + one + `[$__rate_interval]) / (netconf_interface_speed_bytes` + one + ` > 0))`
	}
	casts := func(direction, word string) (all []query) {
		for _, cast := range []string{"", "unicast_", "multicast_", "broadcast_"} {
			name := cast
			if cast == "" {
				name = "all_"
			}
			all = append(all, query{expr: perSecond(direction + "_" + cast + "packets"), legend: each + " " + name[:len(name)-1] + " " + word})
		}
		return all
	}
	return []panel{
		graph("Traffic", "Received above zero, sent below it.", 12, "bps", curves(`8 * `+perSecond("receive_bytes"), each+" receive", `8 * `+perSecond("transmit_bytes"), each+" transmit"), filled(10), mirrored, height(9), listed("lastNotNull", "mean", "max")),
		graph("Share of the speed in use", "In each direction.", 12, "percentunit", curves(inUse("receive"), each+" receive", inUse("transmit"), each+" transmit"), least(0), softMax(1), height(9), listed("lastNotNull", "mean", "max")),
		graph("Packets", "A second, by kind: received above zero, sent below it.", 12, "count:/s", append(casts("receive", "receive"), casts("transmit", "transmit")...), mirrored),
		timeline("State", "What the interface is, and what it should be.", 12, curves(
			inputs+`(netconf_interface_oper_status`+one+`)`, each+" is", inputs+`(netconf_interface_admin_status`+one+`)`, each+" should be"), operStates),
	}
}

func interfaceTrouble() []panel {
	return []panel{
		graph("Errors and discards", "Packets a second that are damaged, and good ones that are thrown away.", 8, "count:/s", curves(
			perSecond("receive_errors"), each+" errors receive", perSecond("transmit_errors"), each+" errors transmit",
			perSecond("receive_discards"), each+" discards receive", perSecond("transmit_discards"), each+" discards transmit"), few...),
		graph("Unknown protocols and pause frames", "A second.", 8, "count:/s", curves(
			perSecond("receive_unknown_protocols"), each+" unknown protocols", perSecond("receive_pause_frames"), each+" pause receive", perSecond("transmit_pause_frames"), each+" pause transmit"), few...),
		graph("Changes of state", "In 15 minutes, as three ways tell.", 8, "none", curves(
			inputs+`(changes(netconf_interface_oper_status`+one+`[15m]))`, each+" seen by scrapes",
			inputs+`(changes(netconf_interface_last_change_timestamp_seconds`+one+`[15m]))`, each+" by the time of the last change",
			inputs+`(increase(netconf_interface_carrier_transitions_total`+one+`[15m]))`, each+" of the carrier"), few...),
	}
}

func interfaceFrames() []panel {
	return []panel{
		graph("Bad frames", "A second, by what is wrong with them.", 12, "count:/s", curves(
			perSecond("receive_crc_errors"), each+" wrong checksum", perSecond("receive_oversize_frames"), each+" too long", perSecond("receive_undersize_frames"), each+" too short",
			perSecond("receive_fragment_frames"), each+" fragments", perSecond("receive_jabber_frames"), each+" jabber", perSecond("collisions"), each+" collisions"), few...),
		graph("Forward error correction", "Blocks a second: what it repaired, and what it could not.", 12, "count:/s", curves(
			perSecond("fec_corrected_blocks"), each+" repaired", perSecond("fec_uncorrectable_blocks"), each+" beyond repair"), few...),
	}
}

func interfaceOptics() []panel {
	lanes := func(metric string) string {
		return `label_join(max by (target, interface, lane) (netconf_optics_` + metric + one + `), "port", " ", "target", "interface", "lane")`
	}
	limits := `max by (target, interface) (netconf_optics_receive_power_low_warning_dbm` + one + `)`
	return []panel{
		graph("Light", "Of each lane that has light. The dashed curve is the transceiver's own limit for what it receives.", 12, "dBm", curves(
			lanes("receive_power_dbm")+` > -35`, "{{port}} received", lanes("transmit_power_dbm")+` > -35`, "{{port}} sent", limits, "limit"), limit("/^limit$/")),
		graph("Transceiver", "Temperature, and on the right the current of its lasers.", 12, "celsius", curves(
			lanes("temperature_celsius"), "{{port}} temperature", lanes("laser_bias_amperes"), "{{port}} bias"), onRight("/bias$/", "amp"), decimals(1)),
	}
}

func interfaceQueues() []panel {
	rate := func(counter string) string {
		return `max by (target, interface, direction, queue) (rate(netconf_queue_` + counter + `_total` + one + `[$__rate_interval]))`
	}
	return []panel{
		graph("Packets that queues drop", "A second.", 12, "count:/s", curves(rate("dropped_packets"), each+" {{queue}}"), few...),
		graph("Traffic of queues", "What goes through each.", 12, "bps", curves(`8 * `+rate("transmit_bytes"), each+" {{queue}}"), least(0)),
	}
}
