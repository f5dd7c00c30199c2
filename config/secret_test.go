package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/config"
)

const secret = "hunter2"

func TestSecretsNeverComeOut(t *testing.T) {
	c := mustLoad(t, "auths: {lab: {username: u, password: "+secret+", insecure_ignore_host_key: true}}\ntargets: [{address: a, auth: lab}]\n")
	c.Defaults.ProxyURL = new(config.ProxyURL("socks5://ann:" + secret + "@192.0.2.1"))
	auth := c.Auths["lab"]
	if got, err := new(config.Keyring).Password(auth); got != secret || err != nil {
		t.Fatalf("the password is %q, %v", got, err)
	}
	shown := map[string]string{}
	values := map[string]any{"secret": auth.Password, "pointer": &auth.Password, "auth": *auth, "auth pointer": auth, "config": *c, "auths": c.Auths,
		"list": []config.Secret{secret}, "proxy": *c.Defaults.ProxyURL}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "% x", "%t"} {
			shown[verb+" of "+name] = fmt.Sprintf(verb, value)
		}
		var text, js bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "value", value, slog.Group("g", "value", value))
		slog.New(slog.NewJSONHandler(&js, nil)).Info("x", "value", value, slog.Group("g", "value", value))
		asJSON, _ := json.Marshal(value)
		asYAML, _ := yaml.Marshal(value)
		asXML, _ := xml.Marshal(value)
		shown["slog text of "+name], shown["slog JSON of "+name] = text.String(), js.String()
		shown["JSON of "+name], shown["YAML of "+name], shown["XML of "+name] = string(asJSON), string(asYAML), string(asXML)
		shown["an error with "+name] = errors.Join(fmt.Errorf("login with %v", value), fmt.Errorf("%s", value)).Error()
	}
	running, err := c.YAML()
	if err != nil || !strings.Contains(string(running), "password: <secret>") {
		t.Errorf("YAML() = %s, %v", running, err)
	}
	shown["/config"] = string(running)
	hex := fmt.Sprintf("%x", secret)
	for how, text := range shown {
		if low := strings.ToLower(text); strings.Contains(low, secret) || strings.Contains(low, hex) || strings.Contains(low, "68 75 6e") {
			t.Errorf("%s shows the secret: %s", how, text)
		}
	}
}

// TestSecretsStayOutOfErrors has passwords where mistakes put them.
func TestSecretsStayOutOfErrors(t *testing.T) {
	for _, file := range []string{
		"auths: {lab: hunter2}",
		"auths: [hunter2]",
		"auths: {lab: [hunter2]}",
		"auths: {lab: {password: [hunter2]}}",
		"auths: {lab: {password: {hunter2: x}}}",
		"auths: {lab: {password: {hunter2}}}",
		"auths: {lab: {password:hunter2}}",
		"auths: {lab: {password hunter2}}",
		"auths: {lab: {password: a,hunter2}}",
		"auths: {lab: {password: a,hunter2,hunter2}}",
		"auths: {lab: {password: *hunter2 }}",
		"auths: {lab: {password: !!int hunter2}}",
		"auths: {lab: {password: !!binary hunter2}}",
		"auths: {lab: {password: !hunter2 }}",
		"auths: {lab: {password: \"hunter2}}",
		"auths: {lab: {password: @hunter2}}",
		"auths: {lab: {password: `hunter2}}",
		"auths: {lab: {password: %hunter2}}",
		"auths: {lab: {password: hunter2}}}",
		"auths:\n  lab:\n    password hunter2\n",
		"auths:\n  lab:\n    password:hunter2\n",
		"auths:\n  lab:\n    password: hunter2: x\n",
		"auths:\n  lab:\n    password: hunter2\n   x: y\n",
		"auths: {lab: {legacy_algorithms: hunter2}}",
		"auths: {lab: {username: u, password: hunter2, password_env: PATH}}",
		"auths: {lab: {password: hunter2}}",
	} {
		_, err := load(writeFiles(t, map[string]string{"netconf.yml": file}), "netconf.yml")
		if err == "" || strings.Contains(err, secret) {
			t.Errorf("%s\ngives %s", file, err)
		}
	}
}
