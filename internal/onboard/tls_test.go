package onboard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// certAuth is a configuration with an auth that logs in by the lab's certificate.
func certAuth(lab *netconftest.TLSLab) string {
	return fmt.Sprintf(`
auths:
  cert: {tls_config: {ca_file: %[1]q, cert_file: %[2]q, key_file: %[3]q}, allowed_targets: [127.0.0.0/8]}
  unchecked: {tls_config: {cert_file: %[2]q, key_file: %[3]q}, allowed_targets: [127.0.0.0/8]}
admin: {allowed_targets: [127.0.0.0/8]}
`, lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem"))
}

// TestAddOverTLS adds devices that are known by their certificates. About one that nobody vouches for, a person is asked.
func TestAddOverTLS(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	s := newHarness(t, certAuth(lab))
	good := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11))
	stranger := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.TLS = lab.Server(lab.Stranger(), labcert.Leaf{Subject: "router2", Names: []string{"127.0.0.1"}})
	})
	fingerprint := config.CertificateFingerprint(stranger.TLS.Certificates[0].Certificate[0])
	known := s.add(t, inventory.Spec{Name: "good", Address: good.Address, Auth: "cert", Transport: "tls"}, false)
	if key := known.Steps[2]; !strings.Contains(key.Detail, `certificate SHA256:`) || !strings.Contains(key.Detail, `"CN=router1"`) || known.Steps[3].Detail != "by its certificate" {
		t.Errorf("%+v", known.Steps)
	}
	spec := inventory.Spec{Name: "stranger", Address: stranger.Address, Auth: "cert", Transport: "tls"}
	waiting := s.add(t, spec, false)
	if waiting.State != task.AwaitingConfirmation || waiting.Fingerprint != fingerprint || waiting.KeyType != session.CertificateType ||
		waiting.Why != "comes from an authority that is not trusted" || !strings.Contains(waiting.About, `"CN=router2"`) {
		t.Fatalf("%+v", waiting)
	}
	if stranger.Logins.Load() != 0 || good.Logins.Load() != 1 {
		t.Errorf("%d and %d logins", stranger.Logins.Load(), good.Logins.Load())
	}
	if _, err := s.Confirm(waiting.ID, fingerprint, me); err != nil {
		t.Fatal(err)
	}
	confirmed := s.follow(t, waiting.ID)
	if confirmed.Steps[2].State != task.StepSucceeded || confirmed.Steps[3].State != task.StepSucceeded || confirmed.Input.Certificate != fingerprint || stranger.Logins.Load() != 1 {
		t.Errorf("%+v", confirmed)
	}
	if !strings.Contains(s.log.String(), `change="confirmed a certificate"`) {
		t.Error(s.log.String())
	}
	unchecked := inventory.Spec{Name: "unchecked", Address: good.Address, Auth: "unchecked", Transport: "tls"}
	if asked := s.add(t, unchecked, false); asked.State != task.AwaitingConfirmation || good.Logins.Load() != 1 {
		t.Errorf("with an auth that trusts nobody: %+v, %d logins", asked, good.Logins.Load())
	} else if _, err := s.Confirm(asked.ID, asked.Fingerprint, me); err != nil {
		t.Error(err)
	} else if confirmed := s.follow(t, asked.ID); confirmed.Steps[3].State != task.StepSucceeded || good.Logins.Load() != 2 {
		t.Errorf("%+v", confirmed)
	}
	spec.Certificate = config.CertificateFingerprint([]byte("another one"))
	if refused := s.add(t, spec, false); refused.State != task.Failed || !strings.Contains(refused.Error, "is none of the certificate_fingerprints") {
		t.Errorf("with another certificate: %+v", refused)
	}
}

// TestAddOverRESTCONF adds a device with a user name and a password of its own, whose certificate it made itself. What was confirmed holds over a
// restart, and for no other certificate.
func TestAddOverRESTCONF(t *testing.T) {
	fleet, err := simulator.Start(simulator.Config{Devices: 1, Interfaces: 3, Transport: simulator.TransportRESTCONF})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fleet.Close() })
	device := fleet.Devices()[0]
	s := newHarness(t, base)
	waiting := s.add(t, inventory.Spec{Name: "web", Address: device.Address(), Username: "netconf", Password: "netconf", Transport: "restconf"}, false)
	if waiting.State != task.AwaitingConfirmation || !waiting.IsCertificate() || device.Logins() != 0 {
		t.Fatalf("%+v, %d logins", waiting, device.Logins())
	}
	if _, err := s.Confirm(waiting.ID, waiting.Fingerprint, me); err != nil {
		t.Fatal(err)
	}
	if added := s.follow(t, waiting.ID); added.State != task.Succeeded || states(added) != allDone {
		t.Fatalf("%+v", added)
	}
	text, err := os.ReadFile(filepath.Join(s.Folder, "targets", "web.yml"))
	if err != nil || !strings.Contains(string(text), "certificate_fingerprints:\n      - "+waiting.Fingerprint+"\n") || !strings.Contains(string(text), "transport: restconf") {
		t.Errorf("stored is %s (%v)", text, err)
	}
	if err := s.Inventory.Reload(); err != nil {
		t.Fatal(err)
	}
	target, ok := s.Exporter.Target("web")
	if !ok || !target.Scrape(t.Context(), nil).Up {
		t.Error("the target is not read after a reload")
	}
}
