package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
)

const withAdmin = `
auths:
  lab: {username: a, password: b, insecure_ignore_host_key: true, allowed_targets: [198.51.100.0/24]}
defaults: {timeout: 7s}
admin: {allowed_targets: [192.0.2.0/24]}
targets: [{name: edge1, address: 192.0.2.1, auth: lab}]
`

const fingerprint = "SHA256:Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1s"

func loadText(t *testing.T, text string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAStoredTargetBecomesPartOfTheConfiguration(t *testing.T) {
	c := loadText(t, withAdmin)
	own, err := config.ParseStored("data/edge2.yml", []byte(`
auths: {"stored:edge2": {username: u, password: p, host_key_fingerprints: ["`+fingerprint+`"]}}
targets: [{name: edge2, address: 192.0.2.2, auth: "stored:edge2", labels: {site: ams}}]`))
	if err != nil {
		t.Fatal(err)
	}
	shared, err := config.ParseStored("data/edge3.yml", []byte("targets: [{name: edge3, address: 198.51.100.3, auth: lab, host_key_fingerprints: ['"+fingerprint+"']}]"))
	if err != nil {
		t.Fatal(err)
	}
	var fitted []*config.Fitted
	for _, s := range []*config.Stored{own, shared} {
		f, err := c.Fit(s)
		if err != nil {
			t.Fatal(err)
		}
		fitted = append(fitted, f)
	}
	merged := c.With(fitted)
	if len(merged.Targets) != 3 || len(c.Targets) != 1 || len(c.Auths) != 1 {
		t.Fatalf("%d targets are merged into a configuration of %d with %d auths", len(merged.Targets), len(c.Targets), len(c.Auths))
	}
	if target := merged.Targets[1]; target.Origin != config.OriginAPI || target.Timeout.String() != "7s" || target.HostPort() != "192.0.2.2:830" {
		t.Errorf("%+v", target)
	}
	if merged.Targets[0].Origin != config.OriginFile {
		t.Errorf("%+v", merged.Targets[0])
	}
	auth := merged.Auths["stored:edge2"]
	if !auth.Allows(netip.MustParseAddr("192.0.2.2")) || auth.Allows(netip.MustParseAddr("198.51.100.3")) {
		t.Errorf("the stored auth allows %v; want what admin allows", auth.AllowedTargets)
	}
}

func TestStoredTargetsAreRefused(t *testing.T) {
	c := loadText(t, withAdmin)
	for _, test := range []struct{ name, text, want string }{
		{"configured name", "targets: [{name: edge1, address: 192.0.2.9, auth: lab}]",
			"data/x.yml:1: target \"edge1\" is in the configuration too, at netconf.yml:6, which wins; remove this file, or give one of them another name"},
		{"nonsense", "targets: [{name: x", "data/x.yml:1: not valid YAML"},
		{"empty", "", "data/x.yml:1: the file is empty; write one target into it, or remove it"},
		{"two", "targets: [{name: a, address: a, auth: lab}, {name: b, address: b, auth: lab}]", "data/x.yml:1: a stored file holds one target, this one 2"},
		{"null", "targets: [null]", "a stored file holds one target"},
		{"unknown key", "targets: []\nmodules: {}", `unknown key "modules"`},
		{"unknown auth", "targets: [{name: a, address: a, auth: lap}]", `auth "lap" is not under auths; did you mean lab?`},
		{"taken auth", "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\ntargets: [{name: a, address: a, auth: lab}]",
			`auth "lab" is in the configuration too`},
		{"stray auth", "auths: {x: {username: u, password: p, insecure_ignore_host_key: true}}\ntargets: [{name: a, address: a, auth: lab}]",
			`auth "x" is not that of the target`},
		{"empty auth", "auths: {x: }\ntargets: [{name: a, address: a, auth: x}]", `auths entry "x" is empty`},
		{"wider networks", "auths: {x: {username: u, password: p, insecure_ignore_host_key: true, allowed_targets: [0.0.0.0/0]}}\ntargets: [{name: a, address: a, auth: x}]",
			"a stored auth obeys admin: allowed_targets"},
		{"no host key", "auths: {x: {username: u, password: p}}\ntargets: [{name: a, address: a, auth: x}]", "does not say how a device's host key is checked"},
		{"bad fingerprint", "targets: [{name: a, address: a, auth: lab, host_key_fingerprints: [MD5:00]}]", `host key fingerprint "MD5:00" is not of the form`},
		{"label", "targets: [{name: a, address: a, auth: lab, labels: {job: x}}]", `label "job" is set by Prometheus`},
		{"module", "targets: [{name: a, address: a, auth: lab, modules: [ietf-nothing]}]", `module "ietf-nothing" is not known`},
		{"lost secret", "auths: {x: {username: u, password_file: gone, insecure_ignore_host_key: true}}\ntargets: [{name: a, address: a, auth: x}]",
			"password_file data/gone does not exist"},
	} {
		s, err := config.ParseStored("data/x.yml", []byte(test.text))
		if err == nil {
			_, err = c.Fit(s)
		}
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), filepath.Dir(c.Targets[0].Position.File)+"/", ""), test.want) {
			t.Errorf("%s: %v\nwant %s", test.name, err, test.want)
		}
	}
	if _, err := config.ReadStored("data/gone.yml"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("%v", err)
	}
}
