package collector_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// TestCallHome has a device call: it is read at each scrape, over reloads that move the listener, until another key is its own.
func TestCallHome(t *testing.T) {
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(announce("urn:lab"))
		p.Answer(func(_, id string) string {
			return fmt.Sprintf(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="%s">%s</rpc-reply>`, id, items("top", "a", "1", ""))
		})
	})
	stranger := netconftest.Start(t, nil)
	config := func(listen, target string) string {
		return fmt.Sprintf("auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true}}\ncall_home: {ssh_listen_address: %q}\n"+
			"defaults: {modules: [lab]}\ntargets: [{name: device, auth: lab, call_home: true, %s}]\n", netconftest.User, netconftest.Password, listen, target) +
			fmt.Sprintf(lab, "things")
	}
	known := fmt.Sprintf("host_key_fingerprints: [%q]", ssh.FingerprintSHA256(device.Key))
	listen := netconftest.FreeAddress(t)
	e := start(t, load(t, config(listen, known)))
	scrape := func() *collector.Scrape { return e.Targets()[0].Scrape(within(t, 10*time.Second), nil) }
	if s := scrape(); s.Up || s.Reason != collector.ReasonTimeout || !strings.Contains(s.Err.Error(), "has not called yet") {
		t.Errorf("before it has called: up %v, reason %q, %v", s.Up, s.Reason, s.Err)
	}
	call := func(d *netconftest.Device) {
		if err := d.Call(listen); err != nil {
			t.Fatal(err)
		}
	}
	call(stranger)
	call(device)
	<-e.Targets()[0].Called()
	for range 20 {
		if got := samples(scrape().Families); got["lab_value note= thing=a"] != 1 || got["netconf_up"] != 1 {
			t.Fatalf("the scrape has %v", got)
		}
	}
	moved := netconftest.FreeAddress(t)
	for _, to := range []string{config(listen, known+", labels: {site: ams}"), config(moved, known), config(moved, known+", max_age: 0s")} {
		if err := e.Apply(load(t, to)); err != nil {
			t.Fatal(err)
		}
		if s := scrape(); !s.Up {
			t.Errorf("after a reload: %v", s.Err)
		}
	}
	if err := device.Call(listen); err == nil {
		t.Error("the address of before is still open")
	}
	if n := device.Logins.Load(); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	taken := netconftest.Listen(t, func(net.Conn) {})
	if err := e.Apply(load(t, config(taken, known))); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("a reload that listens where another program does: %v", err)
	}
	listen = moved
	if err := e.Apply(load(t, config(listen, fmt.Sprintf("host_key_fingerprints: [%q]", ssh.FingerprintSHA256(stranger.Key))))); err != nil {
		t.Fatal(err)
	}
	if s := scrape(); s.Up {
		t.Error("the session with a device whose key is no longer the target's is still there")
	}
	call(device)
	for deadline := within(t, 20*time.Second); len(e.UnknownCallers()) == 0 || e.UnknownCallers()[0].Fingerprint != ssh.FingerprintSHA256(device.Key); {
		if deadline.Err() != nil {
			t.Fatalf("the unknown callers are %+v", e.UnknownCallers())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestCallDuringALogin has a device call again before its login has ended, which it refuses: the second call is taken without a scrape.
func TestCallDuringALogin(t *testing.T) {
	listen := netconftest.FreeAddress(t)
	var e *collector.Exporter
	var device *netconftest.Device
	results := func() (n uint64) {
		for _, results := range e.Calls().Results {
			n += results
		}
		return n
	}
	device = netconftest.Start(t, nil, func(d *netconftest.Device) {
		config := *d.Config
		config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			if err := d.Call(listen); err != nil {
				t.Error(err)
			}
			for range 1000 { // until the exporter knows who calls
				if time.Sleep(time.Millisecond); e.Calls().Half > 0 {
					break
				}
			}
			for e.Calls().Half > 0 {
				time.Sleep(time.Millisecond)
			}
			return nil, netconftest.ErrWrong
		}
		d.Config = &config
	})
	e = start(t, load(t, fmt.Sprintf("auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true}}\ncall_home: {ssh_listen_address: %q}\n"+
		"targets: [{name: device, auth: lab, call_home: true, host_key_fingerprints: [%q]}]\n", netconftest.User, netconftest.Password, listen, ssh.FingerprintSHA256(device.Key))))
	if err := device.Call(listen); err != nil {
		t.Fatal(err)
	}
	for deadline := within(t, 30*time.Second); results() < 2; time.Sleep(5 * time.Millisecond) {
		if deadline.Err() != nil {
			t.Fatalf("the calls were %v", e.Calls().Results)
		}
	}
}
