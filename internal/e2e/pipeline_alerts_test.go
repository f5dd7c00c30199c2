//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// alertCase is a fault of one router and the alert that must fire.
type alertCase struct {
	alert  string
	labels map[string]string // besides the alert's name and the target
	begin  func(*router)
	end    func(*router)
}

// makes is an alertCase in which the router's state changes. At its end the state is that of a healthy router.
func makes(f func(*routerState)) (begin, end func(*router)) {
	return func(r *router) { r.change(f) }, func(r *router) { r.change(func(s *routerState) { *s = well() }) }
}

func alertCases(t *testing.T, exporter *exporter, configure func(...string)) []alertCase {
	one := map[string]string{"interface": "xe-0/0/1"}
	receive := map[string]string{"interface": "xe-0/0/1", "direction": "receive"}
	state := func(alert string, labels map[string]string, f func(*routerState)) alertCase {
		begin, end := makes(f)
		return alertCase{alert, labels, begin, end}
	}
	var key ssh.Signer
	changeKey := func(r *router) {
		key = netconftest.NewKey(t, "ed25519")
		r.Change(func(d *netconftest.Device) {
			check := d.Config.PasswordCallback
			d.Config = d.NewConfig(key)
			d.Config.PasswordCallback = check
		})
		r.Drop()
	}
	return []alertCase{
		{"NetconfTargetDown", nil, func(r *router) { r.Down() }, func(r *router) { up(t, r) }},
		{"NetconfLoginRefused", nil, func(r *router) { r.change(func(s *routerState) { s.password = "another" }); r.Drop() }, func(*router) { writePassword(t, exporter, "NetconfLoginRefused", "another") }},
		{"NetconfHostKeyChanged", map[string]string{"reason": "host_key"}, changeKey, func(r *router) { r.Key = key.PublicKey() }},
		{"NetconfDataStale", map[string]string{"module": "ietf-interfaces"}, func(*router) { configure("NetconfDataStale") }, func(*router) {}},
		state("NetconfModuleFailing", map[string]string{"module": "openconfig-bgp"}, func(s *routerState) { s.bgpError = true }),
		state("NetconfScrapeNearBudget", nil, func(s *routerState) { s.delay = 1350 * time.Millisecond }),
		state("NetconfSkippedValues", map[string]string{"module": "ietf-interfaces", "reason": "implausible"}, func(s *routerState) { s.speed = "18446744073708551616" }),
		state("NetconfInterfaceDown", one, func(s *routerState) { s.oper = "down" }),
		state("NetconfInterfaceFlapping", one, func(s *routerState) { s.flaps = true }),
		state("NetconfInterfaceBusy", receive, func(s *routerState) { s.rates["in-octets"] = 0.87 * 125e6 }),
		state("NetconfInterfaceSaturated", receive, func(s *routerState) { s.rates["in-octets"] = 0.99 * 125e6 }),
		state("NetconfInterfaceErrors", receive, func(s *routerState) { s.rates["in-errors"] = 100 }),
		state("NetconfInterfaceDiscards", receive, func(s *routerState) { s.rates["in-discards"] = 100 }),
		state("NetconfOpticsReceivePowerLow", one, func(s *routerState) { s.light = -19.5 }),
		state("NetconfTemperatureHigh", map[string]string{"component": "CPU 0"}, func(s *routerState) { s.temperature = 91 }),
		state("NetconfHardwareFailed", map[string]string{"component": "PSU 1"}, func(s *routerState) { s.powerSupply = "INACTIVE" }),
		state("NetconfBgpNeighborDown", map[string]string{"neighbor": "192.0.2.1", "vrf": "default"}, func(s *routerState) { s.bgp = "IDLE" }),
		state("NetconfClockSkew", nil, func(s *routerState) { s.clock = -3 * time.Minute }),
		state("NetconfDeviceRebooted", nil, func(s *routerState) { s.booted = time.Now() }),
	}
}

func up(t *testing.T, r *router) {
	if err := r.Up(); err != nil {
		t.Error(err)
	}
}

// Every alert fires and is resolved once, through Prometheus and Alertmanager. Each has its own faulty device, or a fault of the
// exporter. All faults begin together, because each alert takes a while.
func TestEveryAlertFiresAndIsResolved(t *testing.T) {
	t.Parallel()
	e := startExporter(t, "auths: {}\n", "--no-collector.targets")
	routers := map[string]*router{"well": startRouter(t)}
	configure := func(stale ...string) {
		e.configure(routersConfig(t, routers, stale))
		if status, body := e.reload(); status != 200 {
			t.Fatalf("reload: %d %s", status, body)
		}
	}
	all := alertCases(t, e, configure)
	for _, p := range all {
		routers[p.alert] = startRouter(t)
	}
	for name := range routers {
		writePassword(t, e, name, netconftest.Password)
	}
	configure()
	address := strings.TrimPrefix(e.url, "http://")
	p := startPipeline(t, address, "examples/prometheus-probe.yml", "")
	waitLong(t, "all routers to be up", func() bool {
		up, err := p.query(fmt.Sprintf(`count(target:netconf_interface_bytes:rate5m{direction="receive"} > 1e6) == %d`, len(routers)))
		return err == nil && len(up) == 1
	})
	p.mu.Lock()
	if len(p.alerts) > 0 {
		t.Errorf("alerts although all is well: %v", p.alerts)
	}
	p.mu.Unlock()

	for _, fault := range all {
		fault.begin(routers[fault.alert])
	}
	for _, fault := range all {
		p.wantNotice(fault, "firing")
	}
	p.wantRulesToWork()
	for _, fault := range all {
		fault.end(routers[fault.alert])
	}
	configure() // with the new host key, and with no data that may be old
	for _, fault := range all {
		p.wantNotice(fault, "resolved")
	}

	// And the exporter itself.
	good, err := os.ReadFile(e.file)
	if err != nil {
		t.Fatal(err)
	}
	reloadFailed := alertCase{alert: "NetconfConfigReloadFailed", labels: map[string]string{"instance": address}}
	e.configure("targets: nonsense\n")
	if status, _ := e.reload(); status == 200 {
		t.Error("nonsense was loaded")
	}
	p.wantNotice(reloadFailed, "firing")
	e.configure(string(good))
	e.reload()
	p.wantNotice(reloadFailed, "resolved")

	down := alertCase{alert: "NetconfExporterDown", labels: map[string]string{"instance": address}}
	e.stop(syscall.SIGKILL)
	p.wantNotice(down, "firing")
	start(t, exec.Command(binary(t), "--config.file="+e.file, "--web.listen-address="+address, "--no-collector.targets"))
	p.wantNotice(down, "resolved")

	// No alert was sent for the healthy router, and every alert was tested.
	if n, said := p.last(map[string]string{"target": "well"}); said {
		t.Errorf("an alert about a router that is well: %v", n)
	}
	for _, name := range alertNames(t) {
		if n, _ := p.last(map[string]string{"alertname": name}); n.Status != "resolved" {
			t.Errorf("%s was not tried: %v", name, n)
		}
	}
}

// wantNotice waits until the webhook receives the alert, with its labels and with a text that names its subject.
func (p *monitoring) wantNotice(fault alertCase, status string) {
	p.t.Helper()
	labels := map[string]string{"alertname": fault.alert, "job": "netconf"}
	if fault.begin != nil {
		labels["target"] = fault.alert
	}
	for name, value := range fault.labels {
		labels[name] = value
	}
	var n notice
	waitLong(p.t, fmt.Sprintf("%s to be %s", labels, status), func() bool {
		var ok bool
		n, ok = p.last(labels)
		return ok && n.Status == status
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

// waitLong is for what takes several scrapes and a window of rates.
func waitLong(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", 3*patience, what)
		}
	}
}

// routersConfig has the routers as targets, each with an auth of its own; the data of some may be an hour old.
func routersConfig(t *testing.T, routers map[string]*router, stale []string) string {
	t.Helper()
	auths, targets := map[string]any{}, []any{}
	for name, r := range routers {
		auths[name] = map[string]any{"username": netconftest.User, "password_file": "password-" + name, "host_key_fingerprints": []string{ssh.FingerprintSHA256(r.Key)}}
		target := map[string]any{"name": name, "address": r.Address, "auth": name}
		if slices.Contains(stale, name) {
			target["max_age"] = "1h"
		}
		targets = append(targets, target)
	}
	text, err := yaml.Marshal(map[string]any{"auths": auths, "targets": targets})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// writePassword writes the password of a router's auth to its file.
func writePassword(t *testing.T, e *exporter, name, password string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(e.file), "password-"+name), []byte(password), 0o600); err != nil {
		t.Fatal(err)
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
