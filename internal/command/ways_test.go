package command_test

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// thermometerOverRESTCONF is a device that gives its own YANG, at the address in its YANG library.
func thermometerOverRESTCONF(t *testing.T) *netconftest.RESTCONF {
	return (&netconftest.RESTCONF{Username: "u", Password: "secret", Answers: map[string]string{
		"/restconf/data/ietf-yang-library:modules-state/module-set-id": `<module-set-id xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">1</module-set-id>`,
		"/restconf/data/ietf-yang-library:modules-state": `<modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"><module><name>thermometer</name><revision/>
			<schema>/yang/thermometer</schema><namespace>urn:thermometer</namespace><conformance-type>implement</conformance-type></module></modules-state>`,
		"/restconf/data/thermometer:now": temperature,
		"/yang/thermometer":              thermometer,
	}}).Start(t, nil)
}

const temperature = `<now xmlns="urn:thermometer"><temperature>21500</temperature></now>`

// serveThermometer is the script of that device where it speaks NETCONF.
func serveThermometer(p *netconftest.Peer) {
	p.Greet(strings.Replace(netconftest.Hello11, "</capabilities>", "<capability>urn:thermometer?module=thermometer</capability>"+
		"<capability>urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring?module=ietf-netconf-monitoring&amp;revision=2010-10-04</capability></capabilities>", 1))
	p.Answer(func(rpc, id string) string {
		content := `<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag><error-severity>error</error-severity></rpc-error>`
		switch {
		case strings.Contains(rpc, "<identifier>thermometer</identifier>"):
			content = `<data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring">` + html.EscapeString(thermometer) + `</data>`
		case strings.Contains(rpc, "urn:thermometer"):
			content = "<data>" + temperature + "</data>"
		}
		return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `">` + content + `</rpc-reply>`
	})
}

// way is one way to a device.
type way struct {
	target string // its settings
	key    string // fingerprint of what it is known by
	// HostKey is the command that prints it.
	hostKey command.HostKey
	caller  *netconftest.Device // calls home; nil: the device is dialled
	calls   string              // where it calls
	used    func() int          // connections through what is in between; nil: nothing is
}

// ways starts devices, a jump host and a proxy, and returns the ways to the devices by name, and a configuration that has them.
func ways(t *testing.T) (map[string]way, string) {
	t.Helper()
	lab := netconftest.NewTLSLab(t)
	overSSH, overTLS, web := netconftest.Start(t, serveThermometer), netconftest.StartTLS(lab, serveThermometer), thermometerOverRESTCONF(t)
	jump, proxy := netconftest.StartJump(t), netconftest.StartProxy(t)
	homeSSH, homeTLS := netconftest.FreeAddress(t), netconftest.FreeAddress(t)
	keyOf := func(d *netconftest.Device) string {
		if d.TLS != nil {
			return config.CertificateFingerprint(d.TLS.Certificates[0].Certificate[0])
		}
		return ssh.FingerprintSHA256(d.Key)
	}
	all := map[string]way{
		"ssh that calls": {
			target: fmt.Sprintf("auth: lab, call_home: true, host_key_fingerprints: [%q]", keyOf(overSSH)), key: keyOf(overSSH),
			hostKey: command.HostKey{CallHome: homeSSH}, caller: overSSH, calls: homeSSH,
		},
		"tls that calls": {
			target: fmt.Sprintf("auth: cert, transport: tls, call_home: true, certificate_fingerprints: [%q]", keyOf(overTLS)), key: keyOf(overTLS),
			hostKey: command.HostKey{Transport: config.TransportTLS, CallHome: homeTLS}, caller: overTLS, calls: homeTLS,
		},
	}
	for transport, device := range map[config.Transport]struct{ address, auth, key string }{
		config.TransportSSH:      {overSSH.Address, "lab", keyOf(overSSH)},
		config.TransportTLS:      {overTLS.Address, "cert", keyOf(overTLS)},
		config.TransportRESTCONF: {web.Address(), "web", config.CertificateFingerprint(web.Certificate())},
	} {
		target := fmt.Sprintf("auth: %s, transport: %s, address: %q", device.auth, transport, device.address)
		through := config.ProxyURL("socks5://" + proxy.Address)
		all[string(transport)] = way{target: target, key: device.key, hostKey: command.HostKey{Address: device.address, Transport: transport}}
		all[string(transport)+" through a jump host"] = way{
			target: target + ", proxy_jump: bastion", key: device.key,
			hostKey: command.HostKey{Address: device.address, Transport: transport, ProxyJump: "bastion"}, used: func() int { return int(jump.Forwarded.Load()) },
		}
		all[string(transport)+" through a proxy"] = way{
			target: target + fmt.Sprintf(", proxy_url: %q", string(through)), key: device.key,
			hostKey: command.HostKey{Address: device.address, Transport: transport, ProxyURL: through}, used: func() int { return int(proxy.Opened.Load()) },
		}
	}
	text := fmt.Sprintf(`
auths:
  lab: {username: %s, password: %s, host_key_fingerprints: [%q, %q]}
  cert: {tls_config: {ca_file: %q, cert_file: %q, key_file: %q}}
  web: {username: u, password: secret, tls_config: {ca_file: %q}}
jump_hosts: {bastion: {address: %q, auth: lab}}
call_home: {ssh_listen_address: %q, tls_listen_address: %q}
targets:
`, netconftest.User, netconftest.Password, keyOf(overSSH), keyOf(jump.Device), lab.File("ca.pem"), lab.File("cert.pem"), lab.File("key.pem"), web.CAFile(t), jump.Address, homeSSH, homeTLS)
	for name, w := range all {
		text += fmt.Sprintf("- {name: %s, %s}\n", name, w.target)
	}
	return all, write(t, text)
}

// calling has a device call while it has no connection. stop ends that.
func (w way) calling() (stop func()) {
	if w.caller == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if w.caller.Connections() == 0 {
				_ = w.caller.Call(w.calls) // nobody may be listening yet
			}
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// TestEveryCommandOverEveryWay reads one device over each transport, directly, through a jump host, through a proxy, and when it calls. What is generated from
// the device's own YANG is the same each time, and probe reads by it.
func TestEveryCommandOverEveryWay(t *testing.T) {
	all, file := ways(t)
	const generatedName = "thermometer_now_temperature_celsius"
	first := ""
	for name, w := range all {
		t.Run(name, func(t *testing.T) {
			device := command.Device{Target: name}
			generated := filepath.Join(t.TempDir(), "generated.yml")
			for _, step := range []struct {
				name    string
				command command.Command
				files   []string
				want    string
			}{
				{"hostkey", &w.hostKey, []string{file}, w.key},
				{"generate", &command.Generate{Device: device, Paths: []string{"/thermometer:now"}}, []string{file}, generatedName},
				{"get", &command.Get{Device: device, What: "/thermometer:now"}, []string{file}, "<temperature>21500</temperature>"},
				{"discover", &command.Discover{Device: device, All: true}, []string{file, generated}, "thermometer"},
				{"probe", &command.Probe{Device: device, Modules: []string{"thermometer"}}, []string{file, generated}, generatedName + " 21.5\n"},
			} {
				before := 0
				if w.used != nil {
					before = w.used()
				}
				stop := w.calling()
				r := run(t, step.command, step.files...)
				stop()
				text := r.stdout.String()
				if r.err != nil || !strings.Contains(text, step.want) {
					t.Fatalf("%s: %v\n%s\n%s", step.name, r.err, text, r.stderr)
				}
				if w.used != nil && w.used() == before {
					t.Errorf("%s went another way", step.name)
				}
				if step.name != "generate" {
					continue
				}
				if first == "" {
					first = text
				} else if text != first {
					t.Errorf("another module is generated than over the ways before:\n%s\nand before:\n%s", text, first)
				}
				if err := os.WriteFile(generated, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
