//go:build linux

package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// plight is an alert, and what makes it fire: a fault of the simulated network, or something else.
type plight struct {
	alert, fault string
	labels       map[string]string // beside the alert's name and job
	begin, end   func()
	held         bool // Alertmanager holds it back: another alert tells of the same cause
}

func with(pairs ...string) map[string]string {
	labels := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return labels
}

func plights(l *lab) []plight {
	var all []plight
	add := func(fault string, alerts ...plight) {
		for i, p := range alerts {
			if i == 0 {
				p.fault = fault // the others come of it as well
			}
			all = append(all, p)
		}
	}
	at := func(alert string, pairs ...string) plight { return plight{alert: alert, labels: with(pairs...)} }
	held := func(alert string, pairs ...string) plight {
		return plight{alert: alert, labels: with(pairs...), held: true}
	}

	add("core-1:psu:PSU 1", at("NetconfHardwareFailed", "target", "core-1", "component", "PSU 1"), held("NetconfPowerRedundancyLost", "target", "core-1"))
	add("core-1:fan:Fan 1", held("NetconfFanStopped", "target", "core-1", "component", "Fan 1"))
	add("core-1:hot:Line Card 0", at("NetconfTemperatureHigh", "target", "core-1", "component", "Line Card 0"))
	add("core-1:light:et-0/0/30", at("NetconfFecUncorrectable", "target", "core-1"), at("NetconfOpticsReceivePowerLow", "target", "core-1", "interface", "et-0/0/30"),
		at("NetconfInterfaceErrors", "target", "core-1", "interface", "et-0/0/30", "direction", "receive"))
	add("core-1:laser:et-0/0/0", at("NetconfOpticsTransmitPowerLow", "target", "core-1", "interface", "et-0/0/0"), at("NetconfOpticsBiasHigh", "target", "core-1", "interface", "et-0/0/0"))
	add("core-1:bgp:192.0.2.1", at("NetconfBgpNeighborDown", "target", "core-1", "neighbor", "192.0.2.1"))
	add("core-1:ospf:ae4", at("NetconfOspfNeighborLost", "target", "core-1", "interface", "ae4"), at("NetconfOspfNeighborLost", "target", "access-4"))
	add("core-1:isis:ae0", at("NetconfIsisAdjacencyLost", "target", "core-1", "interface", "ae0"))
	add("core-1:bfd:ae0", held("NetconfBfdSessionDown", "target", "core-1", "interface", "ae0"))
	add("core-2:bfd:ae1", at("NetconfBfdSessionDown", "target", "core-2", "interface", "ae1"))
	add("core-1:cpu", at("NetconfCpuHigh", "target", "core-1"))
	add("core-1:memory", at("NetconfMemoryHigh", "target", "core-1"))
	add("core-1:clock", at("NetconfClockSkew", "target", "core-1"))
	add("core-2:prefixes:198.51.100.1", at("NetconfBgpPrefixesDropped", "target", "core-2", "neighbor", "198.51.100.1"))
	add("core-2:flap:xe-0/1/2", at("NetconfInterfaceFlapping", "target", "core-2", "interface", "xe-0/1/2"))
	add("access-1:down:ge-0/0/1", at("NetconfInterfaceDown", "target", "access-1", "interface", "ge-0/0/1"))
	add("access-1:down:xe-0/1/0", held("NetconfLagMemberDown", "target", "access-1", "interface", "xe-0/1/0"))
	add("access-1:saturation:ge-0/0/2", at("NetconfInterfaceSaturated", "target", "access-1", "interface", "ge-0/0/2"), held("NetconfInterfaceBusy", "target", "access-1", "interface", "ge-0/0/2"),
		at("NetconfInterfaceDiscards", "target", "access-1", "interface", "ge-0/0/2"))
	add("access-2:empty:ietf-hardware", at("NetconfModuleEmpty", "target", "access-2", "module", "ietf-hardware-nmda"))
	add("access-3:hostkey", at("NetconfHostKeyChanged", "target", "access-3"))
	add("cpe-1:slow", at("NetconfScrapeNearBudget", "target", "cpe-1"))
	add("b-access-1:values", at("NetconfSkippedValues", "target", "b-access-1"))
	add("b-access-2:model:ietf-ospf", at("NetconfModuleFailing", "target", "b-access-2", "module", "ietf-ospf"), held("NetconfDataStale", "target", "b-access-2", "module", "ietf-ospf"))
	add("b-access-3:reboot", at("NetconfTargetDown", "target", "b-access-3", "site", "fra"))

	login, missing := at("NetconfLoginRefused", "target", "c-cpe-1"), at("NetconfTargetMissing", "target", "b-core-1")
	login.begin = func() { l.writePassword("another"); l.set("c-cpe-1:login", true) }
	login.end = func() { l.set("c-cpe-1:login", false); l.writePassword("netconf") }
	flapping := at("NetconfBgpNeighborFlapping", "target", "core-2")
	flapping.begin = func() { l.flap("core-2:bgp", 4) }
	return append(all, login, missing, flapping)
}

// untried are alerts on what this network cannot bring about: a neighbour that was never established, certificates that run out, and an
// exporter whose memory is used up.
var untried = []string{"NetconfBgpNeighborNotEstablished", "NetconfCertificateExpiring", "NetconfMemoryUsedUp"}

// Every alert fires and ends by a fault of the simulated network, in Prometheus, and is told and told to be over by Alertmanager, once
// for each cause. All faults begin together, since each alert takes a while.
func TestEveryAlertFiresAndEnds(t *testing.T) {
	t.Parallel()
	l := startLab(t, "--no-collector.targets")
	address := strings.TrimPrefix(l.exporter.url, "http://")
	p := startPipeline(t, address, "examples/prometheus-probe.yml", "")
	waitLong(t, "all devices to be up", func() bool { return p.count("netconf_up == 1") == len(l.targets) })
	waitLong(t, "a minute of data, which some alerts compare with", func() bool { return p.count("netconf_up offset 1m") == len(l.targets) })
	if alerts, err := p.query(`ALERTS`); err != nil || len(alerts) > 0 {
		t.Errorf("alerts although all is well: %v, %v", alerts, err)
	}

	all := plights(l)
	l.load(l.config("b-core-1"))
	for _, fault := range all {
		switch {
		case fault.begin != nil:
			fault.begin()
		case fault.fault != "":
			l.set(fault.fault, true)
		}
	}
	for _, fault := range all {
		p.wantFiring(fault)
	}
	p.wantRulesToWork()
	for _, fault := range all {
		switch {
		case fault.end != nil:
			fault.end()
		case fault.fault != "":
			l.set(fault.fault, false)
		}
	}
	l.load(l.config())
	all = append(all, plight{alert: "NetconfDeviceRebooted", labels: with("target", "b-access-3")})
	p.wantFiring(all[len(all)-1])
	for _, fault := range all {
		p.wantEnd(fault)
	}
	l.exporterAlerts(p, address)
	l.massOutage(p)
	for _, name := range alertNames(t) {
		if n := p.count(fmt.Sprintf(`last_over_time(ALERTS{alertname=%q, alertstate="firing"}[1h])`, name)); n < 1 && !slices.Contains(untried, name) {
			t.Errorf("%s was not tried", name)
		}
	}
}

// exporterAlerts lets the exporter fail while an interface is down: nobody is told that the interface is up again.
func (l *lab) exporterAlerts(p *monitoring, address string) {
	good := l.config()
	reload := plight{alert: "NetconfConfigReloadFailed", labels: with("instance", address)}
	l.exporter.configure("targets: nonsense\n")
	if status, _ := l.exporter.reload(); status == 200 {
		l.t.Error("nonsense was loaded")
	}
	p.wantFiring(reload)
	l.load(good)
	p.wantEnd(reload)

	file := plight{alert: "NetconfConfigFileFailed", labels: with("instance", address)}
	l.loadMore("nonsense\n")
	p.wantFiring(file)
	l.loadMore("targets: []\n")
	p.wantEnd(file)

	inventory := plight{alert: "NetconfInventoryFailed", labels: with("instance", address, "url", "http://127.0.0.1:1/sd")}
	l.auths["listed"] = map[string]any{"username": "listed", "password": "listed", "insecure_ignore_host_key": true, "allowed_targets": []string{"127.0.0.0/8"}}
	l.load(l.config() + "http_sd_configs: [{url: 'http://127.0.0.1:1/sd', auth: listed}]\n")
	delete(l.auths, "listed")
	p.wantFiring(inventory)
	l.load(good)
	p.wantEnd(inventory)

	one := plight{alert: "NetconfInterfaceDown", labels: with("target", "access-1", "interface", "ge-0/0/3")}
	l.set("access-1:down:ge-0/0/3", true)
	p.wantFiring(one)
	down := plight{alert: "NetconfExporterDown", labels: with("instance", address)}
	l.exporter.stop(syscall.SIGKILL)
	p.wantFiring(down)
	waitLong(l.t, "the interface's alert to end in Prometheus", func() bool { return p.count(one.series()) == 0 })
	time.Sleep(3 * pipelineScrape) // as long as Alertmanager takes to tell of others
	if n, _ := p.last(one.all()); n.Status != "firing" {
		l.t.Errorf("%v is said to be over when nothing is known of it", one)
	}
	if n, told := p.last(with("alertname", "NetconfTargetMissing", "target", "access-1")); told {
		l.t.Errorf("beside the exporter, its targets are told of: %v", n)
	}
	start(l.t, exec.Command(binary(l.t), "--config.file="+l.exporter.file, "--web.listen-address="+address, "--no-collector.targets"))
	p.wantEnd(down)
	waitLong(l.t, "the interface's alert to fire again", func() bool { return p.count(one.series()) == 1 })
	l.set("access-1:down:ge-0/0/3", false)
	p.wantEnd(one)
}

// massOutage silences most devices: that is one page, of the site first and then of all.
func (l *lab) massOutage(p *monitoring) {
	var silent []string
	for _, name := range slices.Sorted(maps.Keys(l.targets)) {
		if name != "core-1" {
			silent = append(silent, name)
		}
	}
	before := p.counted("NetconfTargetDown")
	for _, name := range silent {
		l.set(name+":silent", true)
	}
	many := plight{alert: "NetconfManyTargetsDown"}
	p.wantFiring(many)
	site := plight{alert: "NetconfSiteDown", labels: with("site", "fra"), held: true}
	p.wantFiring(site)
	waitLong(l.t, "the devices' own alerts in Prometheus", func() bool {
		return p.count(`ALERTS{alertname="NetconfTargetDown", alertstate="firing"}`) == len(silent)
	})
	time.Sleep(3 * pipelineScrape)
	if after := p.counted("NetconfTargetDown"); after != before {
		l.t.Errorf("%d devices are told of beside the mass outage", after-before)
	}
	for _, name := range silent {
		l.set(name+":silent", false)
	}
	p.wantEnd(many)
	p.wantEnd(site)
}

// all are the labels that the alert has.
func (f plight) all() map[string]string {
	labels := maps.Clone(f.labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels["alertname"], labels["job"] = f.alert, "netconf"
	return labels
}

// series selects the alert where it fires.
func (f plight) series() string {
	var matchers []string
	for name, value := range f.all() {
		matchers = append(matchers, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(matchers)
	return `ALERTS{alertstate="firing", ` + strings.Join(matchers, ", ") + `}`
}

// wantFiring waits until the alert fires in Prometheus, and until the webhook was told of it, with a text that names what it is about, or
// until Alertmanager holds it back.
func (p *monitoring) wantFiring(fault plight) {
	p.t.Helper()
	// Some fire for a while only, so what counts is that it did.
	waitLong(p.t, fmt.Sprint(fault.all(), " to fire"), func() bool { return p.count("last_over_time("+fault.series()+"[1h])") > 0 })
	if fault.held {
		waitLong(p.t, fmt.Sprint(fault.all(), " to be held back"), func() bool { return p.inhibited(fault.all()) })
		if n, told := p.last(fault.all()); told {
			p.t.Errorf("told beside its cause: %v", n)
		}
		return
	}
	var n notice
	waitLong(p.t, fmt.Sprint(fault.all(), " to be told"), func() bool {
		var told bool
		n, told = p.last(fault.all())
		return told
	})
	receivers := map[string]string{"critical": "on-call", "warning": "operations", "info": "journal"}
	if want := receivers[n.Labels["severity"]]; want == "" || n.Receiver != want {
		p.t.Errorf("%s of severity %q went to %s", fault.alert, n.Labels["severity"], n.Receiver)
	}
	about := n.Annotations["summary"] + n.Annotations["description"]
	for _, name := range []string{"target", "interface", "component", "neighbor"} {
		if !strings.Contains(about, n.Labels[name]) || strings.Contains(about, "<no value>") || strings.Contains(about, "<error") {
			p.t.Errorf("%s does not say which %s: %s", fault.alert, name, about)
		}
	}
}

// wantEnd waits until the alert no longer fires, and until the webhook was told so if it was told of the alert.
func (p *monitoring) wantEnd(fault plight) {
	p.t.Helper()
	waitLong(p.t, fmt.Sprint(fault.all(), " to end"), func() bool { return p.count(fault.series()) == 0 })
	if fault.held {
		return
	}
	waitLong(p.t, fmt.Sprint(fault.all(), " to be told as over"), func() bool { n, _ := p.last(fault.all()); return n.Status == "resolved" })
}

// waitLong is for what takes several scrapes and a window of rates.
func waitLong(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", 3*patience, what)
		}
	}
}

func alertNames(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../../examples/rules/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, name, found := strings.Cut(line, "- alert: "); found {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}
