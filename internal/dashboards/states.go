package dashboards

// Words and colors of states, as config/catalog.yml numbers them.
var (
	nothing = object{"type": "special", "options": object{"match": "null+nan", "result": object{"text": "-", "color": "text", "index": 99}}}

	answers      = mapping("0", "down", "red", "1", "up", "green")
	good         = mapping("0", "failed", "red", "1", "ok", "green")
	operStates   = mapping("1", "up", "green", "2", "down", "red", "3", "testing", "yellow", "4", "unknown", "text", "5", "dormant", "blue", "6", "not present", "text", "7", "lower layer down", "orange")
	portStates   = append(mapping("20", "shut down", "text"), operStates...)
	adminStates  = mapping("1", "up", "green", "2", "shut down", "text", "3", "testing", "yellow")
	partStates   = mapping("1", "ok", "green", "2", "failed", "red", "3", "disabled", "text", "4", "testing", "yellow", "5", "unknown", "text", "6", "absent", "text")
	failedFirst  = append(mapping("20", "failed", "red"), partStates...)
	bgpStates    = mapping("1", "idle", "red", "2", "connect", "orange", "3", "active", "orange", "4", "opensent", "yellow", "5", "openconfirm", "yellow", "6", "established", "green")
	shutBgp      = append(mapping("20", "shut down", "text"), bgpStates...)
	ospfStates   = mapping("1", "down", "red", "2", "attempt", "orange", "3", "init", "orange", "4", "two-way", "green", "5", "exstart", "yellow", "6", "exchange", "yellow", "7", "loading", "yellow", "8", "full", "green")
	isisStates   = mapping("1", "down", "red", "2", "init", "orange", "3", "up", "green", "4", "failed", "red")
	bfdStates    = mapping("0", "admin down", "text", "1", "down", "red", "2", "init", "orange", "3", "up", "green")
	groupStates  = mapping("1", "init", "red", "2", "backup", "blue", "3", "master", "green", "4", "learn", "yellow", "5", "listen", "text", "6", "speak", "yellow")
	memberStates = mapping("1", "up", "green", "20", "down", "red", "3", "standby", "blue")
	muxStates    = mapping("1", "detached", "red", "2", "waiting", "orange", "3", "attached", "yellow", "4", "collecting", "yellow", "5", "distributing", "green")
	poeStates    = mapping("1", "disabled", "text", "2", "searching", "text", "3", "delivering", "green", "4", "fault", "red", "5", "test", "yellow", "6", "other fault", "red")
	channelState = mapping("1", "up", "green", "2", "down", "red")
	severities   = mapping("1", "critical", "red", "2", "warning", "orange", "3", "info", "blue") // see alerts

	// Below -35 dBm there is no light.
	light = []any{object{"type": "range", "options": object{"from": -1000, "to": -35, "result": object{"text": "no light", "color": "text"}}}}
)

// mapping maps values to words and colors, given in threes.
func mapping(threes ...string) []any {
	options := object{}
	for i := 0; i < len(threes); i += 3 {
		options[threes[i]] = object{"text": threes[i+1], "color": threes[i+2], "index": i / 3}
	}
	return []any{object{"type": "value", "options": options}}
}
