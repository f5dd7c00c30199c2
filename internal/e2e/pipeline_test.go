//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// pipelineScrape is the scrape interval of the tests. The files' own times are too long for tests: see shortenTimes.
const pipelineScrape = 2 * time.Second

// monitoring is a Prometheus and an Alertmanager, started with the repository's files.
type monitoring struct {
	t                        testing.TB
	prometheus, alertmanager string // host:port
	names                    map[string]string
	*webhook
}

// startPipeline copies the repository's files to a directory, replaces the host names of docker-compose.yml by addresses, shortens the
// times, and starts Prometheus with the named file; its text may be given, too.
func startPipeline(t *testing.T, exporter, file, text string) *monitoring {
	t.Helper()
	need(t, "prometheus", "prometheus-alertmanager")
	p := &monitoring{t: t, webhook: startWebhook(t), prometheus: fmt.Sprintf("127.0.0.1:%d", freePort(t, 0)), alertmanager: fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))}
	p.names = map[string]string{"netconf-exporter:10830": exporter, "alertmanager:9093": p.alertmanager, "webhook:9095": p.webhook.address}
	dir := t.TempDir()
	for _, name := range []string{"prometheus.yml", "examples/prometheus-probe.yml", "examples/alertmanager.yml", "examples/rules/recording.yml", "examples/rules/alerts.yml"} {
		original, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if name == file && text != "" {
			original = []byte(text)
		}
		p.write(filepath.Join(dir, name), shortenTimes(string(original)))
	}
	start(t, exec.Command("prometheus-alertmanager", "--config.file="+dir+"/examples/alertmanager.yml", "--storage.path="+dir+"/alertmanager",
		"--web.listen-address="+p.alertmanager, "--cluster.listen-address="))
	prometheus := start(t, exec.Command("prometheus", "--config.file="+filepath.Join(dir, file), "--storage.tsdb.path="+dir+"/prometheus", "--web.listen-address="+p.prometheus))
	waitFor(t, "Prometheus and Alertmanager to be ready", func() bool {
		if !prometheus.running() {
			t.Fatalf("Prometheus ended: %s", prometheus.output.String())
		}
		return ready(p.prometheus) && ready(p.alertmanager)
	})
	return p
}

func (p *monitoring) write(path, text string) {
	p.t.Helper()
	for name, address := range p.names {
		text = strings.ReplaceAll(text, name, address)
	}
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// shortenTimes shortens the times in a file: a minute becomes a second or two.
func shortenTimes(text string) string {
	for _, change := range []struct{ from, to string }{
		{`(scrape_interval|scrape_timeout): \w+`, `$1: ` + pipelineScrape.String()},
		{`(evaluation_interval|refresh_interval|group_interval|\n +interval): \w+`, `$1: 1s`},
		{`group_wait: \w+`, `group_wait: 3s`}, // Alertmanager does not wait for what holds back an alert that comes later than this
		{`keep_firing_for: \w+`, `keep_firing_for: 14s`},
		{`\[5m\]`, `[10s]`},
		{`\[15m\]`, `[1m]`},
		{`\[1h\]`, `[1m]`},
		{`offset 1[hd]`, `offset 1m`},
		{`> 600\b`, `> 25`}, // seconds that data is old
		{`< 900\b`, `< 30`}, // seconds since a device booted
	} {
		text = regexp.MustCompile(change.from).ReplaceAllString(text, change.to)
	}
	// What waits longer still does, by several scrapes, so that what it follows from comes first: 1m, 2m and 10m are 2, 6 and 24 s.
	return regexp.MustCompile(`\bfor: (\d+)([mh])`).ReplaceAllStringFunc(text, func(found string) string {
		wait, err := time.ParseDuration(strings.TrimPrefix(found, "for: "))
		if err != nil {
			panic(err)
		}
		return fmt.Sprintf("for: %.0fs", min(4*wait.Minutes()-2, 14+wait.Minutes()))
	})
}

func ready(address string) bool {
	response, err := http.Get("http://" + address + "/-/ready")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// series is one result of a query.
type series struct {
	Labels map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

// query returns what an expression gives now; an error is one of Prometheus.
func (p *monitoring) query(expr string) ([]series, error) {
	var answer struct{ Result []series }
	return answer.Result, p.api(p.prometheus, "/api/v1/query?query="+url.QueryEscape(expr), &answer)
}

// api reads the data of an answer of Prometheus.
func (p *monitoring) api(address, path string, data any) error {
	answer := struct {
		Data  any
		Error string
	}{Data: data}
	if err := getJSON("http://"+address+path, &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}

// getJSON reads an answer, whatever its status.
func getJSON(url string, into any) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", body, err)
	}
	return nil
}

// wantRulesToWork fails the test for each rule that gives an error.
func (p *monitoring) wantRulesToWork() {
	p.t.Helper()
	var answer struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := p.api(p.prometheus, "/api/v1/rules", &answer); err != nil || len(answer.Groups) == 0 {
		p.t.Fatalf("%d groups of rules: %v", len(answer.Groups), err)
	}
	for _, group := range answer.Groups {
		for _, rule := range group.Rules {
			if rule.Health != "ok" {
				p.t.Errorf("rule %s is %s: %s", rule.Name, rule.Health, rule.LastError)
			}
		}
	}
}

// webhook collects what Alertmanager sends.
type webhook struct {
	address string
	mu      sync.Mutex
	alerts  []notice
}

// notice is one alert in one notification.
type notice struct {
	Receiver            string
	Status              string // firing or resolved
	Labels, Annotations map[string]string
}

func startWebhook(t *testing.T) *webhook {
	w := &webhook{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct {
			Receiver string
			Alerts   []notice
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Errorf("a notification cannot be read: %v", err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, alert := range message.Alerts {
			alert.Receiver = message.Receiver
			w.alerts = append(w.alerts, alert)
		}
	}))
	t.Cleanup(server.Close)
	w.address = strings.TrimPrefix(server.URL, "http://")
	return w
}

// counted is how many notices there were of an alert.
func (w *webhook) counted(alert string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, notice := range w.alerts {
		if notice.Labels["alertname"] == alert {
			n++
		}
	}
	return n
}

// last returns the last notice of an alert with these labels.
func (w *webhook) last(labels map[string]string) (found notice, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.alerts {
		if includes(n.Labels, labels) {
			found, ok = n, true
		}
	}
	return found, ok
}

func includes(all, some map[string]string) bool {
	for name, value := range some {
		if all[name] != value {
			return false
		}
	}
	return true
}
