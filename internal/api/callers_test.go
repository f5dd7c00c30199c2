package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// TestAddingWhoCallsOverTLS adds what /callers lists: a device whose certificate is its own, and one whose certificate an authority issued.
func TestAddingWhoCallsOverTLS(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	hello := strings.Replace(netconftest.Hello11, "</capabilities>",
		"<capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability></capabilities>", 1)
	for name, test := range map[string]struct {
		by     *labcert.Authority // nil: the device itself
		listed string             // name in the list
		with   func(api.Caller) fields
	}{
		"self-signed": {nil, "", func(c api.Caller) fields {
			return fields{"name": "branch office", "certificate_fingerprint": c.Fingerprint}
		}},
		"of an authority, by its certificate": {lab.Authority, "r1.example.net", func(c api.Caller) fields {
			return fields{"name": "branch", "certificate_fingerprint": c.Fingerprint}
		}},
		"of an authority, by its name": {lab.Authority, "r1.example.net", func(c api.Caller) fields { return fields{"name": c.Name} }},
	} {
		t.Run(name, func(t *testing.T) {
			listen := netconftest.FreeAddress(t)
			s := newHarness(t, apitest.Options{Config: fmt.Sprintf(
				"auths:\n  cert: {tls_config: {ca_file: %q, cert_file: %q, key_file: %q}, allowed_targets: [127.0.0.0/8]}\ncall_home: {tls_listen_address: %q}\n",
				lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem"), listen)})
			device := netconftest.StartTLS(lab, netconftest.ServeOK(hello), func(d *netconftest.Device) {
				d.TLS = lab.Server(test.by, labcert.Leaf{Subject: "r1", Names: []string{"r1.example.net"}})
			})
			if err := device.Call(listen); err != nil {
				t.Fatal(err)
			}
			var listed []api.Caller
			for deadline := time.Now().Add(time.Minute); len(listed) == 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("no caller is listed")
				}
				listed = decodeAs[api.Callers](t, s.do(t, "GET", "/callers", nil)).Callers
			}
			caller := listed[0]
			if caller.Transport != "tls" || caller.Fingerprint != config.CertificateFingerprint(device.TLS.Certificates[0].Certificate[0]) || caller.Name != test.listed ||
				!strings.Contains(caller.KeyType, `"CN=r1"`) {
				t.Errorf("the caller is listed as %+v", caller)
			}
			a := s.do(t, "POST", "/targets", test.with(caller).with(fields{"auth": "cert", "call_home": true, "transport": "tls"}))
			id := strings.TrimPrefix(a.header.Get("Location"), api.Prefix+"/tasks/")
			if a.status != 202 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			calling := make(chan struct{})
			defer func() { <-calling }()
			done := make(chan struct{})
			defer close(done)
			go func() { // as a device does that has no session
				defer close(calling)
				for device.Logins.Load() == 0 {
					_ = device.Call(listen)
					select {
					case <-done:
						return
					case <-time.After(50 * time.Millisecond):
					}
				}
			}()
			if added := s.follow(t, id); added.State != task.Succeeded {
				t.Fatalf("the task ended as %+v", added)
			}
			if left := decodeAs[api.Callers](t, s.do(t, "GET", "/callers", nil)).Callers; len(left) > 0 {
				t.Errorf("it is still listed: %+v", left)
			}
		})
	}
}
