package onboard_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// TestOneLoginForEachDevice counts at the device, with credentials of its own and with an auth of the configuration.
func TestOneLoginForEachDevice(t *testing.T) {
	hello := strings.Replace(netconftest.Hello11, "</capabilities>",
		"<capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability></capabilities>", 1)
	s := newHarness(t, strings.Replace(base, "admin:", "  monitor: {username: "+netconftest.User+", password: "+netconftest.Password+
		", insecure_ignore_host_key: true, allowed_targets: [127.0.0.0/8]}\nadmin:", 1))
	for _, spec := range []inventory.Spec{
		{Name: "own", Username: netconftest.User, Password: netconftest.Password},
		{Name: "shared", Auth: "monitor"},
	} {
		device := netconftest.Start(t, netconftest.ServeOK(hello))
		spec.Address = device.Address
		if spec.Auth == "" {
			spec.Fingerprint = ssh.FingerprintSHA256(device.Key)
		}
		if done := s.add(t, spec, false); done.State != task.Succeeded {
			t.Fatalf("%s: %s", states(done), done.Error)
		}
		target, _ := s.Exporter.Target(spec.Name)
		for range 3 {
			if scrape := target.Scrape(t.Context(), nil); !scrape.Up {
				t.Fatal(scrape.Err)
			}
		}
		if offered, sessions := device.Offered.Load(), device.Logins.Load(); offered != 1 || sessions != 1 {
			t.Errorf("%s: %d passwords were sent and %d sessions opened, want one of each", spec.Name, offered, sessions)
		}
	}
}

// TestAddBehindAJumpHost adds devices that are reached through a jump host, before anything else is.
func TestAddBehindAJumpHost(t *testing.T) {
	jump, device := netconftest.StartJump(t), simulated(t)
	s := newHarness(t, strings.Replace(base, "admin:", "  jump: {username: "+netconftest.User+", password: "+netconftest.Password+
		", insecure_ignore_host_key: true}\njump_hosts: {bastion: {address: '"+jump.Address+"', auth: jump}}\nadmin:", 1))
	spec := own(device)
	spec.ProxyJump, spec.Fingerprint = "bastion", device.Fingerprint()
	if done := s.add(t, spec, false); done.State != task.Succeeded {
		t.Fatalf("%s: %s", states(done), done.Error)
	}
	if target, _ := s.Exporter.Target("new"); *target.Config().ProxyJump != "bastion" {
		t.Errorf("%+v", target.Config())
	}
	if logins := jump.Offered.Load(); logins != 1 {
		t.Errorf("%d logins at the jump host, want 1", logins)
	}
	spec.Name, spec.Address = "by name", strings.Replace(device.Address(), "127.0.0.1", "localhost", 1)
	if done := s.add(t, spec, false); !strings.Contains(done.Error, "write the address, not a name") {
		t.Errorf("%s: %s", states(done), done.Error)
	}
}
