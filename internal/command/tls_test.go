package command_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// TestHostKeyPrintsCertificates takes each certificate that is printed for a ca_file. No certificate of ours is sent.
func TestHostKeyPrintsCertificates(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	device := netconftest.StartTLS(lab, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) {
		d.TLS = lab.Server(lab.Authority, labcert.Leaf{Subject: "router1", Names: []string{"r1.example.net", "127.0.0.1"}})
		d.TLS.Certificates[0].Certificate = append(d.TLS.Certificates[0].Certificate, lab.AuthorityDER())
	})
	r := run(t, &command.HostKey{Address: device.Address, Transport: config.TransportTLS})
	if r.err != nil {
		t.Fatal(r.err)
	}
	text := r.stdout.String()
	for _, want := range []string{`certificate 1 of 2: "CN=router1"`, `for: ["r1.example.net" "127.0.0.1"]`, `issued by: "CN=lab"`, `certificate 2 of 2: "CN=lab"`, "fingerprint: SHA256:", "certificate_fingerprints", "ca_file"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if device.Logins.Load() != 0 {
		t.Error("it has logged in")
	}
	blocks := strings.SplitAfter(text, "-----END CERTIFICATE-----\n")
	for i, trusted := range []string{text, blocks[0], blocks[1]} {
		if err := os.WriteFile(lab.File("pasted.pem"), []byte(trusted), 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(lab.Folder, "netconf.yml")
		content := fmt.Sprintf("auths: {cert: {tls_config: {ca_file: pasted.pem, cert_file: cert.pem, key_file: key.pem}}}\n"+
			"targets: [{name: router1, address: %q, auth: cert, transport: tls}]\n", device.Address)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := run(t, &command.Get{Device: command.Device{Target: "router1"}, What: "<get/>"}, file); r.err != nil {
			t.Errorf("with part %d as ca_file: %v", i, r.err)
		}
	}
	wantError(t, run(t, &command.HostKey{Address: netconftest.Start(t, nil).Address, Transport: config.TransportTLS}).err, "is an SSH server")
}
