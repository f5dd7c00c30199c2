package command_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// netbox is an inventory that answers as a test says.
type netbox struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	body   string
	asked  int
}

func newNetbox(t *testing.T) *netbox {
	n := &netbox{status: http.StatusOK, body: "[]"}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.asked++
		if user, password, _ := r.BasicAuth(); user != "monitor" || password != "token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(n.status)
		_, _ = w.Write([]byte(n.body))
	}))
	t.Cleanup(n.Close)
	return n
}

// answer sets what the inventory says, and waits until it has said so that many times.
func (n *netbox) answer(t *testing.T, status int, body string, times int) {
	t.Helper()
	n.mu.Lock()
	n.status, n.body = status, body
	until := n.asked + times + 1 // the first may have been under way
	n.mu.Unlock()
	for range 1000 {
		n.mu.Lock()
		asked := n.asked
		n.mu.Unlock()
		if asked >= until {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the inventory is not asked")
}

// listed is an entry of the inventory's list.
func listed(name, address string) string {
	return fmt.Sprintf(`{"targets": [%q], "labels": {"__meta_netbox_name": %q, "__meta_netbox_primary_ip": %q, "__meta_netbox_site_slug": "ams"}}`, "id-"+name, name, address)
}

// TestInventory has an inventory that fails, lies, shrinks to nothing and comes back, and an exporter that is started anew.
func TestInventory(t *testing.T) {
	devices, file := fleet(t, simulator.Config{Devices: 2, Interfaces: 1})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	logins := make(chan struct{}, 100)
	liar := netconftest.Start(t, func(*netconftest.Peer) { logins <- struct{}{} }) // on an address that is not allowed
	inventory := newNetbox(t)
	head, targets, _ := strings.Cut(string(text), "targets:")
	head = regexp.MustCompile(`( +)username:`).ReplaceAllString(head, "${1}allowed_targets: [127.0.0.1]\n${1}username:")
	first, _, _ := strings.Cut(targets, "- name: sim-0002")
	head += "targets:" + strings.TrimRight(first, " ") + "http_sd_configs:\n- {url: '" + inventory.URL + "', refresh_interval: 1s, basic_auth: {username: monitor, password: token}, auth: simulated, " +
		"name_label: __meta_netbox_name, address_label: __meta_netbox_primary_ip, labels: {site: __meta_netbox_site_slug}}\n"
	if err := os.WriteFile(file, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	storage := filepath.Join(t.TempDir(), "data")
	var url string
	var r *result
	var stop func() error
	begin := func() {
		serve := serveAt("127.0.0.1:0")
		serve.Admin.StoragePath = storage
		if checked := run(t, command.Check{}, file); checked.err != nil {
			t.Fatal(checked.err)
		}
		r, stop = start(t, serve, file)
		url = "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	}
	has := func(name string) bool {
		_, body := fetch(t, http.MethodGet, url+"/sd")
		return strings.Contains(body, `"`+name+`"`)
	}
	want := func(when, name string, there bool) {
		t.Helper()
		for range 3000 {
			if has(name) == there {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("%s: target %s is there: %v\n%s", when, name, !there, r.stderr)
	}
	begin()
	good := "[" + listed("from-inventory", devices[1].Address()) + "," + listed("sim-0001", devices[1].Address()) + "," + listed("bad", "http://x/") + "]"
	inventory.answer(t, http.StatusOK, good, 0)
	want("a good list", "from-inventory", true)
	want("a name that is taken", "sim-0001", true)
	want("a bad address", "bad", false)
	if _, body := fetch(t, http.MethodGet, url+"/metrics"); !strings.Contains(body, `netconf_up{target="from-inventory"} 1`) || !strings.Contains(body, `site="ams",target="from-inventory"`) {
		t.Errorf("the target of the inventory is not read:\n%s", r.stderr)
	}
	for _, bad := range []struct {
		status int
		body   string
	}{{500, good}, {200, "<html>Sign in</html>"}, {200, "null"}, {200, `{"targets": []}`}, {200, `[{"targets": "x"}]`}, {404, "[]"}, {200, good[:20]}, {200, `[{"targets": [" "]}]`}} {
		inventory.answer(t, bad.status, bad.body, 0)
		if !has("from-inventory") {
			t.Errorf("status %d and %q lose the targets", bad.status, bad.body)
		}
	}
	failed := `netconf_exporter_http_sd_failed{url="` + inventory.URL + `"} `
	if _, body := fetch(t, http.MethodGet, url+"/metrics"); !strings.Contains(body, failed+"1") {
		t.Errorf("the failures are not in the metrics:\n%s", body)
	}
	if status, body := fetch(t, http.MethodPost, url+"/-/reload"); status != http.StatusOK || !has("from-inventory") {
		t.Errorf("a reload meanwhile: %d %s", status, body)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	probed := run(t, &command.Probe{Device: command.Device{Target: "from-inventory", StoragePath: storage}}, file)
	if probed.err != nil || !strings.Contains(probed.stdout.String(), "netconf_up 1") {
		t.Errorf("the command line does not know the inventory's target: %v", probed.err)
	}
	begin() // while the inventory answers nonsense
	want("after a restart", "from-inventory", true)

	inventory.answer(t, http.StatusOK, "[]", 1)
	want("a second empty list", "from-inventory", false)
	if !strings.Contains(r.stderr.String(), "it is believed when it comes a second time") {
		t.Errorf("the first empty list is believed:\n%s", r.stderr)
	}
	inventory.answer(t, http.StatusOK, good, 0)
	want("it comes back", "from-inventory", true)
	if _, body := fetch(t, http.MethodGet, url+"/metrics"); !strings.Contains(body, failed+"0") {
		t.Errorf("the inventory still fails in the metrics:\n%s", body)
	}

	_, port, _ := strings.Cut(liar.Address, ":")
	inventory.answer(t, http.StatusOK, "["+listed("lie", "127.0.0.2:"+port)+"]", 0)
	want("a lie", "lie", true)
	if _, body := fetch(t, http.MethodGet, url+"/probe?target=lie&debug=true"); !strings.Contains(body, "allowed_targets") {
		t.Errorf("an address that is not allowed:\n%s", body)
	}
	if len(logins) > 0 {
		t.Error("an address that is not allowed is logged in to")
	}
	if text := r.stderr.String(); strings.Contains(text, "token") {
		t.Errorf("the log has the inventory's password:\n%s", text)
	}
	if _, body := fetch(t, http.MethodGet, url+"/config"); strings.Contains(body, "token") || !strings.Contains(body, "http_sd_configs") {
		t.Errorf("/config:\n%s", body)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
