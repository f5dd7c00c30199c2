//go:build linux

package session_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// need skips a test that cannot run here, or fails it if CI is set.
func need(t *testing.T, tools ...string) {
	t.Helper()
	give := t.Skipf
	if os.Getenv("CI") != "" {
		give = t.Fatalf
	}
	if os.Geteuid() != 0 {
		give("needs root, to log in as root")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			give("%s is not installed: apt-get install openssh-server netconfd netconfd-module-ietf-interfaces", tool)
		}
	}
}

// openSSH starts an sshd with three host keys that accepts root with a key. It returns its address, its directory, and options for
// a client that trusts one of the host keys and logs in with the key.
func openSSH(t *testing.T, lines ...string) (address, dir string, with func(*session.Options)) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sshd") // the path of a socket may have 108 characters only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	keyFile, key := writeKey(t, "")
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(address)
	lines = append(lines, "ListenAddress "+address, "PidFile none", "UsePAM no", "UseDNS no", "StrictModes no",
		"PermitRootLogin yes", "PasswordAuthentication no", "AuthorizedKeysFile "+dir+"/authorized_keys")
	for _, kind := range []string{"rsa", "ecdsa", "ed25519"} {
		lines = append(lines, "HostKey "+dir+"/"+kind)
		if out, err := exec.Command("ssh-keygen", "-q", "-N", "", "-t", kind, "-f", dir+"/"+kind).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	for name, text := range map[string]string{
		"authorized_keys": string(ssh.MarshalAuthorizedKey(key)),
		"sshd_config":     strings.NewReplacer("DIR", dir, "PORT", port).Replace(strings.Join(lines, "\n")) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	sshd, _ := exec.LookPath("sshd")
	run(t, exec.Command(sshd, "-D", "-e", "-f", dir+"/sshd_config"))
	eventually(t, func() bool { return listens("tcp", address) })

	host, err := os.ReadFile(dir + "/rsa.pub")
	if err != nil {
		t.Fatal(err)
	}
	known := writeFile(t, "[127.0.0.1]:"+port+" "+string(host))
	return address, dir, func(o *session.Options) {
		o.Auth.Username, o.Auth.Password, o.Auth.PrivateKeyFile = "root", "", keyFile
		o.Auth.InsecureIgnoreHostKey, o.Auth.KnownHostsFile = false, known
	}
}

// run starts a program, which is killed when the test ends.
func run(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", cmd.Path, output.String())
		}
	})
	return cmd
}

func listens(network, address string) bool {
	conn, err := net.Dial(network, address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// startNetconfd starts a netconfd that listens at dir/ncx for the subsystem of the sshd on a port.
func startNetconfd(t *testing.T, dir, port string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("netconfd", "--no-startup", "--superuser=root", "--port="+port, "--ncxserver-sockname="+dir+"/ncx")
	cmd.Env = append(os.Environ(), "HOME="+dir)
	run(t, cmd)
	eventually(t, func() bool { return listens("unix", dir+"/ncx") })
	return cmd
}

// TestNetconfd reads a real server: a reply in each of two sessions, the second after a restart of the server.
func TestNetconfd(t *testing.T) {
	need(t, "sshd", "ssh-keygen", "netconfd")
	// netconfd wants to know the port that sshd took the connection on.
	address, dir, with := openSSH(t, `Subsystem netconf "/usr/sbin/netconf-subsystem --ncxserver-sockname=PORT@DIR/ncx"`)
	_, port, _ := net.SplitHostPort(address)
	start := func() *exec.Cmd { return startNetconfd(t, dir, port) }
	server := start()
	client := connect(t, address, with)
	hello, err := client.Connect(deadline(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(hello.Capabilities) < 20 || hello.SessionID == "" {
		t.Errorf("hello %+v", hello)
	}
	for i := range 4 {
		if i == 2 { // between two rpcs
			server.Process.Kill()
			server.Wait()
			os.Remove(dir + "/ncx")
			start()
		}
		reply, err := get(deadline(t), client)
		if err != nil || !strings.Contains(reply, "<rpc-reply") || !strings.HasSuffix(strings.TrimSpace(reply), "</rpc-reply>") {
			t.Fatalf("rpc %d: %.200q, %v", i, reply, err)
		}
	}
	if stats := client.Stats(); stats.Dials["ok"] != 2 {
		t.Errorf("stats %+v", stats)
	}
	if err := client.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestBusyNetconfd brings about what happens if netconfd is busy while a session is opened: the client's hello and its first rpc reach
// it in one read.
func TestBusyNetconfd(t *testing.T) {
	need(t, "netconfd")
	dir, err := os.MkdirTemp("", "netconfd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	startNetconfd(t, dir, "830")
	device := netconftest.Start(t, func(p *netconftest.Peer) {
		subsystem := exec.Command("/usr/sbin/netconf-subsystem", "--ncxserver-sockname=830@"+dir+"/ncx")
		subsystem.Env = append(os.Environ(), "SSH_CONNECTION=127.0.0.1 1024 127.0.0.1 830", "USER=root")
		subsystem.Stdout = p
		stdin, err := subsystem.StdinPipe()
		if err == nil {
			err = subsystem.Start()
		}
		if err != nil {
			t.Error(err)
			return
		}
		hello, _ := p.UntilEOM()
		request := make([]byte, 4096)
		n, _ := p.In.Read(request) // all of it: the client sends it in one packet
		stdin.Write(append([]byte(hello), request[:n]...))
		io.Copy(stdin, p.In)
		stdin.Close()
		subsystem.Wait()
	})
	client := connect(t, device.Address)
	for i := range 3 {
		if reply, err := get(deadline(t), client); err != nil || !strings.Contains(reply, "</rpc-reply>") {
			t.Fatalf("rpc %d: %.200q, %v", i, reply, err)
		}
	}
}

// TestOpenSSH checks the errors with a real sshd that has no NETCONF, or that refuses the login.
func TestOpenSSH(t *testing.T) {
	need(t, "sshd", "ssh-keygen")
	tests := []struct {
		name   string
		config string
		adjust func(*session.Options)
		reason session.Reason
		words  []string
	}{
		{"no subsystem", "", nil, session.ReasonNoNetconf, []string{"no netconf subsystem"}},
		{"a subsystem that cannot start", "Subsystem netconf /nonexistent/program", nil, session.ReasonHello, []string{"closed the session", "device's log"}},
		{"another key", "", func(o *session.Options) { o.Auth.PrivateKeyFile, _ = writeKey(t, "") }, session.ReasonAuth,
			[]string{`user "root"`, "accepts [publickey", "tried [publickey]"}},
		{"old algorithms alone", "KexAlgorithms diffie-hellman-group14-sha1", nil, session.ReasonNoNetconf, []string{"diffie-hellman-group14-sha1"}},
		{"old host keys alone", "HostKeyAlgorithms ssh-rsa", nil, session.ReasonHostKey, []string{"ssh-rsa", "legacy_algorithms: true"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			address, _, with := openSSH(t, test.config)
			client := connect(t, address, with, func(o *session.Options) {
				if test.adjust != nil {
					test.adjust(o)
				}
			})
			_, err := client.Connect(deadline(t), nil)
			wantError(t, err, test.reason, test.words...)
		})
	}
	for _, old := range []string{"KexAlgorithms diffie-hellman-group14-sha1", "HostKeyAlgorithms ssh-rsa"} {
		t.Run("legacy_algorithms with "+old, func(t *testing.T) {
			address, _, with := openSSH(t, old, "Subsystem netconf "+script(t, netconftest.Hello10))
			client := connect(t, address, with, func(o *session.Options) { o.Auth.LegacyAlgorithms = true })
			if _, err := client.Connect(deadline(t), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// script writes a program that sends a hello and then reads until the session ends.
func script(t *testing.T, hello string) string {
	t.Helper()
	file := writeFile(t, fmt.Sprintf("#!/bin/sh\nprintf %%s '%s%s'\nexec cat >/dev/null\n", hello, netconftest.EOM))
	if err := os.Chmod(file, 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}
