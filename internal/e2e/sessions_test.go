//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestTwentyScrapesMakeOneLogin(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	for i := range 20 {
		path := "/metrics"
		if i%2 == 1 {
			path = "/probe?target=targethost"
		}
		e.scrape(path, enough).want(1, "netconf_up")
	}
	if d.logins() != 1 {
		t.Errorf("20 scrapes made %d logins, want 1", d.logins())
	}
	scrape := e.scrape("/metrics", enough)
	scrape.want(1, "netconf_session_dials_total", "target=targethost", "result=ok")
	scrape.want(1, "netconf_session_established", "target=targethost")
}

func TestARestartOfNetconfdBetweenScrapesFailsNone(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	for restarts := range 3 {
		if restarts > 0 {
			d.restartNetconfd()
		}
		scrape := e.scrape("/metrics", enough)
		scrape.want(1, "netconf_up", "target=targethost")
		scrape.want(1, "netconf_module_success", "target=targethost", "module=ietf-interfaces")
		scrape.value("netconf_interface_receive_bytes_total", "interface=lo")
		if d.logins() != restarts+1 {
			t.Errorf("%d logins after %d restarts, want one for the start and one for each", d.logins(), restarts)
		}
	}
}

func TestADeviceThatReturnsIsReadAgain(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	e.scrape("/metrics", enough).want(1, "netconf_up")
	d.netconfd.stop(syscall.SIGKILL)
	e.scrape("/metrics", enough).want(0, "netconf_up")
	d.startNetconfd()
	waitFor(t, "netconf_up 1", func() bool { return e.scrape("/metrics", enough).value("netconf_up") == 1 })
}

func TestAReloadKeepsTheSession(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	e.scrape("/metrics", enough).want(1, "netconf_up")
	reloads := map[string]func(){
		"by SIGHUP": func() { e.cmd.Process.Signal(syscall.SIGHUP) },
		"by POST": func() {
			if status, body := e.reload(); status != 200 {
				t.Errorf("POST /-/reload gives %d: %s", status, body)
			}
		},
	}
	for name, reload := range reloads {
		t.Run(name, func(t *testing.T) {
			site := strings.ReplaceAll(name, " ", "-")
			e.configure(d.config() + fmt.Sprintf("    labels: {site: %s}\n", site))
			reload()
			waitFor(t, "the new label", func() bool {
				return len(e.scrape("/metrics", enough).values("netconf_target_info", "site="+site)) == 1
			})
			scrape := e.scrape("/metrics", enough)
			scrape.want(1, "netconf_up")
			scrape.want(1, "netconf_exporter_config_last_reload_successful")
			if d.logins() != 1 {
				t.Errorf("%d logins, want the one of the start: the target's connection did not change", d.logins())
			}
		})
	}
}

func TestABadReloadLeavesTheOldConfigurationServing(t *testing.T) {
	d := startDevice(t)
	e := startExporter(t, d.config())
	e.scrape("/metrics", enough).want(1, "netconf_exporter_config_last_reload_successful")
	e.configure(d.config() + "surprise: true\n")
	status, body := e.reload()
	if status < 400 || !strings.Contains(body, "netconf.yml:10:") {
		t.Errorf("POST /-/reload of a bad file gives %d: %s; want an error that names netconf.yml:10", status, body)
	}
	scrape := e.scrape("/metrics", enough)
	scrape.want(0, "netconf_exporter_config_last_reload_successful")
	scrape.want(1, "netconf_up", "target=targethost")
	e.configure(d.config())
	if status, body := e.reload(); status != 200 {
		t.Errorf("POST /-/reload of a good file gives %d: %s", status, body)
	}
	e.scrape("/metrics", enough).want(1, "netconf_exporter_config_last_reload_successful")
	if d.logins() != 1 {
		t.Errorf("%d logins, want 1", d.logins())
	}
}
