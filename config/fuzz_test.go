package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// FuzzLoad loads any text as a configuration: it is refused with file and line, or it can be shown without its secrets and
// all its targets have what a dial needs.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"auths:\n  lab: {username: u, password: hunter2, insecure_ignore_host_key: true}\ntargets:\n  - {address: '192.0.2.1:830', auth: lab, labels: {site: ams}}\n",
		"defaults: {port: 830, timeout: 30s, max_age: 1m30s, modules: [auto], max_reply_bytes: 64MiB, max_samples: 5}\n",
		"auths: {a: {username: u, password_env: HOME, host_key_fingerprints: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'], allowed_targets: [192.0.2.0/24, '2001:db8::1']}}\n",
		"modules:\n  m:\n    provides: x\n    namespaces: {a: 'urn:a'}\n    reads: [{get: [/a:b]}]\n    rows: [{path: /a:b/c, key: [d], labels: {interface: d}, metrics: {netconf_interface_oper_status: e}}]\n",
		"catalog: {lab_value: {type: gauge, help: A value., labels: [thing]}}\n", "targets: [{address: '[2001:db8::1]:830', auth: x}]\n---\n{}\n", "a: &a [*a]\n", "targets: null\n",
	} {
		f.Add(text)
	}
	file := filepath.Join(f.TempDir(), "netconf.yml")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Contains(text, "command") {
			return // it may name any file or program of this machine
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load([]string{file})
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.Contains(line, "netconf.yml") {
					t.Errorf("the error names no file: %q", line)
				}
			}
			return
		}
		shown, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		for _, auth := range c.Auths {
			if secret := auth.Password.Reveal(); len(secret) > 8 && strings.Contains(string(shown), secret) && strings.Count(text, secret) == 1 {
				t.Errorf("the secret %q is shown:\n%s", secret, shown)
			}
		}
		for _, target := range c.Targets {
			if target.Name == "" || target.HostPort() == "" || c.Auths[target.Auth] == nil || target.Timeout == nil {
				t.Errorf("target %+v", target)
			}
		}
		if _, err := c.Definitions(); err != nil {
			t.Error(err)
		}
	})
}
