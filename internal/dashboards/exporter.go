package dashboards

// exporter is the dashboard of the exporters themselves.
func exporter() dashboard {
	return dashboard{
		uid: "netconf-exporter", title: "NETCONF / Exporter", about: "The exporter's own health: what reading the devices costs, and what goes wrong.",
		variables: []variable{sourceVariable, jobVariable,
			{name: "instance", label: "Exporter", query: `label_values(netconf_exporter_build_info{job=~"$job"}, instance)`, multi: true, all: true, allValue: ".+"},
		},
		annotations: []annotation{reloads},
		rows: []row{
			{title: "Now", panels: exporterNow()},
			{title: "Reading", panels: exporterReading()},
			{title: "Sessions", panels: exporterSessions()},
			{title: "Process", panels: exporterProcess()},
		},
	}
}

// ours selects series of the exporters that are chosen.
const ours = `{!, instance=~"$instance"}`

func exporterNow() []panel {
	number := func(title, about, expr, unit string, options ...option) panel {
		return stat(title, about, 3, expr, unit, append(options, everywhere)...)
	}
	return []panel{
		table("Exporters", "Their versions.", 9, 4, "", []string{`max by (instance, version, revision, goversion) (netconf_exporter_build_info` + ours + `)`},
			[]column{col("instance", "Exporter", 0), col("version", "Version", 90), col("revision", "Revision", 90), col("goversion", "Go", 90)}, everywhere),
		number("Configuration", "Whether the last reload was good.", `min(netconf_exporter_config_last_reload_successful`+ours+`)`, "none", states(good)),
		number("Files that fail", "Files of targets that could not be loaded, and inventories that gave no list: their targets stay as they were.",
			`sum({__name__=~"netconf_exporter_(config_file|http_sd)_failed", job=~"$job", instance=~"$instance"}) or vector(0)`, "none", colored("green", 1, "red")),
		number("Devices", "That are read.", `count(max by (target) (netconf_up`+ours+`))`, "none", colored("green")),
		number("Sessions", "That are open.", `sum(netconf_session_established`+ours+`)`, "none", colored("green")),
		number("Up since", "The start of the exporter.", `max(process_start_time_seconds`+ours+` and on (instance) netconf_exporter_build_info) * 1000`, "dateTimeFromNow"),
	}
}

func exporterReading() []panel {
	const read, oldest = `netconf_read_duration_seconds` + ours, `netconf_module_last_read_timestamp_seconds` + ours
	slowest := func(expr string) []query {
		return curves(most(10, "target", expr, `max_over_time(`+overRange(read)+`)`), "{{target}}")
	}
	return []panel{
		graph("Slowest devices", "How long reading them takes: the ten that took longest.", 12, "s", slowest(`max by (target) (`+read+`)`), everywhere, least(0)),
		graph("Phases", "Where the time goes, on average over all devices. A session that is open needs no login.", 12, "s", curves(`avg by (phase) (netconf_scrape_phase_duration_seconds`+ours+`)`, "{{phase}}"), everywhere, least(0)),
		graph("Share of the time that Prometheus waits", "What the slowest devices take of it. Above 100 % each scrape gives the data of the read before.", 12, "percentunit",
			slowest(`max by (target) (`+read+` / netconf_scrape_budget_seconds`+ours+`)`), everywhere, least(0), softMax(1)),
		graph("Age of the data", "The ten modules that are oldest now.", 12, "dthms", curves(most(10, "target, module", `time() - max by (target, module) (`+oldest+`)`, `-1 * `+oldest+` @ end()`), "{{target}} {{module}}"), everywhere, least(0)),
		graph("Modules that fail", "Devices that answer and on which a module was not read in full.", 8, "none", curves(`count by (module) (netconf_module_success`+ours+` == 0 and on (job, instance, target) netconf_up == 1)`, "{{module}}"), everywhere, least(0), softMax(1), decimals(0), noValue("None fails")),
		graph("Skipped values", "What devices sent that was not valid or not plausible.", 8, "none", curves(`sum by (module, reason) (netconf_module_skipped_values`+ours+`) > 0`, "{{module}} {{reason}}"), everywhere, least(0), softMax(1), decimals(0), noValue("None")),
		graph("Replies", "What one read of all devices brings, by module.", 8, "bytes", curves(most(10, "module", `sum by (module) (netconf_module_reply_bytes`+ours+`)`, `sum by (module) (avg_over_time(`+overRange(`netconf_module_reply_bytes`+ours)+`))`), "{{module}}"), everywhere, least(0)),
	}
}

func exporterSessions() []panel {
	return []panel{
		graph("Sessions", "That are open, beside the devices that there are.", 6, "none", curves(`sum(netconf_session_established`+ours+`)`, "sessions", `count(netconf_session_established`+ours+`)`, "devices"), everywhere, least(0), softMax(1), decimals(0)),
		graph("Dials", "Attempts to open a session a second, by what came of them.", 6, "count:/s", curves(`sum by (result) (rate(netconf_session_dials_total`+ours+`[$__rate_interval])) > 0`, "{{result}}"), everywhere, least(0), softMax(0.1), noValue("None")),
		table("Logins that wait", "Devices that refused a login, and when it is tried again.", 6, 8, "", []string{`max by (target) (netconf_login_retry_timestamp_seconds` + ours + ` > time()) * 1000`},
			[]column{col("target", "Device", 0, toDevice()), col("Value", "Next login", 130, unit("dateTimeFromNow"))}, everywhere),
		table("Certificates", "Of devices that speak TLS, and ours: those that expire within 60 days, the first ones first.", 6, 8, "",
			[]string{`min by (target, which) (netconf_tls_certificate_expiry_timestamp_seconds` + ours + ` < time() + 60 * 86400) * 1000`},
			[]column{col("target", "Device", 0, toDevice()), col("which", "Whose", 70), col("Value", "Expires", 110, unit("dateTimeFromNow"))}, everywhere, sorted("Expires", false)),
	}
}

func exporterProcess() []panel {
	process := func(metric string) string { return metric + ours + ` and on (instance) netconf_exporter_build_info` }
	return []panel{
		graph("Memory", "Resident, and what devices take of their budget (--collector.memory-limit).", 6, "bytes", curves(process("process_resident_memory_bytes"), "resident {{instance}}",
			`netconf_exporter_memory_used_bytes`+ours, "devices {{instance}}"), everywhere, least(0)),
		graph("Processor", "Share of one core that is in use.", 6, "percentunit", curves(`rate(process_cpu_seconds_total`+ours+`[$__rate_interval]) and on (instance) netconf_exporter_build_info`, "{{instance}}"), everywhere, least(0), decimals(1)),
		graph("Goroutines and descriptors", "What the process holds open.", 6, "none", curves(process("go_goroutines"), "goroutines {{instance}}", process("process_open_fds"), "descriptors {{instance}}"), everywhere, least(0), decimals(0)),
		graph("Scrapes that were refused", "Because too many were in flight (--web.max-requests).", 6, "count:/s", curves(`sum by (instance) (rate(netconf_exporter_scrapes_refused_total`+ours+`[$__rate_interval]))`, "{{instance}}"), everywhere, least(0), softMax(0.1)),
	}
}
