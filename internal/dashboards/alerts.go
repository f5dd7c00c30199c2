package dashboards

import "fmt"

// alertmanager is where alerts can be silenced.
var alertmanager = variable{name: "alertmanager", label: "Alertmanager", preset: "http://localhost:9093", text: true}

// What all dashboards mark.
var (
	reboots = annotation{name: "Reboots", expr: `max by (target) (netconf_system_boot_timestamp_seconds{job=~"$job", target=~"$target"}) * 1000`, title: "{{target}} booted", color: "purple", at: true}
	reloads = annotation{name: "Reloads", expr: `max by (instance) (netconf_exporter_config_last_reload_success_timestamp_seconds{job=~"$job"}) * 1000`, title: "Configuration loaded", text: "{{instance}}", color: "blue", at: true}
	fires   = annotation{name: "Alerts", expr: `count by (target, alertname, interface, component, neighbor) (ALERTS{alertname=~"Netconf.+", alertstate="firing", job=~"$job", target=~"$target"})`,
		title: "{{alertname}}", text: "{{target}} {{interface}} {{component}} {{neighbor}}", color: "red"}
)

// firing are the alerts that fire about devices that are chosen, and about no device at all. Its values are since when, in milliseconds.
func firing(by string) string {
	const now = `(1000 * ALERTS_FOR_STATE{alertname=~"Netconf.+", job=~"$job|"} and ignoring (alertstate) ALERTS{alertstate="firing"})`
	return `(` + chosen(now) + ` or ` + now + ` unless on (` + by + `) netconf_target_info)`
}

// alerts is a table of alerts: what each is about, whatever labels it has, what it means, since when, and where to go.
func alerts(about map[string]string, firing string, height int, options ...option) panel {
	meanings := object{}
	for name, text := range about {
		meanings[name] = object{"text": text}
	}
	// What the alert is about are its labels; of one about no device it is the exporter.
	subject := `label_join(` + firing + `, "subject", " ", "interface", "lane", "direction", "component", "channel", "lag", "vrf", "neighbor", "module", "reason", "cpu", "memory", "file", "which", "site")`
	subject = `label_replace(label_join(` + subject + `, "pair", "|", "target", "instance"), "subject", "$1", "pair", "\\|(.+)")`
	subject = `label_replace(` + subject + `, "subject", "$1", "subject", "\\s*(.*?)\\s*")`
	subject = `label_replace(` + subject + `, "meaning", "$1", "alertname", "(.+)")`
	for rank, severity := range []string{"critical", "warning", "info"} {
		subject = fmt.Sprintf(`label_replace(%s, "severity", "%d", "severity", %q)`, subject, rank+1, severity)
	}
	return table("Alerts", "Alerts that fire now. A click on an alert leads to its runbook, or to Alertmanager, whose address is set at the top.", 24, height, "", []string{subject}, []column{
		col("severity", "Severity", 90, words(severities), cell("color-text")),
		col("alertname", "Alert", 260, linked("Runbook", "https://github.com/netconf-exporter/netconf_exporter/blob/main/docs/runbooks.md#${__data.fields.alertname}",
			"Alertmanager", "${alertmanager}/#/alerts?filter=%7Balertname%3D%22${__data.fields.alertname}%22%7D")),
		col("target", "Device", 120, toDevice()), col("subject", "About", 230),
		col("meaning", "What it means", 0, object{"id": "custom.inspect", "value": true}, object{"id": "mappings", "value": []any{object{"type": "value", "options": meanings}}}),
		col("Value", "Since", 150, unit("dateTimeFromNow")),
	}, append(options, sorted("Severity", false), sorted("Since", true), noValue("-"))...)
}

// chassis is what a device tells of its chassis. Some tell the number of the part in place of the model's name.
const chassis = `netconf_hardware_info{!, class="chassis", model_name!=""} or label_replace(netconf_hardware_info{!, class="chassis", model_name="", part_number!=""}, "model_name", "$1", "part_number", "(.+)") or netconf_hardware_info{!, class="chassis", model_name="", part_number=""}`

// readDuration is how long reading a device takes.
const readDuration = `netconf_read_duration_seconds{!}`
