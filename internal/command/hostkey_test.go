package command_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

func TestHostKeyPrintsAllKeysToPaste(t *testing.T) {
	keys := []ssh.Signer{netconftest.NewKey(t, "ed25519"), netconftest.NewKey(t, "ecdsa")}
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11), func(d *netconftest.Device) { d.Config = d.NewConfig(keys...) })
	r := run(t, &command.HostKey{Address: device.Address}) // without any configuration
	if r.err != nil {
		t.Fatal(r.err)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(r.stdout.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	check, err := knownhosts.New(file)
	if err != nil {
		t.Fatalf("what is printed is no known_hosts file: %v\n%s", err, r.stdout)
	}
	for _, key := range keys {
		if err := check(device.Address, &net.TCPAddr{}, key.PublicKey()); err != nil {
			t.Errorf("the %s key: %v in\n%s", key.PublicKey().Type(), err, r.stdout)
		}
		if !slices.Contains(strings.Fields(r.stdout.String()), ssh.FingerprintSHA256(key.PublicKey())) {
			t.Errorf("no fingerprint of the %s key in\n%s", key.PublicKey().Type(), r.stdout)
		}
	}
	if n := device.Offered.Load() + device.Logins.Load(); n != 0 {
		t.Errorf("%d logins were tried", n)
	}
}

func TestHostKeyOfWhatIsNoDevice(t *testing.T) {
	devices, _ := fleet(t, simulator.Config{})
	if err := devices[0].SetDown(true); err != nil {
		t.Fatal(err)
	}
	web := netconftest.Listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) })
	for address, word := range map[string]string{
		devices[0].Address(): "connection refused",
		web:                  "not an SSH server",
		"ssh://router":       "is not an address",
	} {
		wantError(t, run(t, &command.HostKey{Address: address}).err, address, word)
	}
}

func TestHostKeyThroughAJumpHost(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	jump := netconftest.StartJump(t)
	file := filepath.Join(t.TempDir(), "netconf.yml")
	text := "auths: {jump: {username: " + netconftest.User + ", password: " + netconftest.Password + ", host_key_fingerprints: [" +
		ssh.FingerprintSHA256(jump.Key) + "]}}\njump_hosts: {bastion: {address: " + jump.Address + ", auth: jump}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, &command.HostKey{Address: device.Address, ProxyJump: "bastion"}, file)
	if r.err != nil || !strings.Contains(r.stdout.String(), ssh.FingerprintSHA256(device.Key)) || jump.Forwarded.Load() == 0 {
		t.Errorf("error %v after %d forwarded connections, and\n%s", r.err, jump.Forwarded.Load(), r.stdout)
	}
	wantError(t, run(t, &command.HostKey{Address: device.Address, ProxyJump: "x"}, file).err, "--proxy-jump=x is not under jump_hosts")
}

func TestHostKeyThroughAProxy(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	proxy := netconftest.StartProxy(t)
	r := run(t, &command.HostKey{Address: device.Address, ProxyURL: config.ProxyURL("socks5://" + proxy.Address)})
	if r.err != nil || !strings.Contains(r.stdout.String(), ssh.FingerprintSHA256(device.Key)) || proxy.Opened.Load() == 0 {
		t.Errorf("error %v after %d connections of the proxy, and\n%s", r.err, proxy.Opened.Load(), r.stdout)
	}
	wantError(t, run(t, &command.HostKey{Address: device.Address, ProxyURL: "proxy:1080"}).err, "--proxy-url is of a kind that is not supported")
}

func TestHostKeyOfACaller(t *testing.T) {
	device := netconftest.Start(t, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	wantError(t, run(t, &command.HostKey{CallHome: address}).err, "call_home: listen tcp "+address, "already in use")
	_ = listener.Close()
	called := callWhenItListens(device, address)
	r := run(t, &command.HostKey{CallHome: address})
	if err := <-called; err != nil || r.err != nil || !strings.Contains(r.stdout.String(), `host_key_fingerprints: ["`+ssh.FingerprintSHA256(device.Key)+`"]`) ||
		!strings.Contains(r.stderr.String(), "waiting at "+address) {
		t.Errorf("errors %v and %v, and\n%s%s", err, r.err, r.stdout, r.stderr)
	}
	wantError(t, run(t, &command.HostKey{}).err, "no address is given")
	wantError(t, run(t, &command.HostKey{Address: "a", CallHome: ":4334"}).err, "keep one of them")
}

func TestCertificateOfACaller(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	device := netconftest.StartTLS(lab, nil)
	address := netconftest.FreeAddress(t)
	called := callWhenItListens(device, address)
	r := run(t, &command.HostKey{CallHome: address, Transport: config.TransportTLS})
	if err := <-called; err != nil || r.err != nil || !strings.Contains(r.stdout.String(), `certificate "CN=router1", issued by "CN=lab"`) ||
		!strings.Contains(r.stdout.String(), `certificate_fingerprints: ["`+config.CertificateFingerprint(device.TLS.Certificates[0].Certificate[0])+`"]`) {
		t.Errorf("errors %v and %v, and\n%s%s", err, r.err, r.stdout, r.stderr)
	}
}

// callWhenItListens has a device call an address as soon as something listens there. The result is how the last call went.
func callWhenItListens(device *netconftest.Device, address string) <-chan error {
	called := make(chan error, 1)
	go func() {
		var err error
		for range 1000 {
			if err = device.Call(address); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		called <- err
	}()
	return called
}
