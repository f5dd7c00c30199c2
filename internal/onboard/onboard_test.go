package onboard_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/onboard"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

const base = apitest.Base

// harness is an exporter to which devices are added.
type harness struct {
	*apitest.Harness
	*onboard.Onboarder
	log *buffer
}

type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func newHarness(t *testing.T, text string) *harness {
	t.Helper()
	log := &buffer{}
	s := apitest.Start(t, apitest.Options{Config: text, Logger: slog.New(slog.NewTextHandler(log, nil))})
	return &harness{s, s.Onboarder, log}
}

var me = onboard.Person{Who: "me", From: "127.0.0.1:1"}

// add adds a target and returns the task as it is once it has ended, or waits to be confirmed.
func (s *harness) add(t *testing.T, spec inventory.Spec, replaces bool) task.Task {
	t.Helper()
	submitted, err := s.Add(spec, replaces, me)
	if err != nil {
		t.Fatal(err)
	}
	return s.follow(t, submitted.ID)
}

// follow waits until a task has ended, or waits to be confirmed.
func (s *harness) follow(t *testing.T, id string) task.Task {
	t.Helper()
	return s.Follow(t, id, func() task.Task {
		now, err := s.Queue.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		return now
	})
}

// states are those of the steps, in one line.
func states(t task.Task) string {
	var words []string
	for _, step := range t.Steps {
		words = append(words, step.Name+" "+string(step.State))
	}
	return strings.Join(words, ", ")
}

const allDone = "resolve succeeded, connect succeeded, host_key succeeded, login succeeded, hello succeeded, models succeeded, modules succeeded, " +
	"read succeeded, store succeeded, live succeeded"

func simulated(t *testing.T) *simulator.Device {
	t.Helper()
	devices, err := simulator.Start(simulator.Config{Devices: 1, Interfaces: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { devices.Close() })
	return devices.Devices()[0]
}

func own(device *simulator.Device) inventory.Spec {
	return inventory.Spec{Name: "new", Address: device.Address(), Username: "netconf", Password: "netconf", Labels: map[string]string{"site": "ams"}}
}

func TestAddConfirmReplaceCheckRemove(t *testing.T) {
	s, device := newHarness(t, base), simulated(t)
	waiting := s.add(t, own(device), false)
	if waiting.State != task.AwaitingConfirmation || waiting.Fingerprint != device.Fingerprint() || waiting.KeyType != "ssh-ed25519" {
		t.Fatalf("%+v", waiting)
	}
	if _, err := s.Confirm(waiting.ID, waiting.Fingerprint, me); err != nil {
		t.Fatal(err)
	}
	added := s.follow(t, waiting.ID)
	for added.State == task.AwaitingConfirmation {
		added = s.follow(t, waiting.ID)
	}
	if added.State != task.Succeeded || states(added) != allDone || added.Input.Fingerprint != device.Fingerprint() {
		t.Fatalf("%s: %s", states(added), added.Error)
	}
	for step, want := range map[int]string{0: "127.0.0.1", 1: device.Address(), 3: "as netconf, by password", 4: "capabilities", 6: "ietf-interfaces", 7: "3 interfaces"} {
		if !strings.Contains(added.Steps[step].Detail, want) {
			t.Errorf("step %+v does not say %q", added.Steps[step], want)
		}
	}
	target, ok := s.Exporter.Target("new")
	if !ok {
		t.Fatal("the target is not in force")
	}
	if scrape := target.Scrape(t.Context(), nil); !scrape.Up {
		t.Errorf("%v", scrape.Err)
	}

	replaced := own(device)
	replaced.Labels, replaced.Fingerprint = map[string]string{"site": "fra"}, device.Fingerprint()
	if now := s.add(t, replaced, true); now.State != task.Succeeded || now.Kind != onboard.Replace {
		t.Errorf("%s: %s", states(now), now.Error)
	}
	if target, _ := s.Exporter.Target("new"); target.Config().Labels["site"] != "fra" {
		t.Errorf("%+v", target.Config())
	}

	checked, err := s.Check("new", me)
	if err != nil {
		t.Fatal(err)
	}
	if now := s.follow(t, checked.ID); now.State != task.Succeeded || !strings.HasSuffix(states(now), "read succeeded, store skipped, live skipped") {
		t.Errorf("%s: %s", states(now), now.Error)
	}
	if _, err := s.Check("gone", me); !errors.Is(err, onboard.ErrUnknownTarget) {
		t.Error(err)
	}

	if err := s.Remove("new", me); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Exporter.Target("new"); ok {
		t.Error("the target is still in force")
	}
	for _, want := range []string{`change="add a target" user=me from=127.0.0.1:1 target=new`, `change="confirmed a host key"`, `change="stored a target"`,
		`change="replace a target"`, `change="check a target"`, `change="removed a target"`} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, s.log)
		}
	}
	if strings.Contains(s.log.String(), "password=") {
		t.Errorf("the log has a password:\n%s", s.log)
	}
}

func TestWhatAddingFailsAt(t *testing.T) {
	device := simulated(t)
	other := ssh.FingerprintSHA256(netconftest.NewKey(t, "ed25519").PublicKey())
	bare := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)) // it has no models
	silent := netconftest.Start(t, func(*netconftest.Peer) {})             // it says no hello
	spec := func(change func(*inventory.Spec)) inventory.Spec {
		one := own(device)
		one.Fingerprint = device.Fingerprint()
		change(&one)
		return one
	}
	for _, test := range []struct {
		name   string
		spec   inventory.Spec
		states string // up to the one that failed
		want   string // of the error
	}{
		{"unresolvable", spec(func(s *inventory.Spec) { s.Address = "nothing.invalid" }), "resolve failed", "check the target's address and the resolver"},
		{"forbidden by name", spec(func(s *inventory.Spec) { s.Address, s.Auth, s.Username, s.Password = "localhost", "far", "", "" }),
			"resolve failed", "address is outside allowed_targets of auth"},
		{"unreachable", spec(func(s *inventory.Spec) { s.Address = "127.0.0.1:1" }), "resolve succeeded, connect failed", "connection refused"},
		{"another host key", spec(func(s *inventory.Spec) { s.Fingerprint = other }), "resolve succeeded, connect succeeded, host_key failed",
			"host key " + device.Fingerprint() + " is not one of host_key_fingerprints"},
		{"wrong password", spec(func(s *inventory.Spec) { s.Password = "wrong" }), "host_key succeeded, login failed", "login refused for user \"netconf\""},
		{"no models", inventory.Spec{Name: "bare", Address: bare.Address, Username: netconftest.User, Password: netconftest.Password,
			Fingerprint: ssh.FingerprintSHA256(bare.Key)}, "models succeeded, modules failed", "no module fits"},
		{"no hello", inventory.Spec{Name: "silent", Address: silent.Address, Username: netconftest.User, Password: netconftest.Password,
			Fingerprint: ssh.FingerprintSHA256(silent.Key)}, "login succeeded, hello failed", "hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newHarness(t, base)
			failed := s.add(t, test.spec, false)
			if failed.State != task.Failed || !strings.Contains(states(failed), test.states) || !strings.Contains(failed.Error, test.want) ||
				strings.Contains(failed.Error, "wrong") {
				t.Errorf("%s: %s; want %s: %s", states(failed), failed.Error, test.states, test.want)
			}
			for _, step := range failed.Steps {
				if step.Detail != "" && strings.Contains(step.Error, step.Detail) {
					t.Errorf("%s says twice: %s", step.Name, step.Detail)
				}
			}
			if files, _ := store.Files(s.Folder); len(files) > 0 {
				t.Errorf("stored: %v", files)
			}
		})
	}
}

// TestAddingWithAWrongPassword adds devices again and again, under several names and spellings: the account has two refusals.
func TestAddingWithAWrongPassword(t *testing.T) {
	devices := []*netconftest.Device{
		netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)), netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)),
		netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)),
	}
	s := newHarness(t, base)
	var last task.Task
	for i := range 4 {
		for n, device := range devices {
			address := device.Address
			if i == 3 {
				address = strings.Replace(address, "127.0.0.1", "[::ffff:127.0.0.1]", 1)
			}
			last = s.add(t, inventory.Spec{
				Name: fmt.Sprintf("new-%d-%d", i, n), Address: address, Username: netconftest.User, Password: config.Secret(fmt.Sprint("wrong", i%2)),
				Fingerprint: ssh.FingerprintSHA256(device.Key),
			}, false)
			if last.State != task.Failed {
				t.Fatalf("%s: %s", states(last), last.Error)
			}
		}
	}
	offered := int32(0)
	for _, device := range devices {
		offered += device.Offered.Load()
	}
	if offered != 2 || !strings.Contains(last.Error, "so as to lock no account") {
		t.Errorf("%d passwords reached the devices, want 2; the last task says: %s", offered, last.Error)
	}
}

func TestNothingSecretIsSentBeforeTheHostKeyIsConfirmed(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	s := newHarness(t, base)
	spec := inventory.Spec{Name: "new", Address: device.Address, Username: netconftest.User, Password: netconftest.Password}
	waiting := s.add(t, spec, false)
	if waiting.State != task.AwaitingConfirmation || device.Offered.Load() != 0 {
		t.Errorf("%+v; %d passwords were sent", waiting, device.Offered.Load())
	}
	device.Change(func(d *netconftest.Device) { d.Config = d.NewConfig(netconftest.NewKey(t, "ed25519")) }) // somebody else answers now
	if _, err := s.Confirm(waiting.ID, waiting.Fingerprint, me); err != nil {
		t.Fatal(err)
	}
	for failed := s.follow(t, waiting.ID); ; failed = s.follow(t, waiting.ID) {
		if failed.State == task.AwaitingConfirmation {
			continue
		}
		if failed.State != task.Failed || !strings.Contains(failed.Error, "is not one of host_key_fingerprints") || device.Offered.Load() != 0 {
			t.Errorf("%s: %s; %d passwords were sent", states(failed), failed.Error, device.Offered.Load())
		}
		return
	}
}

func TestForbiddenAddressesAreNotDialled(t *testing.T) {
	device := simulated(t)
	none := strings.Replace(base, "admin: {allowed_targets: [127.0.0.0/8]}", "", 1)
	for _, test := range []struct{ text, auth, want string }{
		{none, "", "outside allowed_targets under admin:"},
		{base, "far", `outside the allowed_targets of auth "far"`},
	} {
		s := newHarness(t, test.text)
		spec := own(device)
		if spec.Auth = test.auth; spec.Auth != "" {
			spec.Username, spec.Password = "", ""
		}
		var refused *onboard.NotAllowedError
		if _, err := s.Add(spec, false, me); !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v", err)
		}
	}
}

// TestAllowedTargetsHoldForLife takes the network away from a target that has been added.
func TestAllowedTargetsHoldForLife(t *testing.T) {
	s, device := newHarness(t, base), simulated(t)
	spec := own(device)
	spec.Fingerprint = device.Fingerprint()
	if added := s.add(t, spec, false); added.State != task.Succeeded {
		t.Fatalf("%s", added.Error)
	}
	target, _ := s.Exporter.Target("new")
	if scrape := target.Scrape(t.Context(), nil); !scrape.Up {
		t.Fatal(scrape.Err)
	}
	if err := os.WriteFile(s.File, []byte(strings.Replace(base, "admin: {allowed_targets: [127.0.0.0/8]}", "admin: {allowed_targets: [192.0.2.0/24]}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Inventory.Reload(); err != nil {
		t.Fatal(err)
	}
	target, _ = s.Exporter.Target("new")
	if scrape := target.Scrape(t.Context(), nil); scrape.Up || !strings.Contains(scrape.Err.Error(), "outside allowed_targets") {
		t.Errorf("up %v: %v", scrape.Up, scrape.Err)
	}
}

// TestALargeDeviceTellsHowFarItIs reads a device that takes its time over a large reply.
func TestALargeDeviceTellsHowFarItIs(t *testing.T) {
	const interfaces = 60
	hello := strings.Replace(netconftest.Hello10, "</capabilities>",
		"<capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability></capabilities>", 1)
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		p.Greet(hello)
		for {
			rpc, id, ok := p.Request()
			if !ok {
				return
			}
			p.Send(`<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `"><data>`)
			if strings.Contains(rpc, "interfaces-state") {
				p.Send(`<interfaces-state xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">`)
				for i := range interfaces {
					p.Send(fmt.Sprintf("<interface><name>if%d</name><oper-status>up</oper-status></interface>", i))
					time.Sleep(20 * time.Millisecond)
				}
				p.Send(`</interfaces-state>`)
			}
			p.Send("</data></rpc-reply>" + netconftest.EOM)
		}
	})
	s := newHarness(t, base)
	submitted, err := s.Add(inventory.Spec{Name: "large", Address: device.Address, Username: netconftest.User, Password: netconftest.Password,
		Fingerprint: ssh.FingerprintSHA256(device.Key)}, false, me)
	if err != nil {
		t.Fatal(err)
	}
	if done := s.follow(t, submitted.ID); done.State != task.Succeeded {
		t.Fatalf("%s: %s", states(done), done.Error)
	}
	log, err := s.Queue.Events(submitted.ID)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	var last task.StepEvent
	all, _, _ := log.After(t.Context(), log.Start())
	for _, e := range all {
		if e.Type != "progress" {
			continue
		}
		now := e.Data.(task.StepEvent)
		if now.Name != "read" || now.Bytes <= last.Bytes || now.Rows < last.Rows {
			t.Errorf("after %+v comes %+v", last, now)
		}
		last = now
		told++
	}
	if told < 2 || last.Rows == 0 {
		t.Errorf("%d times: %+v", told, last)
	}
}

// TestEveryTransport adds devices that are known by their certificates.
func TestEveryTransport(t *testing.T) {
	lab := netconftest.NewTLSLab(t)
	hello := strings.Replace(netconftest.Hello11, "</capabilities>",
		"<capability>urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&amp;revision=2014-05-08</capability></capabilities>", 1)
	overTLS := netconftest.StartTLS(lab, netconftest.ServeOK(hello))
	fleet, err := simulator.Start(simulator.Config{Devices: 2, Interfaces: 3, Transport: simulator.TransportRESTCONF})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, fleet.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newHarness(t, strings.Replace(base, "admin:", fmt.Sprintf(`  cert: {allowed_targets: [127.0.0.0/8], tls_config: {cert_file: %q, key_file: %q, ca_file: %q}}
  web: {username: netconf, password: netconf, allowed_targets: [127.0.0.0/8], tls_config: {ca_file: %q}}
admin:`, lab.File("cert.pem"), lab.File("key.pem"), lab.File("ca.pem"), authority), 1))
	restconf := fleet.Devices()[0].Address()
	for _, test := range []struct {
		spec   inventory.Spec
		states string
		says   string // one of the steps or their errors
	}{
		{inventory.Spec{Name: "tls", Address: overTLS.Address, Auth: "cert", Transport: "tls"}, allDone, "by its certificate"},
		{inventory.Spec{Name: "restconf", Address: restconf, Auth: "web", Transport: "restconf"}, allDone, "3 interfaces"},
		{inventory.Spec{Name: "by its auth", Address: fleet.Devices()[1].Address(), Auth: "web"}, allDone, "is known"},
		{inventory.Spec{Name: "own", Address: restconf, Username: "netconf", Password: "netconf", Transport: "restconf"},
			"connect succeeded, host_key waiting", `the device shows the certificate SHA256:`},
	} {
		done := s.add(t, test.spec, false)
		told := fmt.Sprint(done.Steps, done.Error)
		if !strings.Contains(states(done), test.states) || !strings.Contains(told, test.says) {
			t.Errorf("%s: %s: %s; want %s and %q", test.spec.Name, states(done), told, test.states, test.says)
		}
	}
	for want, spec := range map[string]inventory.Spec{
		"transport tls logs in by a certificate": {Name: "a", Address: restconf, Username: "a", Password: "b", Transport: "tls"},
		"transport restconf has no host keys":    {Name: "a", Address: restconf, Auth: "web", Transport: "restconf", Fingerprint: "SHA256:" + strings.Repeat("A", 43)},
		"cannot be used over transport tls":      {Name: "a", Address: restconf, Auth: "lab", Transport: "tls"},
		`transport "telnet" is not known`:        {Name: "a", Address: restconf, Auth: "lab", Transport: "telnet"},
	} {
		if _, err := s.Add(spec, false, me); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", spec, err, want)
		}
	}
}

func TestADeviceThatCallsIsNotDialled(t *testing.T) {
	s := newHarness(t, base+"call_home: {ssh_listen_address: '127.93.7.1:4334'}\ntargets: [{name: caller, auth: lab, call_home: true, host_key_fingerprints: ['SHA256:"+
		strings.Repeat("A", 43)+"']}]\n")
	if _, err := s.Check("caller", me); !errors.Is(err, onboard.ErrCallsHome) {
		t.Error(err)
	}
}

// TestAddingADeviceThatCalls has a device call that nobody knows, and adds it by the key that is listed.
func TestAddingADeviceThatCalls(t *testing.T) {
	for name, spec := range map[string]inventory.Spec{
		"with an auth":                  {Auth: "lab"},
		"with credentials of its own":   {Username: "netconf", Password: "netconf"},
		"with credentials that are bad": {Username: "netconf", Password: "wrong"},
		"from where it may not call":    {Auth: "far"},
	} {
		t.Run(name, func(t *testing.T) {
			listen := netconftest.FreeAddress(t)
			s := newHarness(t, base+fmt.Sprintf("call_home: {ssh_listen_address: %q}\n", listen))
			fleet, err := simulator.Start(simulator.Config{CallHome: listen})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = fleet.Close() })
			until := func(what string, holds func() bool) {
				t.Helper()
				for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("waited in vain for %s", what)
					}
				}
			}
			until("an unknown caller", func() bool { return len(s.Exporter.UnknownCallers()) == 1 })
			if _, err := s.Add(inventory.Spec{Name: "branch", Address: "127.0.0.1", CallHome: true, Auth: "lab", Fingerprint: fleet.Devices()[0].Fingerprint()}, false, me); err == nil ||
				!strings.Contains(err.Error(), "has an address besides") {
				t.Errorf("with an address: %v", err)
			}
			spec.Name, spec.CallHome, spec.Fingerprint = "branch", true, s.Exporter.UnknownCallers()[0].Fingerprint
			added, err := s.Add(spec, false, me)
			if err != nil {
				t.Fatal(err)
			}
			if name == "from where it may not call" {
				until("a call that is not taken", func() bool { return s.Exporter.Calls().Results[session.CallNotTaken] > 0 })
				if _, err := s.Cancel(added.ID, me); err != nil {
					t.Error(err)
				}
				return
			}
			added = s.follow(t, added.ID)
			if spec.Password == "wrong" {
				if added.State != task.Failed || fleet.Devices()[0].RefusedLogins() != 1 {
					t.Errorf("with a wrong password: %+v, %d refused logins", added, fleet.Devices()[0].RefusedLogins())
				}
				return
			}
			if added.State != task.Succeeded {
				t.Fatalf("the task ended as %+v", added)
			}
			if target, ok := s.Exporter.Target("branch"); !ok || !target.Scrape(t.Context(), nil).Up {
				t.Error("the target is not read")
			}
			if n := fleet.Devices()[0].Logins(); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
			spec.Name = "twice"
			if _, err := s.Add(spec, false, me); err == nil || !strings.Contains(err.Error(), `is that of target "branch" too`) {
				t.Errorf("with the key of another one: %v", err)
			}
			if callers := s.Exporter.UnknownCallers(); len(callers) > 0 {
				t.Errorf("the device is listed as unknown: %+v", callers)
			}
		})
	}
}
