package onboard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// TestAddOverTLS adds devices that are known by their certificates: nobody is asked, because the auth decides.
func TestAddOverTLS(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	s := newHarness(t, fmt.Sprintf(`
auths:
  cert: {tls_config: {ca_file: %q, cert_file: %q, key_file: %q}, allowed_targets: [127.0.0.0/8]}
`, lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem")))
	good := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11))
	stranger := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.TLS = lab.Server(lab.Stranger(), labcert.Leaf{Subject: "router2", Names: []string{"127.0.0.1"}})
	})
	for address, want := range map[string]struct {
		state task.State
		step  int
		says  string
	}{
		good.Address:     {task.Failed, 6, "no module fits"}, // it has no model
		stranger.Address: {task.Failed, 2, "comes from an authority that is not trusted"},
	} {
		got := s.add(t, inventory.Spec{Name: address, Address: address, Auth: "cert", Transport: "tls"}, false)
		if got.State != want.state || !strings.Contains(got.Steps[want.step].Error+got.Steps[want.step].Detail, want.says) {
			t.Errorf("%+v", got)
		}
		if key := got.Steps[2]; address == good.Address && (!strings.Contains(key.Detail, "certificate CN=router1 SHA256:") || got.Steps[3].Detail != "by its certificate") {
			t.Errorf("%+v", got.Steps)
		}
	}
	if stranger.Logins.Load() != 0 || good.Logins.Load() != 1 {
		t.Errorf("%d and %d logins", stranger.Logins.Load(), good.Logins.Load())
	}
}
