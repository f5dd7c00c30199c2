package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

func TestHostPort(t *testing.T) {
	for address, want := range map[string]string{
		"host": "host:830", "host:22": "host:22", "192.0.2.1": "192.0.2.1:830", "::1": "[::1]:830", "[::1]": "[::1]:830",
		"[2001:db8::1]:22": "[2001:db8::1]:22", "fe80::1%eth0": "[fe80::1%eth0]:830",
	} {
		if got := (&config.Target{Address: address}).HostPort(); got != want {
			t.Errorf("HostPort of %s is %s, want %s", address, got, want)
		}
	}
	port := 10830
	target := config.Target{Address: "host", Settings: config.Settings{Port: &port}}
	if got := target.HostPort(); got != "host:10830" {
		t.Errorf("HostPort with a port of its own is %s", got)
	}
}

func TestAdHoc(t *testing.T) {
	c := mustLoad(t, lab+"defaults: {port: 22, timeout: 5s}\n")
	target, err := c.AdHoc("192.0.2.1", "lab")
	if err != nil {
		t.Fatal(err)
	}
	if target.Name != "192.0.2.1" || target.HostPort() != "192.0.2.1:22" || *target.Timeout != config.Duration(5*time.Second) || target.Auth != "lab" {
		t.Errorf("target %+v", target)
	}
	for _, test := range []struct{ address, auth, want string }{
		{"a", "core", `auth "core" is not in the configuration; use one that is`},
		{"a b", "lab", `(not shown, because it may hold a secret) is not an address; write a host name or an IP address, and a port if need be: HOST, HOST:PORT, [IPV6]:PORT`},
		{"", "lab", `"" is not an address; write a host name or an IP address, and a port if need be: HOST, HOST:PORT, [IPV6]:PORT`},
	} {
		if _, err := c.AdHoc(test.address, test.auth); err == nil || err.Error() != test.want {
			t.Errorf("AdHoc(%q, %q): %v", test.address, test.auth, err)
		}
	}
}

func TestAllows(t *testing.T) {
	auth := config.Auth{AllowedTargets: []string{"192.0.2.0/24", "2001:db8::/32", "198.51.100.7"}}
	for address, want := range map[string]bool{
		"192.0.2.9": true, "::ffff:192.0.2.9": true, "192.0.3.9": false, "2001:db8::1": true, "2001:db8::1%eth0": true,
		"2001:db9::1": false, "198.51.100.7": true, "198.51.100.8": false,
	} {
		if got := auth.Allows(netip.MustParseAddr(address)); got != want {
			t.Errorf("Allows(%s) = %v", address, got)
		}
	}
	if (&config.Auth{}).Allows(netip.MustParseAddr("192.0.2.9")) {
		t.Error("an auth without allowed_targets allows a target")
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]string{
		"30s": "30s", "90s": "1m30s", "1h": "1h", "60m": "1h", "24h": "1d", "1d12h": "1d12h", "2w": "2w", "1w2d3h4m5s": "1w2d3h4m5s",
		"0": "0s", "0s": "0s", "250ms": "250ms", "1h30m": "1h30m", "1h0m5s": "1h0m5s", "-5s": "-5s", "1.5h": "1h30m",
	} {
		d, err := config.ParseDuration(text)
		if err != nil || d.String() != want {
			t.Errorf("%s is %s, %v; want %s", text, d, err, want)
		}
		if again, err := config.ParseDuration(d.String()); again != d || err != nil {
			t.Errorf("%s is read back as %s, %v", d, again, err)
		}
	}
	for _, text := range []string{"", "30", "s", "1d-1h", "1x", "d", "15142w20000h", "999999d", "1h\n"} {
		if d, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is %s", text, d)
		}
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]config.Bytes{"64MiB": 64 << 20, "1048576": 1 << 20, "0": 0, "1.5GiB": 3 << 29, "10KB": 10240} {
		b, err := config.ParseBytes(text)
		if err != nil || b != want {
			t.Errorf("%s is %d, %v", text, b, err)
		}
		if again, err := config.ParseBytes(b.String()); again != b || err != nil {
			t.Errorf("%s is read back as %s, %v", b, again, err)
		}
	}
	for _, text := range []string{"", "MiB", "64 MiB", "64mb", "99999999999999999999"} {
		if b, err := config.ParseBytes(text); err == nil {
			t.Errorf("%q is %d", text, b)
		}
	}
}

func TestPasswordIsReadAnew(t *testing.T) {
	file := filepath.Join(writeFiles(t, nil), "password")
	auth := config.Auth{PasswordFile: file}
	for content, want := range map[string]string{"a\n": "a", "b\r\n": "b", " d ": " d "} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := new(config.Keyring).Password(&auth); got != want || err != nil {
			t.Errorf("the password of %q = %q, %v", content, got, err)
		}
	}
	t.Setenv("NETCONF_EXPORTER_TEST", "e")
	auth = config.Auth{PasswordEnv: "NETCONF_EXPORTER_TEST"}
	if got, err := new(config.Keyring).Password(&auth); got != "e" || err != nil {
		t.Errorf("the password from the environment = %q, %v", got, err)
	}
	if got, err := new(config.Keyring).Password(&config.Auth{}); got != "" || err != nil {
		t.Errorf("the password of none = %q, %v", got, err)
	}
}

func TestSigner(t *testing.T) {
	dir := writeFiles(t, map[string]string{"plain": plainKey, "locked": lockedKey, "phrase": "open sesame\n", "wrong": "not it\n"})
	var keys config.Keyring
	locked := config.Auth{PrivateKeyFile: dir + "/locked", PrivateKeyPassphraseFile: dir + "/phrase"}
	for _, auth := range []config.Auth{
		{PrivateKeyFile: dir + "/plain"},
		{PrivateKeyFile: dir + "/plain", PrivateKeyPassphraseFile: dir + "/phrase"},
		locked,
	} {
		for _, k := range []*config.Keyring{&keys, nil} {
			signer, err := k.Signer(&auth)
			if err != nil || !strings.HasPrefix(signer.PublicKey().Type(), "ssh-ed25519") {
				t.Errorf("%+v: %v", auth, err)
			}
		}
	}
	if signer, err := keys.Signer(&config.Auth{}); signer != nil || err != nil {
		t.Errorf("Signer of no key = %v, %v", signer, err)
	}
	first, _ := keys.Signer(&locked)
	if second, err := keys.Signer(&locked); err != nil || second != first {
		t.Errorf("the key was opened again: %v", err)
	}
	for range 2 {
		_, err := keys.Signer(&config.Auth{PrivateKeyFile: dir + "/locked", PrivateKeyPassphraseFile: dir + "/wrong"})
		if err == nil || !strings.Contains(err.Error(), "does not open") {
			t.Errorf("a wrong passphrase gives %v", err)
		}
	}
	if err := os.WriteFile(dir+"/phrase", []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Signer(&locked); err == nil {
		t.Error("the passphrase was not read anew")
	}
}
