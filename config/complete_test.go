package config_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// madeInGo is a configuration of one target, with all else left to the defaults.
func madeInGo() *config.Config {
	return &config.Config{
		Auths:   map[string]*config.Auth{"lab": {Username: "u", Password: "p", InsecureIgnoreHostKey: true}},
		Targets: []*config.Target{{Address: "192.0.2.1", Auth: "lab"}},
	}
}

// TestValidateCompletes compares a configuration made in Go with the same one that was loaded.
func TestValidateCompletes(t *testing.T) {
	made := madeInGo()
	if err := made.Validate(); err != nil {
		t.Fatal(err)
	}
	parsed, err := config.Parse([]byte(lab + "targets: [{address: 192.0.2.1, auth: lab}]"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := parsed.YAML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := made.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("made in Go (-parsed +made):\n%s", diff)
	}
	if name := made.Targets[0].Name; name != "192.0.2.1" {
		t.Errorf("the target is called %q", name)
	}
}

// TestValidateAgain has a valid configuration validated by many at once, which must write nothing; and once more after a target
// was added to it, which must complete that.
func TestValidateAgain(t *testing.T) {
	c := mustLoad(t, lab+"defaults: {timeout: 7s}\ntargets: [{address: 192.0.2.1, auth: lab}]")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := c.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c.Targets = append(c.Targets, &config.Target{Name: "b", Address: "b", Auth: "lab"})
	if err := c.Validate(); err != nil || *c.Targets[1].Timeout != config.Duration(7*time.Second) {
		t.Errorf("the added target is %+v (%v)", c.Targets[1], err)
	}
}

// TestValidateRefuses holds what is said of mistakes made in Go.
func TestValidateRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"nil target":      {func(c *config.Config) { c.Targets = append(c.Targets, nil) }, "target 1 is nil; set it, or take it out"},
		"nil auth":        {func(c *config.Config) { c.Auths["x"] = nil }, `auth "x" is nil; set it, or take it out`},
		"nil module":      {func(c *config.Config) { c.Modules = map[string]*config.Module{"x": nil} }, `module "x" is nil; set it, or take it out`},
		"nil metric":      {func(c *config.Config) { c.Catalog = map[string]*config.Metric{"x": nil} }, `metric "x" is nil; set it, or take it out`},
		"nil jump host":   {func(c *config.Config) { c.JumpHosts = map[string]*config.JumpHost{"x": nil} }, `jump host "x" is nil; set it, or take it out`},
		"no auths":        {func(c *config.Config) { c.Auths = nil }, `auth "lab" is not under auths; write a name that you give under auths: first`},
		"no address":      {func(c *config.Config) { c.Targets[0].Address = "" }, "a target has no address; add address: HOST or HOST:PORT"},
		"bad default":     {func(c *config.Config) { c.Defaults.Port = new(0) }, "port 0 is not from 1 to 65535; NETCONF over SSH is usually on 830"},
		"bad setting":     {func(c *config.Config) { c.Targets[0].MaxSamples = new(-1) }, "max_samples -1 is too small; write a number such as 500000"},
		"empty modules":   {func(c *config.Config) { c.Targets[0].Modules = []string{} }, "modules is empty; name some, or take it out for auto"},
		"the same name":   {func(c *config.Config) { c.Targets = append(c.Targets, c.Targets[0]) }, `target "192.0.2.1" is there twice; give one of them another name`},
		"empty metric":    {func(c *config.Config) { c.Catalog = map[string]*config.Metric{"x": {Help: "X."}} }, `metric "x" has no type; add type: gauge or type: counter`},
		"module's name":   {func(c *config.Config) { c.Modules = map[string]*config.Module{"auto": {}} }, `"auto" cannot name a module; use letters, digits and - _ . (auto is taken)`},
		"module's age":    {func(c *config.Config) { c.Modules = map[string]*config.Module{"x": {MaxAge: new(config.Duration(-1))}} }, "max_age -1ns is negative; write 0s or a time such as 30s"},
		"label of others": {func(c *config.Config) { c.Targets[0].Labels = map[string]string{"job": "x"} }, `label "job" is set by Prometheus or the exporter; choose another name`},
	} {
		c := madeInGo()
		tc.change(c)
		if err := c.Validate(); err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

// TestParse holds that a text without a file is judged as a file is, and that its lines are named.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "line 1: the file is empty; write auths: and targets: into it",
		lab + "targets: [{}]":      "line 2: a target has no address; add address: HOST or HOST:PORT",
		lab + "\nunknown: 1":       `line 3: unknown key "unknown"`,
		lab + "--- \nauths: {}\n":  "line 2: a second YAML document (---) begins here",
		lab + "targets: [{a: [}]":  "line 2: ",
		"auths: {a: {password: x}": "line 1: ",
	} {
		if _, err := config.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
