package dashboards

// The rows of the device's dashboard that are closed until somebody looks. {! selects the row's device.

func systemPanels() []panel {
	share := []option{least(0), softMax(1), decimals(0)}
	return []panel{
		graph("Processors", "Share in use.", 8, "percentunit", curves(`max by (cpu) (netconf_cpu_utilization_ratio{!})`, "{{cpu}}"), share...),
		graph("Memory", "Share in use.", 8, "percentunit", curves(`max by (memory) (target_memory:netconf_memory_utilization:ratio{!})`, "{{memory}}"), share...),
		graph("File systems", "Share in use.", 8, "percentunit", curves(
			`max by (filesystem) (netconf_filesystem_used_bytes{!} / (netconf_filesystem_size_bytes{!} > 0))`, "{{filesystem}}"), share...),
	}
}

func hardwarePanels() []panel {
	return []panel{
		table("Parts", "Everything that the device lists of itself, by its state.", 14, 10, "", []string{
			// What failed comes first.
			`10 * max by (component) (netconf_hardware_oper_status{!} == 2) or max by (component) (netconf_hardware_oper_status{!})`,
			`max by (component, class, model_name, serial_number, software_revision) (netconf_hardware_info{!})`,
		}, []column{col("component", "Part", 0), col("class", "Class", 125), col("Value #A", "State", 90, words(failedFirst), cell("color-text")),
			col("model_name", "Model", 0), col("serial_number", "Serial number", 130), col("software_revision", "Software", 110)}, sorted("State", true)),
		graph("Temperatures", "Of parts. The dashed curve is the lowest limit that the device sends.", 10, "celsius", curves(
			most(15, "component", `max by (component) (netconf_hardware_temperature_celsius{!})`, `max_over_time(`+overRange(`netconf_hardware_temperature_celsius{!}`)+`)`), "{{component}}",
			`min(netconf_hardware_temperature_high_major_celsius{!} or netconf_hardware_temperature_high_minor_celsius{!} or netconf_hardware_temperature_high_critical_celsius{!})`, "limit"), height(10), limit("/^limit$/"), decimals(0)),
		graph("Fans", "Speed, or the share of the highest where the device gives that.", 8, "rotrpm", curves(
			`max by (component) (netconf_hardware_fan_speed_rpm{!})`, "{{component}}",
			`max by (component) (netconf_hardware_fan_speed_ratio{!})`, "{{component}} (share)"), least(0), onRight("/\\(share\\)$/", "percentunit")),
		graph("Power", "What power supplies give, and what parts take.", 8, "watt", curves(
			`max by (component) (netconf_power_supply_output_power_watts{!})`, "{{component}}",
			`max by (component) (netconf_hardware_power_watts{!})`, "{{component}} (part)"), least(0)),
		graph("Input voltage", "Into power supplies, by feed.", 8, "volt", curves(`label_join(max by (component, feed) (netconf_power_supply_input_voltage_volts{!}), "input", " ", "component", "feed")`, "{{input}}"), least(0)),
	}
}

func opticsPanels() []panel {
	const one = `{!, interface=~"$interface"}`
	power := func(metric string) string {
		return `max by (interface, lane) (netconf_optics_` + metric + one + `)`
	}
	// The limit is the transceiver's, not each lane's.
	const lowLimit = `on (interface) group_left () max by (interface) (netconf_optics_receive_power_low_warning_dbm` + one + `)`
	// Each lane has what is known of its interface: many devices measure the temperature of the whole transceiver alone.
	ofInterface := func(series string) string {
		return `clamp(` + power("receive_power_dbm") + `, 0, 0) + on (interface) group_left () max by (interface) (` + series + one + `)`
	}
	port := func(expr string) []query {
		return curves(`label_join(`+expr+`, "port", " ", "interface", "lane")`, "{{port}}")
	}
	// The weakest ten of the time that is shown. Dark ports would flatten the scale: the table has them.
	weakest := func(metric string) []query {
		return port(most(10, "interface, lane", power(metric)+` > -35`, `-1 * avg_over_time(`+overRange(`netconf_optics_`+metric+one)+`) < 35`))
	}
	return []panel{
		table("Transceivers", "Light, current and temperature of each lane. Margin is what the received light has left above the transceiver's own low limit.", 24, 10, "", []string{
			`clamp_min(` + power("receive_power_dbm") + `, -40)`, `clamp_min(` + power("transmit_power_dbm") + `, -40)`, power("laser_bias_amperes"), ofInterface("netconf_optics_temperature_celsius"), ofInterface("netconf_optics_voltage_volts"),
			`clamp(` + power("receive_power_dbm") + `, 0, 0) + ` + lowLimit, `(` + power("receive_power_dbm") + ` > -35) - ` + lowLimit,
			ofInterface("netconf_interface_oper_status"),
		}, []column{col("interface", "Interface", 0, toInterfaceOf("optics")), col("lane", "Lane", 60), col("Value #H", "Interface is", 120, words(operStates), cell("color-text")),
			col("Value #A", "Receive", 110, unit("dBm"), digits(1), words(light)), col("Value #F", "Low limit", 90, unit("dBm"), digits(1)),
			col("Value #G", "Margin", 90, append(warned("red", 0, "orange", 2, "green"), unit("dB"), digits(1))...),
			col("Value #B", "Transmit", 110, unit("dBm"), digits(1), words(light)), col("Value #C", "Bias", 90, unit("amp"), digits(1)),
			col("Value #D", "Temperature", 110, unit("celsius"), digits(1)), col("Value #E", "Voltage", 90, unit("volt"), digits(2))}, sorted("Margin", false)),
		graph("Light received", "The ten weakest lanes that have light.", 8, "dBm", weakest("receive_power_dbm")),
		graph("Light sent", "The ten weakest lanes that have light.", 8, "dBm", weakest("transmit_power_dbm")),
		graph("Temperature of transceivers", "The ten hottest.", 8, "celsius",
			port(most(10, "interface, lane", power("temperature_celsius"), `max_over_time(`+overRange(`netconf_optics_temperature_celsius`+one)+`)`)), decimals(0)),
	}
}

func channelPanels() []panel {
	of := func(metric string) string { return `max by (channel) (netconf_optical_channel_` + metric + `{!})` }
	return []panel{
		table("Optical channels", "Of transponders and coherent optics.", 24, 7, "", []string{
			of("oper_status"), `max by (channel, line_port, description) (netconf_optical_channel_info{!})`, of("frequency_hertz"), of("receive_power_dbm"), of("transmit_power_dbm"),
			of("osnr_decibels"), of("q_decibels"), of("pre_fec_bit_error_ratio"),
		}, []column{col("channel", "Channel", 0), col("line_port", "Port", 0), col("description", "Description", 0), col("Value #A", "State", 80, words(channelState), cell("color-text")),
			col("Value #C", "Frequency", 120, unit("hertz"), digits(3)), col("Value #D", "Receive", 110, unit("dBm"), digits(1), words(light)), col("Value #E", "Transmit", 110, unit("dBm"), digits(1), words(light)),
			col("Value #F", "OSNR", 90, unit("dB"), digits(1)), col("Value #G", "Q", 90, unit("dB"), digits(1)), col("Value #H", "Bit errors before FEC", 170, unit("sci"), digits(1))}),
		graph("Light", "Received and sent.", 8, "dBm", curves(of("receive_power_dbm")+` > -35`, "{{channel}} receive", of("transmit_power_dbm")+` > -35`, "{{channel}} transmit"), decimals(1)),
		graph("Quality", "Optical signal-to-noise ratio, and Q factor.", 8, "dB", curves(of("osnr_decibels"), "{{channel}} OSNR", of("q_decibels"), "{{channel}} Q"), decimals(1)),
		graph("Bit errors", "Share of the bits that are wrong before forward error correction.", 8, "sci", curves(of("pre_fec_bit_error_ratio"), "{{channel}}"), least(0)),
	}
}

func bgpPanels() []panel {
	prefixes := func(kind string) string {
		return `sum by (vrf, neighbor) (netconf_bgp_neighbor_` + kind + `_prefixes{!})`
	}
	// One that is shut down is nothing else.
	const state = `10 * max by (vrf, neighbor) (netconf_bgp_neighbor_admin_status{!} == 2) or max by (vrf, neighbor) (netconf_bgp_neighbor_state{!})`
	return []panel{
		table("BGP neighbours", "State, prefixes of all address families, and since when. Flaps are the times that the session was lost, or else set up.", 24, 9, "", []string{
			state,
			`max by (vrf, neighbor, description, remote_as) (netconf_bgp_neighbor_info{!})`,
			prefixes("received"), prefixes("accepted"), prefixes("installed"), prefixes("advertised"),
			`max by (vrf, neighbor) (netconf_bgp_neighbor_established_timestamp_seconds{!}) * 1000`, `max by (vrf, neighbor) (netconf_bgp_neighbor_flaps_total{!}) or max by (vrf, neighbor) (netconf_bgp_neighbor_established_transitions_total{!})`,
		}, []column{col("neighbor", "Neighbour", 0), col("remote_as", "AS", 80), col("description", "Description", 0), col("vrf", "VRF", 90),
			col("Value #A", "State", 110, words(shutBgp), cell("color-text")),
			col("Value #C", "Received", 85, unit("none")), col("Value #D", "Accepted", 85, unit("none")), col("Value #E", "Installed", 85, unit("none")), col("Value #F", "Advertised", 95, unit("none")),
			col("Value #G", "Established", 145, unit("dateTimeFromNow")), col("Value #H", "Flaps", 60, unit("none"))}, sorted("State", false)),
		timeline("BGP sessions", "State of each session.", 12, curves(state, "{{neighbor}}"), shutBgp),
		graph("BGP prefixes", "Received from each neighbour: the ten with most.", 12, "short", curves(
			most(10, "vrf, neighbor", prefixes("received"), `max_over_time(`+overRange(`netconf_bgp_neighbor_received_prefixes{!}`)+`)`), "{{neighbor}} {{vrf}}"), least(0), softMax(10)),
	}
}

func routingPanels() []panel {
	return []panel{
		table("OSPF neighbours", "Two-way is good between routers of which neither is designated.", 24, 6, "", []string{
			`max by (vrf, version, area, interface, neighbor) (netconf_ospf_neighbor_state{!})`, `max by (vrf, version, area, interface, neighbor, neighbor_address) (netconf_ospf_neighbor_info{!})`,
			`max by (vrf, version, area, interface, neighbor) (netconf_ospf_neighbor_established_timestamp_seconds{!}) * 1000`,
		}, []column{col("neighbor", "Neighbour", 0), col("neighbor_address", "Address", 0), col("interface", "Interface", 0, toInterfaceOf("routing")), col("area", "Area", 80), col("Value #A", "State", 90, words(ospfStates), cell("color-text")),
			col("Value #C", "Since", 120, unit("dateTimeFromNow"))}, sorted("State", false)),
		table("IS-IS adjacencies", "By level.", 24, 6, "", []string{
			`max by (vrf, level, interface, neighbor) (netconf_isis_adjacency_state{!})`, `max by (vrf, level, interface, neighbor, system_name) (netconf_isis_adjacency_info{!})`,
			`max by (vrf, level, interface, neighbor) (netconf_isis_adjacency_established_timestamp_seconds{!}) * 1000`,
		}, []column{col("neighbor", "Neighbour", 0), col("system_name", "Name", 0), col("interface", "Interface", 0, toInterfaceOf("routing")), col("level", "Level", 70), col("Value #A", "State", 90, words(isisStates), cell("color-text")),
			col("Value #C", "Since", 120, unit("dateTimeFromNow"))}, sorted("State", false)),
		timeline("OSPF states", "Of each neighbour.", 12, curves(`max by (interface, neighbor) (netconf_ospf_neighbor_state{!})`, "{{neighbor}} {{interface}}"), ospfStates),
		timeline("IS-IS states", "Of each adjacency.", 12, curves(`max by (interface, neighbor, level) (netconf_isis_adjacency_state{!})`, "{{neighbor}} {{interface}}"), isisStates),
	}
}

func redundancyPanels() []panel {
	return []panel{
		table("Members of aggregates", "Whether they carry traffic, and what LACP says.", 24, 8, "", []string{
			// What is down comes first.
			`10 * max by (lag, interface) (netconf_lag_member_state{!} == 2) or max by (lag, interface) (netconf_lag_member_state{!})`, `max by (lag, interface) (netconf_lag_member_mux_state{!})`,
			`max by (lag, interface, partner_system, partner_port) (netconf_lag_member_info{!})`,
			`max by (lag) (netconf_lag_active_members{!}) or count by (lag) (netconf_lag_member_state{!} == 1)`, `max by (lag) (netconf_lag_configured_members{!}) or count by (lag) (netconf_lag_member_state{!})`,
		}, []column{col("lag", "Aggregate", 0), col("interface", "Member", 0, toInterfaceOf("redundancy")), col("Value #A", "State", 90, words(memberStates), cell("color-text")), col("Value #B", "LACP", 110, words(muxStates), cell("color-text")),
			col("partner_system", "Partner", 160), col("partner_port", "Its port", 90), col("Value #D", "Active members", 130, unit("none")), col("Value #E", "Configured", 110, unit("none"))}, sorted("State", true)),
		table("BFD sessions", "By neighbour.", 12, 8, "", []string{
			`max by (vrf, interface, neighbor) (netconf_bfd_session_state{!})`, `max by (vrf, interface, neighbor, client) (netconf_bfd_session_info{!})`,
			`max by (vrf, interface, neighbor) (netconf_bfd_session_flaps_total{!})`,
		}, []column{col("neighbor", "Neighbour", 0), col("interface", "Interface", 0, toInterfaceOf("redundancy")), col("client", "For", 90), col("Value #A", "State", 100, words(bfdStates), cell("color-text")), col("Value #C", "Flaps", 60, unit("none"))}, sorted("State", false)),
		table("Virtual routers", "VRRP, HSRP and GLBP groups.", 12, 8, "", []string{
			`max by (protocol, interface, family, group) (netconf_fhrp_group_state{!})`, `max by (protocol, interface, family, group, virtual_address) (netconf_fhrp_group_info{!})`,
			`max by (protocol, interface, family, group) (netconf_fhrp_group_priority{!})`,
		}, []column{col("group", "Group", 70), col("protocol", "Protocol", 80), col("interface", "Interface", 130, toInterfaceOf("redundancy")), col("virtual_address", "Address", 0), col("Value #A", "State", 80, words(groupStates), cell("color-text")),
			col("Value #C", "Priority", 75, unit("none"))}),
	}
}

func queuePanels() []panel {
	const one = `{!, interface=~"$interface"}`
	const labels = `interface, direction, queue`
	rate := func(counter string) string {
		return `max by (` + labels + `) (rate(netconf_queue_` + counter + `_total` + one + `[$__rate_interval]))`
	}
	worst := func(counter, times, above string) string {
		return most(10, labels, times+rate(counter), `increase(`+overRange(`netconf_queue_`+counter+`_total`+one)+`)`+above)
	}
	return []panel{
		table("Queues", "Packets a second that are dropped, what goes through, and what waits.", 12, 9, "", []string{
			rate("dropped_packets"), `8 * ` + rate("transmit_bytes"), `max by (interface, direction, queue, forwarding_class) (netconf_queue_info` + one + `)`,
			`max by (interface, direction, queue) (netconf_queue_length_bytes` + one + `)`,
		}, []column{col("interface", "Interface", 0, toInterfaceOf("queues")), col("queue", "Queue", 125), col("forwarding_class", "Class", 125),
			col("Value #A", "Dropped /s", 95, append(warned("text", 0.02, "orange"), digits(2))...), col("Value #B", "Traffic", 90, unit("bps")), col("Value #D", "Waiting", 85, unit("bytes"))}, sorted("Dropped /s", true)),
		graph("Dropped packets", "The ten queues that drop most.", 12, "count:/s", curves(worst("dropped_packets", ``, ` > 0`), "{{interface}} {{queue}}"), height(9), least(0), softMax(1), noValue("No queue drops packets")),
		graph("Traffic of queues", "The ten queues with most.", 12, "bps", curves(worst("transmit_bytes", `8 * `, ``), "{{interface}} {{queue}}"), least(0)),
		graph("Length of queues", "The ten longest.", 12, "bytes", curves(
			most(10, labels, `max by (`+labels+`) (netconf_queue_length_bytes`+one+`)`, `max_over_time(`+overRange(`netconf_queue_length_bytes`+one)+`)`), "{{interface}} {{queue}}"), least(0), noValue("The device does not tell")),
	}
}

func poePanels() []panel {
	const one = `{!, interface=~"$interface"}`
	return []panel{
		table("Ports that give power", "What each port gives, and may give at most.", 12, 9, "", []string{
			`max by (interface) (netconf_poe_interface_state` + one + `)`, `max by (interface) (netconf_poe_interface_power_watts` + one + `)`,
			`max by (interface) (netconf_poe_interface_power_limit_watts` + one + `)`, `max by (interface, power_class) (netconf_poe_interface_info` + one + `)`,
		}, []column{col("interface", "Interface", 0, toInterfaceOf("poe")), col("Value #A", "State", 100, words(poeStates), cell("color-text")), col("power_class", "Class", 70),
			col("Value #B", "Power", 90, unit("watt"), digits(1)), col("Value #C", "Limit", 90, unit("watt"), digits(1))}, sorted("Power", true)),
		graph("Power given", "By all ports of a supply. The dashed curve is what it has.", 12, "watt", curves(
			`max by (component) (netconf_poe_power_watts{!} or netconf_poe_allocated_watts{!})`, "{{component}}", `max by (component) (netconf_poe_capacity_watts{!})`, "{{component}} limit"),
			height(9), least(0), limit("/limit$/")),
	}
}

// lldpTable shows neighbours. One that is a target itself, by its host name or by its name, leads to its dashboard.
func lldpTable(width int, neighbors string) panel {
	known := `topk by (short) (1, label_replace(label_replace(netconf_up{job=~"$job"} >= bool 0, "device", "$1", "target", "(.+)"), "short", "$1", "target", "([^.]+).*"))`
	heard := `label_replace(` + neighbors + `, "short", "$1", "system_name", "([^.]+).*")`
	const labels = `interface, system_name, port_id, port_description`
	return table("LLDP neighbours", "What is heard on interfaces. A neighbour that is read too leads to its own dashboard.", width, 8, "", []string{
		`max by (` + labels + `, device) (` + heard + ` * on (short) group_left (device) ` + known + `) or on (` + labels + `) max by (` + labels + `) (` + neighbors + `)`,
	}, []column{col("interface", "Interface", 0, left()), col("system_name", "Neighbour", 0), col("port_id", "Its port", 0, left()), col("port_description", "Description", 0),
		col("device", "Its dashboard", 130, linked("Device", "/d/netconf-device/netconf-device?${__url_time_range}&var-datasource=${datasource}&var-target=${__data.fields.device}"))})
}

func alarmPanels() []panel {
	return []panel{
		table("Alarms of the device", "What the device itself says is wrong.", 16, 8, "", []string{
			`max by (alarm, severity, resource, alarm_type, description) (netconf_alarm_info{!})`, `max by (alarm) (netconf_alarm_raised_timestamp_seconds{!}) * 1000`,
		}, []column{col("severity", "Severity", 90), col("resource", "About", 0), col("alarm_type", "Type", 130), col("description", "Description", 0), col("Value #B", "Since", 130, unit("dateTimeFromNow"))}, noValue("-")),
		graph("Number of alarms", "By severity.", 8, "none", curves(`max by (severity) (netconf_alarms{!})`, "{{severity}}"), least(0), softMax(1), decimals(0)),
	}
}

func serverPanels() []panel {
	rate := func(counter string) string {
		return `max(rate(netconf_server_` + counter + `_total{!}[$__rate_interval]))`
	}
	return []panel{
		graph("Rpcs", "What the device's NETCONF server is asked, by all of its clients.", 12, "count:/s", curves(rate("rpcs"), "rpcs", rate("bad_rpcs"), "bad rpcs", rate("rpc_errors"), "replies with an error"), least(0), softMax(1)),
		graph("Sessions", "Begun and dropped.", 12, "count:/s", curves(rate("sessions"), "begun", rate("dropped_sessions"), "dropped", rate("bad_hellos"), "bad hellos"), least(0), softMax(0.1)),
	}
}

func readingPanels() []panel {
	return []panel{
		graph("Time that a read takes", "The dashed curve is how long a scrape can wait for it: beyond that, each scrape gives the data of the read before.", 6, "s", curves(
			`max(`+readDuration+`)`, "read", `max(netconf_scrape_duration_seconds{!})`, "scrape", `max(netconf_scrape_budget_seconds{!})`, "limit"), least(0), limit("/^limit$/")),
		timeline("Modules that failed", "Those that were not read in full at some time that is shown.", 6, curves(
			`max by (module) (netconf_module_success{!}) and on (module) min by (module) (min_over_time(`+overRange(`netconf_module_success{!}`)+`)) == 0`, "{{module}}"), good, noValue("None")),
		table("What modules give", "Samples, time and size of each, and how old they are.", 12, 8, "", []string{
			`max by (module) (netconf_module_samples{!})`, `sum by (module) (netconf_module_skipped_values{!})`, `max by (module) (netconf_module_duration_seconds{!})`,
			`max by (module) (netconf_module_reply_bytes{!})`, `time() - max by (module) (netconf_module_last_read_timestamp_seconds{!})`,
		}, []column{col("module", "Module", 0), col("Value #A", "Samples", 75, unit("none")), col("Value #B", "Skipped", 75, warned("text", 1, "orange")...), col("Value #C", "Time", 75, unit("s")), col("Value #D", "Size", 80, unit("bytes")), col("Value #E", "Age", 75, unit("s"), digits(0))}),
	}
}
