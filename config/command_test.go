package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// TestPasswordCommand has a program that counts its runs and prints what a file holds.
func TestPasswordCommand(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"netconf.yml": "auths:\n  lab: {username: u, insecure_ignore_host_key: true, password_command: [./secret.sh, 'hunter two']}\n",
		"secret.sh":   "#!/bin/sh\ncd \"$(dirname \"$0\")\" && echo run >>runs && echo \"$1 $(cat word)\"\n", "word": "x\n",
	})
	if err := os.Chmod(filepath.Join(dir, "secret.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, text := load(dir, "netconf.yml")
	if text != "" {
		t.Fatal(text)
	}
	auth := c.Auths["lab"]
	if got, err := new(config.Keyring).Password(auth); err != nil || got != "hunter two x" {
		t.Errorf("%q, %v", got, err)
	}
	if shown, err := c.YAML(); err != nil || strings.Contains(string(shown), "hunter") || !strings.Contains(string(shown), "secret.sh") {
		t.Errorf("%v\n%s", err, shown)
	}
	runs := func() int {
		data, err := os.ReadFile(filepath.Join(dir, "runs"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(data), "run")
	}
	before := runs()
	var keys config.Keyring
	for range 20 {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if got, err := keys.Password(auth); err != nil || got != "hunter two x" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		all.Wait()
	}
	if n := runs() - before; n != 1 {
		t.Errorf("200 logins within seconds run the program %d times", n)
	}
}

// TestPasswordCommandBesideTheFile has a program beside a configuration that is named without a folder, as netconf.yml is by default.
func TestPasswordCommandBesideTheFile(t *testing.T) {
	dir := writeFiles(t, map[string]string{"netconf.yml": withAuth("password_command: [./secret.sh], " + noKeyCheck), "secret.sh": "#!/bin/sh\necho x\n"})
	if err := os.Chmod(filepath.Join(dir, "secret.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	c, err := config.Load([]string{"netconf.yml"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := new(config.Keyring).Password(c.Auths["lab"]); err != nil || got != "x" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestPasswordCommandThatHangs has a program that never ends, nor does its child, which holds its output.
func TestPasswordCommandThatHangs(t *testing.T) {
	t.Parallel() // it takes ten seconds
	dir := writeFiles(t, map[string]string{"netconf.yml": withAuth("password_command: [sh, -c, 'sleep 1000 & sleep 1000'], " + noKeyCheck)})
	const want = "netconf.yml:2: password_command sh did not end within 10s; make it answer without a person"
	if _, text := load(dir, "netconf.yml"); text != want {
		t.Errorf("%q, want %q", text, want)
	}
}
