//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scale is the pipeline of examples/scale: exporters that share the targets, agents that share the scrapes, a store, and rules
// evaluated there.
type scale struct {
	*monitoring // its Prometheus is the store
	devices     *process
	exporters   []*process
	agents      []*process
	store       *process
	ruler       *process
}

// TestScale runs examples/scale with as many simulated devices of 48 interfaces as NETCONF_SCALE says, and tells what each part of
// it costs. `make scale` runs it.
func TestScale(t *testing.T) {
	devices, err := strconv.Atoi(os.Getenv("NETCONF_SCALE"))
	if err != nil {
		t.Skip("set NETCONF_SCALE, to 300 say, or use make scale DEVICES=300")
	}
	need(t, "prometheus", "prometheus-alertmanager", "victoria-metrics", "vmalert")
	s := startScale(t, devices)
	waitFor := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(4 * time.Minute); !holds(); time.Sleep(time.Second) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s: %d devices are up", what, s.count("netconf_up == 1"))
			}
		}
	}
	// A loaded machine loses a scrape now and then.
	waitFor("all devices to be up", func() bool { return s.count("max_over_time(netconf_up[2m]) == 1") == devices })
	if n := s.count("count by (target) (netconf_up) > 1"); n > 0 {
		t.Errorf("%d targets are read by more than one exporter, or twice", n)
	}
	if n := s.count("sum by (target) (netconf_session_dials_total) > 1"); n > 0 {
		t.Errorf("%d targets were logged in to more than once", n)
	}
	if n := s.count("count by (instance) (netconf_up)"); n != len(s.exporters) {
		t.Errorf("%d exporters read, want %d", n, len(s.exporters))
	}
	waitFor("what the rules record", func() bool { return s.count(`{__name__=~".+:.+"}`) >= devices })
	s.measure(t, devices, time.Minute)

	// An exporter that ends is told of by the rules at the store.
	instance := strings.TrimPrefix(s.names["netconf-exporter-2:10830"], "http://")
	s.exporters[2].stop(syscall.SIGKILL)
	waitFor("the alert", func() bool {
		n, told := s.last(map[string]string{"alertname": "NetconfExporterDown", "instance": instance})
		return told && n.Status == "firing"
	})
}

func startScale(t *testing.T, devices int) *scale {
	t.Helper()
	dir := t.TempDir()
	s := &scale{monitoring: &monitoring{t: t, webhook: startWebhook(t)}}
	// The devices first, since they take many ports.
	config := filepath.Join(dir, "netconf.yml")
	s.devices = start(t, exec.Command(binary(t), "simulate", fmt.Sprintf("--devices=%d", devices), "--interfaces=48", "--write-config="+config))
	waitFor(t, "the devices", func() bool { return strings.Contains(s.devices.output.String(), "Ctrl-C") })
	s.prometheus, s.alertmanager = fmt.Sprintf("127.0.0.1:%d", freePort(t, 0)), fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	s.names = map[string]string{"store:8428": s.prometheus, "alertmanager:9093": s.alertmanager, "webhook:9095": s.webhook.address}
	port := freePort(t, 0)
	for i := range 3 {
		s.names[fmt.Sprintf("netconf-exporter-%d:10830", i)] = fmt.Sprintf("127.0.0.1%d:%d", i, port)
	}
	s.names["netconf-exporter-$1:10830"] = fmt.Sprintf("127.0.0.1$1:%d", port)
	copyFile := func(name, as string, change ...string) string {
		text, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, as)
		s.write(path, strings.NewReplacer(change...).Replace(string(text)))
		return path
	}

	for i := range 3 {
		s.exporters = append(s.exporters, start(t, exec.Command(binary(t), "--config.file="+config, "--no-collector.targets", "--log.level=warn",
			"--web.listen-address="+s.names[fmt.Sprintf("netconf-exporter-%d:10830", i)])))
	}
	waitFor(t, "the exporters", func() bool {
		for i := range 3 {
			if !ready(s.names[fmt.Sprintf("netconf-exporter-%d:10830", i)]) {
				return false
			}
		}
		return true
	})
	s.store = start(t, exec.Command("victoria-metrics", "-storageDataPath="+dir+"/store", "-httpListenAddr="+s.prometheus, "-loggerLevel=WARN"))
	start(t, exec.Command("prometheus-alertmanager", "--config.file="+copyFile("alertmanager.yml", "alertmanager.yml", "group_wait: 30s", "group_wait: 1s"),
		"--storage.path="+dir+"/alertmanager", "--web.listen-address="+s.alertmanager, "--cluster.listen-address="))
	waitFor(t, "the store and Alertmanager", func() bool { return ready(s.prometheus) && ready(s.alertmanager) })
	for _, name := range []string{"recording.yml", "alerts.yml"} {
		copyFile("rules/"+name, "rules/"+name, "for: 2m", "for: 10s")
	}
	store := "http://" + s.prometheus
	s.ruler = start(t, exec.Command("vmalert", "-rule="+dir+"/rules/*.yml", "-evaluationInterval=30s", "-datasource.url="+store, "-remoteWrite.url="+store,
		"-remoteRead.url="+store, "-notifier.url=http://"+s.alertmanager, fmt.Sprintf("-httpListenAddr=127.0.0.1:%d", freePort(t, 0)), "-loggerLevel=WARN"))
	for i := range 2 {
		address := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
		file := copyFile("scale/agent.yml", fmt.Sprintf("agent-%d.yml", i), "regex: AGENT", fmt.Sprintf("regex: %q", fmt.Sprint(i)))
		s.agents = append(s.agents, start(t, exec.Command("prometheus", "--enable-feature=agent", "--config.file="+file,
			fmt.Sprintf("--storage.agent.path=%s/agent-%d", dir, i), "--web.listen-address="+address, "--log.level=warn")))
	}
	return s
}

// measure tells what each part used in an interval, and how much went through it.
func (s *scale) measure(t *testing.T, devices int, interval time.Duration) {
	t.Helper()
	parts := []struct {
		name      string
		processes []*process
	}{{"simulated devices", []*process{s.devices}}, {"exporters", s.exporters}, {"agents", s.agents}, {"store", []*process{s.store}}, {"rules", []*process{s.ruler}}}
	used := func(all []*process) (sum time.Duration) {
		for _, p := range all {
			sum += processorTime(t, p.cmd.Process.Pid)
		}
		return sum
	}
	before := make([]time.Duration, len(parts))
	for i, part := range parts {
		before[i] = used(part.processes)
	}
	began, inserted := time.Now(), s.inserted(t)
	time.Sleep(interval)
	seconds := time.Since(began).Seconds()
	t.Logf("%d devices, %d samples of them in a round of scrapes, %.0f samples per second into the store", devices, int(s.value(t, `sum(scrape_samples_scraped)`)), (s.inserted(t)-inserted)/seconds)
	for i, part := range parts {
		var resident float64
		for _, p := range part.processes {
			resident += memory(t, p.cmd.Process.Pid, "VmRSS:")
		}
		t.Logf("%-18s %d: %5.1f %% of a core, %5.0f MB", part.name, len(part.processes), 100*(used(part.processes)-before[i]).Seconds()/seconds, resident/1e6)
	}
}

// value is the number that an expression gives.
func (s *scale) value(t *testing.T, expr string) (value float64) {
	t.Helper()
	got, err := s.query(expr)
	if err != nil || len(got) != 1 {
		t.Fatalf("%s gives %v, %v", expr, got, err)
	}
	fmt.Sscan(fmt.Sprint(got[0].Value[1]), &value)
	return value
}

// inserted is how many samples the store took by remote write, of agents and rules.
func (s *scale) inserted(t *testing.T) (sum float64) {
	t.Helper()
	response, err := http.Get("http://" + s.prometheus + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if number, found := strings.CutPrefix(line, `vm_rows_inserted_total{type="promremotewrite"} `); found {
			fmt.Sscan(number, &sum)
		}
	}
	return sum
}
